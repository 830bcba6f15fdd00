/*
 * Deadlines of all peers in one binary heap, ordered by peer->wake. Data keeps moving deadlines
 * back, so a peer's wake may be earlier than its first deadline, never later: waking early costs
 * one look, and the data path touches the heap only when a deadline comes nearer.
 */
#include "schedule.h"

#include "ensure.h"

static uint32_t *heap(const struct device *device)
{
	return (uint32_t *)(void *)((uint8_t *)(uintptr_t)device + device->at.heap);
}

static uint64_t wake_at(struct device *device, uint32_t position)
{
	return device_peer(device, heap(device)[position])->wake.ns;
}

static void place(struct device *device, uint32_t position, uint32_t slot)
{
	heap(device)[position] = slot;
	device_peer(device, slot)->heap_position = position + 1;
}

static void sift_up(struct device *device, uint32_t position)
{
	uint32_t slot = heap(device)[position];
	uint64_t wake = device_peer(device, slot)->wake.ns;

	while (position > 0 && wake_at(device, (position - 1) / 2) > wake) {
		place(device, position, heap(device)[(position - 1) / 2]);
		position = (position - 1) / 2;
	}
	place(device, position, slot);
}

static void sift_down(struct device *device, uint32_t position)
{
	uint32_t slot = heap(device)[position];
	uint64_t wake = device_peer(device, slot)->wake.ns;

	for (;;) {
		uint32_t child = 2 * position + 1;

		if (child >= device->heap_count)
			break;
		if (child + 1 < device->heap_count &&
			wake_at(device, child + 1) < wake_at(device, child))
			child++;
		if (wake_at(device, child) >= wake)
			break;
		place(device, position, heap(device)[child]);
		position = child;
	}
	place(device, position, slot);
}

static void leave_heap(struct device *device, struct peer *peer)
{
	uint32_t position = peer->heap_position - 1;
	uint32_t moved = heap(device)[--device->heap_count];

	peer->heap_position = 0;
	if (position == device->heap_count)
		return;
	place(device, position, moved);
	sift_up(device, position);
	sift_down(device, device_peer(device, moved)->heap_position - 1);
}

void device_reschedule(struct device *device, uint32_t slot)
{
	struct peer *peer = device_peer(device, slot);
	struct instant next = timers_next(&peer->timers);

	peer->wake = next;
	if (next.ns == INSTANT_NEVER.ns) {
		if (peer->heap_position != 0)
			leave_heap(device, peer);
		return;
	}
	if (peer->heap_position == 0) {
		ENSURE(device->heap_count < device->limits.peers_max);
		place(device, device->heap_count++, slot);
	}
	sift_up(device, peer->heap_position - 1);
	sift_down(device, peer->heap_position - 1);
}

void device_timer_event(struct device *device, uint32_t slot, enum timer_event event,
	struct instant now, uint32_t jitter)
{
	struct peer *peer = device_peer(device, slot);

	if (!device->is_up)
		return;
	timers_on(&peer->timers, event, now, jitter);
	if (timers_next(&peer->timers).ns < peer->wake.ns)
		device_reschedule(device, slot);
}

uint32_t device_first_due(const struct device *device)
{
	return device->heap_count > 0 ? heap(device)[0] : PEER_NONE;
}

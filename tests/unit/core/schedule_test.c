/* The heap of deadlines against a linear search, on random events. */
#include "duo.h"
#include "lifecycle.h"
#include "members.h"
#include "schedule.h"
#include "seeded.h"
#include "tick.h"

enum { PEERS = 37, STEPS = 30000 };

static struct device *device_with_peers(void)
{
	const struct device_limits limits = {
		.peers_max = PEERS, .prefixes_max = 1, .sources_max = 1};
	size_t size = device_size(&limits);
	void *memory = aligned_alloc(64, size);
	struct chance chance = {0};
	struct device *device;

	assert_non_null(memory);
	memset(memory, 0, size);
	device = device_init(memory, &limits, &chance);
	device_set_up(device, true, (struct instant){1});
	for (uint8_t i = 0; i < PEERS; i++) {
		const struct public_key key = {{i}};

		device_add_peer(device, &key);
	}
	return device;
}

/* The first peer's wake is the least of all, and nobody's is later than its first deadline. */
static void assert_in_order(struct device *device)
{
	uint64_t least = INSTANT_NEVER.ns;
	uint32_t waiting = 0;

	for (uint32_t slot = device->first_peer; slot != PEER_NONE;
		slot = device_peer(device, slot)->next) {
		const struct peer *peer = device_peer(device, slot);

		assert_true(peer->wake.ns <= timers_next(&peer->timers).ns);
		assert_int_equal(peer->heap_position != 0, peer->wake.ns != INSTANT_NEVER.ns);
		waiting += peer->heap_position != 0;
		least = peer->wake.ns < least ? peer->wake.ns : least;
	}
	assert_int_equal(device->heap_count, waiting);
	assert_true(tick_when(device).ns == least);
	assert_int_equal(device_first_due(device) == PEER_NONE, waiting == 0);
}

static void the_earliest_deadline_is_first(void **state)
{
	struct seeded r = seeded_start(__func__);
	struct device *device = device_with_peers();
	struct instant now = {NS_PER_S};

	(void)state;
	for (unsigned i = 0; i < STEPS; i++) {
		uint32_t slot = seeded_below(&r, PEERS);

		if (!device_peer(device, slot)->is_used) {
			const struct public_key key = {{0xff, (uint8_t)i, (uint8_t)(i >> 8)}};

			device_add_peer(device, &key);
		} else if (seeded_below(&r, 20) == 0) {
			device_remove_peer(device, slot);
		} else if (seeded_below(&r, 20) == 0) {
			device_set_persistent(device, slot, (uint16_t)seeded_below(&r, 100), now);
		} else {
			device_timer_event(device, slot,
				(enum timer_event)seeded_below(&r, TIMER_EVENTS), now,
				(uint32_t)seeded_next(&r));
		}
		now = instant_after(now, seeded_below(&r, NS_PER_S / 10));
		assert_in_order(device);
		if (seeded_below(&r, 10) == 0) {
			unsigned effects;

			tick_next(device, now, &slot, &effects);
			assert_in_order(device);
		}
	}
	device_fini(device);
	free(device);
}

/* Every deadline fires once, in order, never early. */
static void deadlines_are_taken_in_order(void **state)
{
	struct seeded r = seeded_start(__func__);
	struct device *device = device_with_peers();
	struct instant start = {NS_PER_S}, last = start;
	uint32_t slot, fired = 0;
	unsigned effects;

	(void)state;
	for (uint32_t i = 0; i < PEERS; i++)
		device_timer_event(device, i, EVENT_DATA_RECEIVED,
			instant_after(start, seeded_below(&r, UINT32_MAX)), 0);
	for (uint64_t due; (due = tick_when(device).ns) != INSTANT_NEVER.ns;) {
		assert_true(due >= last.ns);
		last.ns = due;
		assert_false(tick_next(device, (struct instant){due - 1}, &slot, &effects));
		assert_true(tick_next(device, last, &slot, &effects));
		assert_int_equal(effects, EFFECT_KEEPALIVE);
		fired++;
	}
	assert_int_equal(fired, PEERS);
	assert_false(tick_next(device, INSTANT_NEVER, &slot, &effects));
	device_fini(device);
	free(device);
}

/* Moving a deadline back costs nothing but one early look. */
static void a_deadline_that_moves_back_is_looked_at_early(void **state)
{
	struct device *device = device_with_peers();
	struct instant start = {NS_PER_S}, later = {2 * NS_PER_S};
	struct instant due = instant_after(later, 5 * NS_PER_S);
	uint32_t slot;
	unsigned effects;

	(void)state;
	device_timer_event(device, 3, EVENT_INITIATION_SENT, start, 0);
	device_timer_event(device, 3, EVENT_INITIATION_SENT, later, 0);
	assert_true(tick_when(device).ns == start.ns + 5 * NS_PER_S);
	assert_false(tick_next(device, tick_when(device), &slot, &effects));
	assert_true(tick_when(device).ns == due.ns);
	assert_true(tick_next(device, due, &slot, &effects));
	assert_int_equal(slot, 3);
	assert_int_equal(effects, EFFECT_RETRY);
	device_fini(device);
	free(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_earliest_deadline_is_first),
		cmocka_unit_test(deadlines_are_taken_in_order),
		cmocka_unit_test(a_deadline_that_moves_back_is_looked_at_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

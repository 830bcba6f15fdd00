/* What each timer does when it fires (paper, section 6). */
#include "tick.h"

#include "limits.h"
#include "members.h"
#include "schedule.h"

static void forget_source(struct peer *peer)
{
	peer->endpoint.local = (struct ip_addr){.family = IP_NONE};
	peer->endpoint.local_ifindex = 0;
}

static unsigned retransmit(struct device *device, uint32_t slot, struct instant now)
{
	struct peer *peer = device_peer(device, slot);

	if (peer->timers.retries >= HANDSHAKE_RETRIES_MAX) {
		timers_on(&peer->timers, EVENT_GIVEN_UP, now, 0);
		return EFFECT_DROP_STAGED;
	}
	peer->timers.retries++;
	forget_source(peer);
	return EFFECT_RETRY;
}

static unsigned fire(struct device *device, uint32_t slot, enum timer timer, struct instant now)
{
	switch (timer) {
	case TIMER_RETRANSMIT:
		return retransmit(device, slot, now);
	case TIMER_KEEPALIVE:
	case TIMER_PERSISTENT:
		return EFFECT_KEEPALIVE;
	case TIMER_NEW_HANDSHAKE:
		forget_source(device_peer(device, slot));
		return EFFECT_INITIATE;
	case TIMER_ZERO_KEYS:
		device_clear_keys(device, slot);
		return EFFECT_NONE;
	case TIMER_NONE:
		break;
	}
	return EFFECT_NONE;
}

bool tick_next(struct device *device, struct instant now, uint32_t *slot, unsigned *effects)
{
	while ((*slot = device_first_due(device)) != PEER_NONE) {
		struct peer *peer = device_peer(device, *slot);
		enum timer timer;

		if (!instant_reached(now, peer->wake))
			return false;
		timer = timers_take_due(&peer->timers, now);
		*effects = timer == TIMER_NONE ? EFFECT_NONE : fire(device, *slot, timer, now);
		device_reschedule(device, *slot);
		if (timer != TIMER_NONE)
			return true;
	}
	return false;
}

struct instant tick_when(const struct device *device)
{
	uint32_t slot = device_first_due(device);

	return slot == PEER_NONE ? INSTANT_NEVER : device_peer_const(device, slot)->wake;
}

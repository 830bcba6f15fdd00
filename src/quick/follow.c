/* When a name is looked up again, and what comes of it. */
#include "follow.h"

enum {
	/* A session ends 180 s after its last handshake; a working one is younger than that. */
	SESSION_MAX_S = 180,
	/* Caches count whole seconds: a second later the old record is gone from the last of them. */
	TTL_MARGIN_S = 1,
};

bool follow_works(const struct peer_settings *peer, struct wall_time wall)
{
	return (peer->has & PEER_HAS_ENDPOINT) && peer->last_handshake.sec > 0 &&
	       (int64_t)wall.sec - peer->last_handshake.sec < SESSION_MAX_S;
}

static bool has_failed(
	const struct follow *follow, const struct peer_settings *peer, struct wall_time wall)
{
	return !(peer->has & PEER_HAS_ENDPOINT) ||
	       (!follow_works(peer, wall) && peer->tx_bytes != follow->tx_bytes);
}

enum follow_cause follow_ask(struct follow *follow, const struct peer_settings *peer, bool is_round,
	const struct moment *now)
{
	bool failed = is_round && has_failed(follow, peer, now->wall);

	if (is_round)
		follow->tx_bytes = peer->tx_bytes;
	return failed                                      ? FOLLOW_FAILED
	       : instant_reached(now->at, follow->look_at) ? FOLLOW_ENDED
							   : FOLLOW_NOT;
}

void follow_note_ttl(struct follow *follow, uint32_t ttl_s, struct instant now)
{
	uint64_t held_s = ttl_s < FOLLOW_TTL_MIN_S   ? FOLLOW_TTL_MIN_S
			  : ttl_s > FOLLOW_TTL_MAX_S ? FOLLOW_TTL_MAX_S
						     : ttl_s;

	follow->look_at = instant_after(now, (held_s + TTL_MARGIN_S) * NS_PER_S);
}

void follow_note_no_record(struct follow *follow)
{
	follow->look_at = INSTANT_NEVER;
}

void follow_note_unknown(struct follow *follow, struct instant now)
{
	follow->look_at = instant_after(now, FOLLOW_RETRY_S * NS_PER_S);
}

static bool has(const struct resolved *found, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < found->count; i++)
		if (endpoint_same_remote(&found->list[i], endpoint))
			return true;
	return false;
}

/* The first of that family; else the first. */
static const struct endpoint *first_of(const struct resolved *found, uint8_t family)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].addr.family == family)
			return &found->list[i];
	return &found->list[0];
}

const struct endpoint *follow_choose(struct follow *follow, enum follow_cause cause,
	const struct resolved *found, const struct peer_settings *peer, struct wall_time wall)
{
	bool works = follow_works(peer, wall);
	const struct endpoint *choice;

	if (!(peer->has & PEER_HAS_ENDPOINT)) {
		choice = &found->list[0];
	} else if (has(found, &peer->endpoint) && (works || cause == FOLLOW_ENDED)) {
		follow->set = peer->endpoint;
		return NULL;
	} else if (works && !endpoint_same_remote(&follow->set, &peer->endpoint)) {
		return NULL;
	} else if (cause == FOLLOW_ENDED) {
		choice = first_of(found, peer->endpoint.addr.family);
	} else {
		/* The order is that of what can be reached from here now, of either family. */
		choice = &found->list[0];
	}
	follow->set = *choice;
	return (peer->has & PEER_HAS_ENDPOINT) && endpoint_same_remote(choice, &peer->endpoint)
		       ? NULL
		       : choice;
}

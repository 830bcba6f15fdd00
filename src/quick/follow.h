/*
 * Rules of the helper that sees to endpoints by name (resolver.h): when a name is looked up again,
 * and which of its addresses the peer gets then. Pure. The one above all: an address that works and
 * is not of our choosing (the peer has roamed there) stays.
 */
#ifndef CULVERT_QUICK_FOLLOW_H
#define CULVERT_QUICK_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>
#include "instant.h"
#include "resolve.h"
#include "settings.h"

enum {
	/* Limits of a time to live: a record that may not be cached is still not asked for always. */
	FOLLOW_TTL_MIN_S = 10,
	FOLLOW_TTL_MAX_S = 86400,
	/* When the resolver or DNS did not answer. */
	FOLLOW_RETRY_S = 60,
};

/* Why a name is to be looked up. */
enum follow_cause {
	FOLLOW_NOT,
	FOLLOW_ENDED,  /* its record's time to live has ended, or is not known yet */
	FOLLOW_FAILED, /* no handshake succeeds, or the peer has no endpoint at all */
};

/* What the helper knows of one peer. All zero at first: its name is looked up at once. */
struct follow {
	struct endpoint set;    /* where the name led last; family IP_NONE: not known */
	struct instant look_at; /* the record's time to live ends */
	uint64_t tx_bytes;      /* what the peer had been sent at the last round */
};

/* True when the peer's endpoint has carried a handshake that its session may still live by. */
bool follow_works(const struct peer_settings *peer, struct wall_time wall);

/*
 * is_round: failed handshakes count. They are told from a peer that nobody wants anything of by
 * what was sent to it since the last round.
 */
enum follow_cause follow_ask(struct follow *follow, const struct peer_settings *peer, bool is_round,
	const struct moment *now);

/* Notes until when an answer holds: ttl_s seconds; the name has no record; it is not known. */
void follow_note_ttl(struct follow *follow, uint32_t ttl_s, struct instant now);
void follow_note_no_record(struct follow *follow);
void follow_note_unknown(struct follow *follow, struct instant now);

/* The one of the addresses found that the peer is to get; NULL: it stays where it is. */
const struct endpoint *follow_choose(struct follow *follow, enum follow_cause cause,
	const struct resolved *found, const struct peer_settings *peer, struct wall_time wall);

#endif

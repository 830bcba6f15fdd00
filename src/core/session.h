/*
 * The three key slots of a peer (paper, sections 5.4.6 and 6.2): previous, current and next. A session
 * is one pair of transport keys with its counters; a keyring says which of a peer's three sessions
 * plays which part. Entering a new one frees others: the caller takes their indices out of the
 * table before the memory is reused.
 */
#ifndef CULVERT_CORE_SESSION_H
#define CULVERT_CORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include "instant.h"
#include "noise.h"
#include "replay.h"

enum {
	SESSIONS_PER_PEER = 3,
	SESSION_NONE = SESSIONS_PER_PEER,
};

struct session {
	struct noise_keys keys;
	uint64_t send_counter; /* the next one to use */
	struct instant born;
	uint32_t local_index, remote_index;
	bool is_present;
	bool is_initiator;
	bool may_send; /* false once the private key changed or the limit was met */
	struct replay replay;
};

/* Numbers of sessions 0..2, or SESSION_NONE. */
struct keyring {
	uint8_t previous, current, next;
};

/* Local indices of sessions that were wiped. */
struct session_freed {
	uint32_t indices[SESSIONS_PER_PEER];
	unsigned count;
};

void keyring_init(struct keyring *ring);

/*
 * A new session whose key is confirmed (we initiated and got the response): becomes current, the
 * old current previous; a young unconfirmed next becomes previous instead. Returns its number; the
 * session there has keys, birth and indices still to be set by session_begin().
 */
uint8_t keyring_add_confirmed(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct instant now, struct session_freed *freed);

/* A new session that waits for the initiator's first packet (we responded): becomes next. */
uint8_t keyring_add_unconfirmed(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct session_freed *freed);

/* Data came under next: it becomes current, current previous. */
void keyring_confirm(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct session_freed *freed);

/* Wipes all. */
void keyring_clear(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct session_freed *freed);

/* Starts a session in memory that keyring_add_* gave. */
void session_begin(struct session *session, const struct noise_keys *keys, bool is_initiator,
	uint32_t local_index, uint32_t remote_index, struct instant now);

/* True when data may still be received. */
bool session_may_receive(const struct session *session, struct instant now);

/* True when data may be sent. */
bool session_may_send(const struct session *session, struct instant now);

/*
 * Takes up to count send counters, the first in *first. 0 when the key is too old or used up
 * (it then never sends again). A counter is given out once, whatever becomes of its packet.
 */
uint32_t session_reserve(
	struct session *session, uint32_t count, struct instant now, uint64_t *first);

/* True when a sender should renew the key: many messages, or 120 s for the initiator. */
bool session_wants_rekey_on_send(const struct session *session, struct instant now);

/* True when a receiver should: the initiator, 165 s. */
bool session_wants_rekey_on_receive(const struct session *session, struct instant now);

#endif

/*
 * Every constant of the protocol, from the WireGuard paper sections 5 and 6 and, where the paper
 * leaves it open, as Linux has it; and how they hang together.
 */
#ifndef CULVERT_CORE_LIMITS_H
#define CULVERT_CORE_LIMITS_H

#include "instant.h"

/* Replay window, in packets (RFC 6479: one word of the ring is always being cleared). */
#define REPLAY_BITS   8192
#define REPLAY_WINDOW (REPLAY_BITS - 64)

/* A key is renewed after so many messages and refused after so many. */
#define REKEY_AFTER_MESSAGES  (1ULL << 60)
#define REJECT_AFTER_MESSAGES (UINT64_MAX - REPLAY_WINDOW - 1)

/* A key's life. "Expired" is an age of REJECT_AFTER_TIME_NS or more. */
#define REKEY_AFTER_TIME_NS  (120 * NS_PER_S)
#define REJECT_AFTER_TIME_NS (180 * NS_PER_S)
#define ZERO_KEYS_AFTER_NS   (3 * REJECT_AFTER_TIME_NS)

/* Handshakes: pause between tries, its jitter, and how many tries before giving up. */
#define REKEY_TIMEOUT_NS       (5 * NS_PER_S)
#define REKEY_JITTER_NS        (333 * NS_PER_MS)
#define HANDSHAKE_RETRIES_MAX  19               /* after the first initiation: 20 in all */
#define INITIATION_INTERVAL_NS (20 * NS_PER_MS) /* consumed per peer: 50 a second */

#define KEEPALIVE_TIMEOUT_NS (10 * NS_PER_S)
#define NEW_HANDSHAKE_NS     (KEEPALIVE_TIMEOUT_NS + REKEY_TIMEOUT_NS)

/* An initiator that still receives on a key of this age renews it. */
#define REKEY_ON_RECEIVE_NS (REJECT_AFTER_TIME_NS - KEEPALIVE_TIMEOUT_NS - REKEY_TIMEOUT_NS)

/* Cookies: the maker's secret lives 120 s; who got one uses it 5 s less. */
#define COOKIE_SECRET_AGE_NS (120 * NS_PER_S)
#define COOKIE_USE_NS        (COOKIE_SECRET_AGE_NS - 5 * NS_PER_S)

/* Under load from so many waiting handshake messages on, and for so long after. */
#define UNDER_LOAD_QUEUE    512
#define UNDER_LOAD_HOLD_NS  NS_PER_S
#define HANDSHAKE_QUEUE_MAX 4096

/* Per source address, under load: 20 handshake messages a second, 5 at once. */
#define RATE_COST_NS     (NS_PER_S / 20)
#define RATE_BURST       5
#define RATE_IDLE_NS     NS_PER_S
#define RATE_SOURCES_MAX 65536

/* The time in an initiation is rounded down to 2^24 ns: see tai64n.h. */
#define TIMESTAMP_STEP_NS (1U << 24)

/* Packets of one peer that wait for a key. */
#define STAGED_PACKETS_MAX 128

#define PADDING_MULTIPLE 16
#define PEERS_MAX        (1U << 20)
#define MTU_DEFAULT      1420

_Static_assert(REKEY_AFTER_MESSAGES < REJECT_AFTER_MESSAGES, "renew before refusing");
_Static_assert(REKEY_AFTER_TIME_NS < REKEY_ON_RECEIVE_NS, "senders renew first");
_Static_assert(REKEY_ON_RECEIVE_NS < REJECT_AFTER_TIME_NS, "renew before refusing");
_Static_assert(TIMESTAMP_STEP_NS < INITIATION_INTERVAL_NS, "two accepted stamps always differ");
_Static_assert(COOKIE_USE_NS < COOKIE_SECRET_AGE_NS, "a cookie in use is never too old");

#endif

/*
 * One peer: its keys, its handshake, which session plays which part, its timers, where it is and
 * what went through. Plain state; device.h keeps it, handshake.h, outbound.h, inbound.h and tick.h
 * move it. Its sessions lie beside it in the device, so that an idle peer costs little memory.
 */
#ifndef CULVERT_CORE_PEER_H
#define CULVERT_CORE_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include "addr.h"
#include "allowedips.h"
#include "cookie.h"
#include "noise.h"
#include "session.h"
#include "tai64n.h"
#include "timers.h"

#define PEER_NONE UINT32_MAX

/* Names a peer for longer than a call: the slot may be another peer's by then. */
struct peer_id {
	uint32_t slot;
	uint32_t generation;
};

enum static_static_state {
	STATIC_STATIC_UNKNOWN = 0, /* computed with the first handshake, off the data path */
	STATIC_STATIC_KNOWN,       /* all zero when the peer's key is of low order */
};

struct peer {
	uint32_t generation; /* grows with each new tenant of the slot */
	bool is_used;
	struct public_key public_key;
	struct preshared_key psk; /* all zero: none */

	enum static_static_state static_static_state;
	struct shared_secret static_static;
	struct cookie_maker cookie;

	/* Our initiation that waits for its response; the other role never rests in between. */
	bool has_handshake;
	uint32_t handshake_index;
	struct noise_handshake handshake;
	/* An initiation is being computed. */
	bool is_initiating;
	struct instant handshake_sent; /* last initiation or response; 0: none */
	struct tai64n stamp_sent;

	struct tai64n stamp_received;
	struct instant initiation_consumed; /* 0: never */

	struct keyring keyring;
	struct timers timers;
	struct instant wake;    /* when the device looks at the timers again */
	uint32_t heap_position; /* in the device's heap, plus one; 0: not in it */

	struct endpoint endpoint;
	struct allowedips_list allowed_ips;

	uint64_t sent_bytes, received_bytes;
	struct wall_time last_handshake; /* 0: never */

	/* Links by slot: peers in the order they came, and those of one bucket of the key table. */
	uint32_t previous, next, next_in_bucket;
};

#endif

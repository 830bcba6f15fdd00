/*
 * What a live upgrade sends, between processes of one machine: a header with the outer sockets, the
 * device, then each peer with its allowed IPs and the packets that wait for its key; and what is
 * remembered of each of them.
 */
#ifndef CULVERT_DAEMON_HANDOVER_WIRE_H
#define CULVERT_DAEMON_HANDOVER_WIRE_H

#include <stdint.h>
#include "addr.h"
#include "carry.h"
#include "chronicle.h"
#include "staging.h"
#include "textbuf.h"

/* Grows with any change here. */
#define HANDOVER_VERSION 2

/* Sent in one piece. */
#define HANDOVER_RUNS "runs\n"

enum {
	/* How long one waits for the other where no traffic waits. */
	HANDOVER_PATIENCE_S = 10,
	/*
	 * How long traffic waits for a new one, which has done all that is slow before: until it
	 * takes the next record, or says its word.
	 */
	HANDOVER_STEP_MS = 1000,
	/* How long the old one finishes what it has read; the rest waits in the kernel. */
	HANDOVER_DRAIN_MS = 1000,
	HANDOVER_PREFIXES = 1024, /* in one record */
	HANDOVER_RECORD_MAX = 65536,
};

#define HANDOVER_HOLDS(len) ((size_t)HANDOVER_RECORD_MAX >= (size_t)(len))
_Static_assert(HANDOVER_HOLDS(CARRY_PEER_MAX) && HANDOVER_HOLDS(CARRY_DEVICE_MAX) &&
		       HANDOVER_HOLDS(CHRONICLE_RECORD_MAX) && HANDOVER_HOLDS(STAGING_PACKET_MAX) &&
		       HANDOVER_HOLDS(HANDOVER_PREFIXES * sizeof(struct ip_prefix)),
	"a record holds each of them");
#undef HANDOVER_HOLDS

/* The new one's first request. An old one that would not say exactly this refuses. */
void handover_print_request(struct textbuf *out);

struct handover_header {
	uint64_t watchdog_ns;
	uint32_t fwmark;
	uint16_t listen_port, udp_port;
	uint8_t is_wanted_up, is_persistent;
	uint8_t has_fd4, has_fd6; /* the sockets that come with it, in this order */
	uint8_t has_gso, has_gro;
	uint8_t unused[2];
};

enum handover_record {
	HANDOVER_DEVICE = 1, /* carry_store_device() */
	HANDOVER_PEER,       /* carry_store_peer() */
	HANDOVER_IPS,        /* of the peer before: struct ip_prefix, one or more */
	HANDOVER_PACKET,     /* that waits for the peer's key */
	HANDOVER_LOG,        /* chronicle_store_device() */
	HANDOVER_PEER_LOG,   /* chronicle_store_peer(), of the peer before */
	HANDOVER_END,        /* nothing is in it, and nothing comes behind */
};

struct handover_record_head {
	uint32_t type, len;
};

#endif

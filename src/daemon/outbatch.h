/*
 * One batch of packets out: where they are read, where they are sealed and the UDP messages that
 * they become. Payload moves once, from the first place to the second, by the cipher.
 * Consecutive packets of one peer become one message in segments (UDP GSO).
 */
#ifndef CULVERT_DAEMON_OUTBATCH_H
#define CULVERT_DAEMON_OUTBATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "limits.h"
#include "outbound.h"
#include "pool.h"
#include "split.h"
#include "udp.h"
#include "wire.h"

enum {
	OUTBATCH_PACKETS = 128,
	/* No more is read once so much waits to be sealed: it is still in the cache then. */
	OUTBATCH_FULL_LEN = 64 * 1024,
	OUTBATCH_ALIGNMENT = 64,
	OUTBATCH_IN_LEN = OUTBATCH_FULL_LEN + TUN_ROOM + SPLIT_TAILROOM + OUTBATCH_ALIGNMENT,
	/* Small packets and one super-packet of segments as short as TCP ever makes them. */
	OUTBATCH_OUT_LEN = 448 * 1024,
	OUTBATCH_SUPER_LEN = 320 * 1024,
	/* The longest packet, padded and sealed: longer than UDP carries, but not than a place. */
	OUTBATCH_DATAGRAM_MAX = TUN_PACKET_MAX + PADDING_MULTIPLE + DATA_OVERHEAD,
	/* Of one super-packet, whose sealed segments are never shorter than this. */
	OUTBATCH_SUPER_MESSAGES = OUTBATCH_SUPER_LEN / 64 / UDP_SEGMENTS_MAX + 1,
	OUTBATCH_MESSAGES = OUTBATCH_PACKETS + OUTBATCH_SUPER_MESSAGES,
};

/* One UDP message: one datagram, or several of one length (the last may be shorter). */
struct outmessage {
	struct peer_id peer;
	bool has_peer; /* else a cookie reply */
	bool is_closed;
	bool is_sent; /* ahead of the loop, which has not counted it yet */
	uint8_t ds;
	uint16_t segment_len, segments;
	struct endpoint to;
	struct iovec piece;
};

struct outpacket {
	struct split split;
	struct outbound_grant grant;
};

enum outbatch_state { OUTBATCH_GATHERED, OUTBATCH_SEALED, OUTBATCH_SENT };

struct outflight;

struct outbatch {
	struct pool_job job; /* first, so that the pool's pointer is ours too */
	struct outflight *flight;
	_Atomic(enum outbatch_state) state; /* of one that is under way */
	bool may_go_ahead;                  /* a thread of the pool may send it */
	struct udp_pair udp;                /* by these */
	bool has_gone_ahead;                /* some messages may be sent */
	uint8_t *in, *out;
	size_t in_len, out_len;
	/* What the packets that wait to be sealed will take of out and of messages, at most. */
	size_t planned_len;
	unsigned planned_messages;
	size_t mtu;
	unsigned packets_count, messages_count;
	struct outpacket packets[OUTBATCH_PACKETS];
	struct outmessage messages[OUTBATCH_MESSAGES];
};

/* in and out: memory of the lengths above, OUTBATCH_ALIGNMENT aligned. */
void outbatch_init(struct outbatch *batch, uint8_t *in, uint8_t *out);

/* Empty, for packets of an interface with this MTU. */
void outbatch_reset(struct outbatch *batch, size_t mtu);

/* True when no more packets should be added: one of the longest might not fit, sealed. */
bool outbatch_is_full(const struct outbatch *batch);

/* Where the next packet may be read: TUN_ROOM bytes. */
uint8_t *outbatch_place(const struct outbatch *batch);

/* True when the split's segments, sealed, fit a batch that is not full; most super-packets do. */
bool outbatch_fits(const struct split *split);

/*
 * What comes next: fill in the split of what was read at outbatch_place() and a grant with a
 * counter for each of its segments, then outbatch_commit(). Not committed, it was not there.
 */
struct outpacket *outbatch_next(struct outbatch *batch);
void outbatch_commit(struct outbatch *batch);

/* Adds an empty data message, sealed at once; false: no room. */
bool outbatch_add_keepalive(
	struct outbatch *batch, struct bulk_engine *engine, const struct outbound_grant *grant);

/* Adds a copy of a handshake message or cookie reply; peer may be NULL. false: no room. */
bool outbatch_add_datagram(struct outbatch *batch, const struct peer_id *peer,
	const struct endpoint *to, const void *bytes, size_t len, uint8_t ds);

/* True when one more datagram of len bytes surely fits. */
bool outbatch_has_room(const struct outbatch *batch, size_t len);

/* Seals all packets into messages and wipes their keys; any thread. */
void outbatch_seal(struct outbatch *batch, struct bulk_engine *engine);

#endif

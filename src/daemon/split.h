/*
 * A packet from the TUN device into packets for the wire: a super-packet (TSO, USO) is cut into
 * segments, each with its own headers, lengths and checksums; any other packet is one segment whose
 * unfinished checksum is finished. No payload is copied: a segment's headers are written over the
 * end of the segment before it, so each must be done with before the next is asked for.
 */
#ifndef CULVERT_DAEMON_SPLIT_H
#define CULVERT_DAEMON_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tun.h"

enum {
	/* IP and transport headers that a super-packet may have, with options and extensions. */
	SPLIT_HEADER_MAX = 256,
	/* Room that the caller leaves behind the packet, for padding. */
	SPLIT_TAILROOM = 16,
};

struct split {
	uint8_t *packet;
	size_t len;
	uint32_t count; /* segments in all, at least 1 */
	uint32_t next;  /* number of the next one */
	bool is_super;
	uint8_t protocol;    /* IPPROTO_TCP or IPPROTO_UDP; this and the next two when is_super */
	uint16_t ip_len;     /* bytes before the transport header */
	uint16_t header_len; /* bytes before the payload */
	uint16_t gso_size;   /* payload bytes of each segment but the last; 0 when not is_super */
	uint16_t first_id;   /* IPv4's */
	/* As they came, but for what differs from segment to segment; split.c's. */
	uint8_t headers[SPLIT_HEADER_MAX];
	/* What the padding of the segment before covered. */
	uint8_t covered[SPLIT_TAILROOM];
	size_t covered_at, covered_len;
};

/*
 * Looks at a packet of len bytes that has SPLIT_TAILROOM bytes behind it. Everything is checked
 * against len, nothing in header is believed. False: header and packet do not agree, drop it.
 */
__attribute__((warn_unused_result)) bool split_begin(
	struct split *split, const struct tun_header *header, uint8_t *packet, size_t len);

/* The length of segment i, 0 <= i < count: all but the last have the same. */
size_t split_segment_len(const struct split *split, uint32_t i);

/*
 * The next segment, finished, with zeros behind it up to padded_len (at most SPLIT_TAILROOM - 1
 * more than split_segment_len()). Valid until the next call.
 */
uint8_t *split_next(struct split *split, size_t padded_len);

#endif

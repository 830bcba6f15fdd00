/*
 * Decrypted packets into as few writes to the TUN device as may be: consecutive TCP segments or
 * UDP datagrams of one flow become one super-packet, by the rules of Linux' GRO, without copying:
 * a group is the first packet with its headers mended and the others' payloads. Order within a
 * flow is kept; groups are written in the order of their first packets.
 */
#ifndef CULVERT_DAEMON_COALESCE_H
#define CULVERT_DAEMON_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include "tun.h"

enum {
	COALESCE_GROUPS_MAX = 64,
	/* Of one group; Linux before 6.9 takes no more datagrams in one write. */
	COALESCE_PACKETS_MAX = 64,
	/* pieces[0] is the TUN header's place. */
	COALESCE_PIECES_MAX = 1 + COALESCE_PACKETS_MAX,
};

struct coalesce_group {
	struct tun_header header;
	struct iovec pieces[COALESCE_PIECES_MAX];
	int count;
	size_t len; /* of the packet that pieces[1..] make */
	/* The first packet, and how its flow goes on; coalesce.c's. */
	uint8_t protocol;
	bool is_verified; /* the first packet's checksums are right */
	bool has_fixed_id;
	uint16_t ip_len, header_len, segment_len;
	uint32_t next_sequence;
};

struct coalescer {
	unsigned offloads; /* enum tun_offload that writes may use: TSO4, TSO6, USO */
	unsigned count;
	unsigned latest; /* the group that was added to last */
	/* Hashes of the open groups' flows, 0 for closed ones: apart, so that a search is short. */
	uint64_t flows[COALESCE_GROUPS_MAX];
	struct coalesce_group groups[COALESCE_GROUPS_MAX];
};

/* offloads: 0 makes each packet a group of its own. */
void coalesce_init(struct coalescer *coalescer, unsigned offloads);

/*
 * Adds a packet that ip_parse() accepted; it stays in place until the groups are written. False:
 * there is no room, write the groups first (coalesce_reset() after) and add it again.
 */
__attribute__((warn_unused_result)) bool coalesce_add(
	struct coalescer *coalescer, uint8_t *packet, size_t len);

/*
 * Finishes the headers of group i: lengths, checksum as the kernel wants it with
 * TUN_NEEDS_CHECKSUM, gso type and size. A group of one packet is left as it came.
 */
void coalesce_finish(struct coalescer *coalescer, unsigned i);

/* Empty again. */
void coalesce_reset(struct coalescer *coalescer);

#endif

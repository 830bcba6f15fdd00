/*
 * Packets that wait for a key: a queue a peer, STAGED_PACKETS_MAX long, over one pool of blocks of
 * fixed size. A full queue, or an empty pool, costs the peer's own oldest packet. A peer that has
 * none waiting can still be refused: the pool is not taken from others.
 */
#ifndef CULVERT_DAEMON_STAGING_H
#define CULVERT_DAEMON_STAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STAGING_BLOCK_LEN = 1024,
	STAGING_BLOCKS = 2048,
	/* No packet is longer; a segment is never longer than the largest MTU. */
	STAGING_PACKET_MAX = 65535,
};

struct staging;

/* Bytes for queues of peers_max peers. */
size_t staging_size(uint32_t peers_max);

/* memory: staging_size() zeroed bytes. */
struct staging *staging_init(void *memory, uint32_t peers_max);

/* Puts a copy of the packet behind the peer's others; returns how many packets were lost for it. */
unsigned staging_push(struct staging *staging, uint32_t slot, const uint8_t *packet, size_t len);

/* Takes the peer's oldest into packet (STAGING_PACKET_MAX bytes); 0: none waits. */
size_t staging_pop(struct staging *staging, uint32_t slot, uint8_t *packet);

/*
 * Copies the packet behind the one of the last call into packet; *cursor is 0 at first. 0: there is
 * no more. Nothing is taken.
 */
size_t staging_peek(
	const struct staging *staging, uint32_t slot, uint32_t *cursor, uint8_t *packet);

bool staging_has(const struct staging *staging, uint32_t slot);

/* Forgets all of the peer's packets; returns how many. */
unsigned staging_drop(struct staging *staging, uint32_t slot);

#endif

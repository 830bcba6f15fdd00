/*
 * The pool of blocks and the queues over it. A packet is a chain of blocks, a queue a chain of
 * packets by their first blocks; links are numbers plus one, so that zeroed memory is empty.
 */
#include "staging.h"

#include <string.h>
#include "ensure.h"
#include "limits.h"
#include "wipe.h"

struct block {
	uint32_t next;        /* of this packet, or of the free list */
	uint32_t next_packet; /* first block of the packet behind; in first blocks only */
	uint32_t len;         /* of the packet; in first blocks only */
	uint8_t bytes[STAGING_BLOCK_LEN - 3 * sizeof(uint32_t)];
};

struct queue {
	uint32_t first, last;
	uint32_t count;
};

struct staging {
	uint32_t peers_max;
	uint32_t free, unused; /* free list; blocks never used yet start here */
	uint32_t free_count;
	struct block blocks[STAGING_BLOCKS];
	struct queue queues[];
};

size_t staging_size(uint32_t peers_max)
{
	return sizeof(struct staging) + peers_max * sizeof(struct queue);
}

struct staging *staging_init(void *memory, uint32_t peers_max)
{
	struct staging *staging = memory;

	staging->peers_max = peers_max;
	staging->free_count = STAGING_BLOCKS;
	return staging;
}

static struct block *block(struct staging *staging, uint32_t link)
{
	ENSURE(link >= 1 && link <= STAGING_BLOCKS);
	return &staging->blocks[link - 1];
}

static struct queue *queue(struct staging *staging, uint32_t slot)
{
	ENSURE(slot < staging->peers_max);
	return &staging->queues[slot];
}

static uint32_t take_block(struct staging *staging)
{
	uint32_t link = staging->free;

	staging->free_count--;
	if (link == 0)
		return ++staging->unused;
	staging->free = block(staging, link)->next;
	return link;
}

static void give_packet_back(struct staging *staging, uint32_t link)
{
	while (link != 0) {
		struct block *b = block(staging, link);
		uint32_t next = b->next;

		wipe(b->bytes, sizeof(b->bytes));
		b->next = staging->free;
		staging->free = link;
		staging->free_count++;
		link = next;
	}
}

static void drop_oldest(struct staging *staging, struct queue *q)
{
	uint32_t link = q->first;

	q->first = block(staging, link)->next_packet;
	if (q->first == 0)
		q->last = 0;
	q->count--;
	give_packet_back(staging, link);
}

static uint32_t store(struct staging *staging, const uint8_t *packet, size_t len)
{
	uint32_t first = 0, *link = &first;

	for (size_t done = 0; done < len;) {
		size_t part = len - done;
		struct block *b;

		*link = take_block(staging);
		b = block(staging, *link);
		if (part > sizeof(b->bytes))
			part = sizeof(b->bytes);
		memcpy(b->bytes, packet + done, part);
		b->next = 0;
		link = &b->next;
		done += part;
	}
	block(staging, first)->next_packet = 0;
	block(staging, first)->len = (uint32_t)len;
	return first;
}

unsigned staging_push(struct staging *staging, uint32_t slot, const uint8_t *packet, size_t len)
{
	struct queue *q = queue(staging, slot);
	size_t part = sizeof(staging->blocks[0].bytes);
	uint32_t needed = (uint32_t)((len + part - 1) / part);
	uint32_t first;
	unsigned lost = 0;

	ENSURE(len > 0 && len <= STAGING_PACKET_MAX);
	while (q->count > 0 && (q->count >= STAGED_PACKETS_MAX || staging->free_count < needed)) {
		drop_oldest(staging, q);
		lost++;
	}
	if (staging->free_count < needed)
		return lost + 1;
	first = store(staging, packet, len);
	if (q->last != 0)
		block(staging, q->last)->next_packet = first;
	else
		q->first = first;
	q->last = first;
	q->count++;
	return lost;
}

/* Copies the packet of which this is the first block. */
static size_t load(const struct staging *staging, uint32_t link, uint8_t *packet)
{
	size_t len = staging->blocks[link - 1].len, done = 0;

	for (; link != 0; link = staging->blocks[link - 1].next) {
		size_t part = len - done;

		if (part > sizeof(staging->blocks[0].bytes))
			part = sizeof(staging->blocks[0].bytes);
		memcpy(packet + done, staging->blocks[link - 1].bytes, part);
		done += part;
	}
	return len;
}

size_t staging_pop(struct staging *staging, uint32_t slot, uint8_t *packet)
{
	struct queue *q = queue(staging, slot);
	size_t len;

	if (q->count == 0)
		return 0;
	len = load(staging, q->first, packet);
	drop_oldest(staging, q);
	return len;
}

size_t staging_peek(const struct staging *staging, uint32_t slot, uint32_t *cursor, uint8_t *packet)
{
	ENSURE(slot < staging->peers_max && *cursor <= STAGING_BLOCKS);
	*cursor = *cursor ? staging->blocks[*cursor - 1].next_packet : staging->queues[slot].first;
	return *cursor ? load(staging, *cursor, packet) : 0;
}

bool staging_has(const struct staging *staging, uint32_t slot)
{
	ENSURE(slot < staging->peers_max);
	return staging->queues[slot].count > 0;
}

unsigned staging_drop(struct staging *staging, uint32_t slot)
{
	struct queue *q = queue(staging, slot);
	unsigned count = q->count;

	while (q->count > 0)
		drop_oldest(staging, q);
	return count;
}

/*
 * The table of session indices: from the receiver index of a datagram to the peer and slot that
 * it belongs to. Indices are random, chosen here, never the same twice at a time.
 */
#ifndef CULVERT_CORE_INDEX_H
#define CULVERT_CORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an index stands for. One handshake and three keypairs a peer at most. */
enum index_slot {
	INDEX_HANDSHAKE,
	INDEX_SESSION_0,
	INDEX_SESSION_1,
	INDEX_SESSION_2,
};

struct index_entry {
	uint32_t peer; /* slot of the peer in the device */
	uint8_t slot;  /* enum index_slot */
};

struct index_table;

/* Bytes for entries_max entries at once. */
size_t index_size(uint32_t entries_max);

/* memory: index_size() zeroed bytes, 8-byte aligned. */
struct index_table *index_init(void *memory, uint32_t entries_max);

/*
 * Enters the index. False when it is taken: draw another. The caller never enters more than
 * entries_max. Index 0 is as good as any other.
 */
__attribute__((warn_unused_result)) bool index_insert(
	struct index_table *table, uint32_t index, struct index_entry entry);

/* True when the index is known; *entry says whose. */
bool index_lookup(const struct index_table *table, uint32_t index, struct index_entry *entry);

/* Changes what an index that is in the table stands for. */
void index_replace(struct index_table *table, uint32_t index, struct index_entry entry);

/* Takes an index that is in the table out. */
void index_remove(struct index_table *table, uint32_t index);

#endif

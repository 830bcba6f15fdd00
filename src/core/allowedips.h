/*
 * The cryptokey routing table: prefixes of both families, each owned by one peer; the longest
 * prefix that holds an address names the peer. A path-compressed binary trie a family, in memory
 * that the caller gave: links are numbers, so the block may move or be mapped elsewhere.
 */
#ifndef CULVERT_CORE_ALLOWEDIPS_H
#define CULVERT_CORE_ALLOWEDIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

/* No peer, no node. */
#define ALLOWEDIPS_NONE UINT32_MAX

struct allowedips;

/*
 * Each owner's prefixes form a list in the order in which they were inserted; the caller keeps
 * the two ends, in the owner's own record. Start with ALLOWEDIPS_LIST_INIT.
 */
struct allowedips_list {
	uint32_t first, last;
	uint32_t count;
};

#define ALLOWEDIPS_LIST_INIT ((struct allowedips_list){ALLOWEDIPS_NONE, ALLOWEDIPS_NONE, 0})

/* Bytes for prefixes_max prefixes (each needs up to two nodes). */
size_t allowedips_size(uint32_t prefixes_max);

/* memory: allowedips_size() zeroed bytes, 8-byte aligned; pages not yet needed stay untouched. */
struct allowedips *allowedips_init(void *memory, uint32_t prefixes_max);

/* How many prefixes there are. */
uint32_t allowedips_count(const struct allowedips *table);

/* How many more prefixes will surely fit. */
uint32_t allowedips_room(const struct allowedips *table);

/* The owner of exactly this prefix, or ALLOWEDIPS_NONE; host bits are ignored. */
uint32_t allowedips_find(const struct allowedips *table, const struct ip_prefix *prefix);

/*
 * Gives prefix to owner (host bits are masked), at the end of its list. When another owner has
 * it, remove it there first: allowedips_find() and allowedips_remove(). When owner itself has it,
 * it moves to the end of the list. False, nothing changed, when the memory is full.
 */
__attribute__((warn_unused_result)) bool allowedips_insert(struct allowedips *table,
	const struct ip_prefix *prefix, uint32_t owner, struct allowedips_list *list);

/* Takes exactly this prefix from owner; false when owner does not have it. */
bool allowedips_remove(struct allowedips *table, const struct ip_prefix *prefix, uint32_t owner,
	struct allowedips_list *list);

/* Takes all of owner's prefixes; list is empty after. Time is linear in their number. */
void allowedips_remove_all(struct allowedips *table, struct allowedips_list *list);

/* The owner of the longest prefix that holds the address, or ALLOWEDIPS_NONE. */
uint32_t allowedips_lookup_v4(const struct allowedips *table, const uint8_t addr[4]);
uint32_t allowedips_lookup_v6(const struct allowedips *table, const uint8_t addr[16]);

/*
 * Walks a list: start with cursor = list->first; gives the prefix there and returns the next
 * cursor, ALLOWEDIPS_NONE after the last. The cursor must not be ALLOWEDIPS_NONE.
 */
uint32_t allowedips_next(const struct allowedips *table, uint32_t cursor, struct ip_prefix *prefix);

#endif

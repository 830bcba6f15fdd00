/* What both tests of the routing trie need: it with its owners' lists, and looking at them. */
#ifndef CULVERT_TESTS_ALLOWEDIPS_FIXTURE_H
#define CULVERT_TESTS_ALLOWEDIPS_FIXTURE_H

#include "unit.h"
#include "allowedips.h"

static inline struct allowedips *table_create(uint32_t prefixes_max)
{
	return allowedips_init(test_calloc(1, allowedips_size(prefixes_max)), prefixes_max);
}

static inline uint32_t lookup(const struct allowedips *table, const struct ip_addr *addr)
{
	return addr->family == IP_V4 ? allowedips_lookup_v4(table, addr->b)
				     : allowedips_lookup_v6(table, addr->b);
}

static inline bool prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return ip_addr_equal(&a->addr, &b->addr) && a->bits == b->bits;
}

/* Inserts as the device does: another owner loses the prefix first. */
static inline bool insert(struct allowedips *table, struct allowedips_list *lists,
	const struct ip_prefix *prefix, uint32_t owner)
{
	uint32_t before = allowedips_find(table, prefix);

	if (before != ALLOWEDIPS_NONE && before != owner)
		assert_true(allowedips_remove(table, prefix, before, &lists[before]));
	return allowedips_insert(table, prefix, owner, &lists[owner]);
}

static inline void assert_list(const struct allowedips *table, const struct allowedips_list *list,
	const struct ip_prefix *prefixes, uint32_t n)
{
	uint32_t cursor = list->first, last = ALLOWEDIPS_NONE;

	assert_int_equal(list->count, n);
	for (uint32_t i = 0; i < n; i++) {
		struct ip_prefix found;

		assert_int_not_equal(cursor, ALLOWEDIPS_NONE);
		last = cursor;
		cursor = allowedips_next(table, cursor, &found);
		assert_true(prefix_equal(&found, &prefixes[i]));
	}
	assert_int_equal(cursor, ALLOWEDIPS_NONE);
	assert_int_equal(list->last, last);
}

#endif

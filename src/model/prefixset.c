/* Prefixes halve into prefixes, so every difference is a list of siblings along one path. */
#include "prefixset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void prefix_set_fini(struct prefix_set *set)
{
	free(set->list);
	*set = (struct prefix_set){0};
}

/* True when every address of b is one of a. */
static bool contains(const struct ip_prefix *a, const struct ip_prefix *b)
{
	struct ip_prefix masked = {b->addr, a->bits};

	if (a->addr.family != b->addr.family || a->bits > b->bits)
		return false;
	prefix_mask(&masked);
	return ip_addr_equal(&masked.addr, &a->addr);
}

/* The other half of the prefix one bit shorter. bits is not 0. */
static struct ip_prefix sibling_of(const struct ip_prefix *prefix)
{
	struct ip_prefix sibling = *prefix;
	unsigned bit = prefix->bits - 1u;

	sibling.addr.b[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
	return sibling;
}

static int append(struct prefix_set *set, const struct ip_prefix *prefix)
{
	size_t room = set->room ? 2 * set->room : 16;
	struct ip_prefix *list;

	if (set->count == set->room) {
		list = reallocarray(set->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		set->list = list;
		set->room = room;
	}
	set->list[set->count++] = *prefix;
	return 0;
}

/* What is left of `whole` without `part`, which it contains: a sibling for each bit between. */
static int append_rest(
	struct prefix_set *set, const struct ip_prefix *whole, const struct ip_prefix *part)
{
	struct ip_prefix path = *part;
	int err = 0;

	while (!err && path.bits > whole->bits) {
		struct ip_prefix sibling = sibling_of(&path);

		err = append(set, &sibling);
		path.bits--;
		prefix_mask(&path);
	}
	return err;
}

static int by_address(const void *left, const void *right)
{
	const struct ip_prefix *a = left, *b = right;
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return order ? order : (a->bits > b->bits) - (a->bits < b->bits);
}

/* Sorts, and joins siblings until none stand side by side. */
static void tidy(struct prefix_set *set)
{
	size_t kept = 0;

	if (set->count)
		qsort(set->list, set->count, sizeof(*set->list), by_address);
	for (size_t i = 0; i < set->count; i++) {
		set->list[kept++] = set->list[i];
		while (kept >= 2 && set->list[kept - 1].bits) {
			struct ip_prefix *lower = &set->list[kept - 2];
			struct ip_prefix sibling = sibling_of(&set->list[kept - 1]);

			if (lower->bits != sibling.bits ||
				!ip_addr_equal(&lower->addr, &sibling.addr))
				break;
			lower->bits--;
			prefix_mask(lower);
			kept--;
		}
	}
	set->count = kept;
}

/* A new set in the place of the old, or the old one kept. */
static int replace(struct prefix_set *set, struct prefix_set *with, int err)
{
	if (err) {
		prefix_set_fini(with);
		return err;
	}
	prefix_set_fini(set);
	*set = *with;
	tidy(set);
	return 0;
}

/* set without prefix, untidied, into rest. */
static int subtract_into(
	const struct prefix_set *set, const struct ip_prefix *prefix, struct prefix_set *rest)
{
	int err = 0;

	for (size_t i = 0; !err && i < set->count; i++) {
		const struct ip_prefix *one = &set->list[i];

		if (contains(prefix, one))
			continue;
		err = contains(one, prefix) ? append_rest(rest, one, prefix) : append(rest, one);
	}
	return err;
}

int prefix_set_subtract(struct prefix_set *set, const struct ip_prefix *prefix)
{
	struct prefix_set rest = {0};

	return replace(set, &rest, subtract_into(set, prefix, &rest));
}

int prefix_set_add(struct prefix_set *set, const struct ip_prefix *prefix)
{
	struct prefix_set sum = {0};
	int err = subtract_into(set, prefix, &sum);

	if (!err)
		err = append(&sum, prefix);
	return replace(set, &sum, err);
}

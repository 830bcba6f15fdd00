/*
 * Sets of addresses as prefixes: union and difference, kept as the shortest sorted list. For
 * "0.0.0.0/0 but not 10.0.0.0/8".
 */
#ifndef CULVERT_MODEL_PREFIXSET_H
#define CULVERT_MODEL_PREFIXSET_H

#include <stddef.h>
#include "addr.h"

/* All zero is the empty set. The list is disjoint, sorted by family and address. */
struct prefix_set {
	struct ip_prefix *list;
	size_t count, room;
};

void prefix_set_fini(struct prefix_set *set);

/* prefix must be masked. 0 or -ENOMEM, with the set as it was. */
__attribute__((warn_unused_result)) int prefix_set_add(
	struct prefix_set *set, const struct ip_prefix *prefix);
__attribute__((warn_unused_result)) int prefix_set_subtract(
	struct prefix_set *set, const struct ip_prefix *prefix);

#endif

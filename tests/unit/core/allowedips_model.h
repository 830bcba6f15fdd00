/* What a routing table is, written for the eye: a list that is searched from end to end. */
#ifndef CULVERT_TESTS_ALLOWEDIPS_MODEL_H
#define CULVERT_TESTS_ALLOWEDIPS_MODEL_H

#include "allowedips_fixture.h"

/* The model: routes in the order of insertion; a lookup reads them all. */
enum { MODEL_MAX = 400 };

struct model {
	uint32_t count;
	struct {
		struct ip_prefix prefix;
		uint32_t owner;
	} routes[MODEL_MAX];
};

static inline bool prefix_holds(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
	uint32_t whole = prefix->bits / 8, rest = prefix->bits % 8;

	return prefix->addr.family == addr->family && memcmp(prefix->addr.b, addr->b, whole) == 0 &&
	       (rest == 0 || (prefix->addr.b[whole] ^ addr->b[whole]) >> (8 - rest) == 0);
}

static inline uint32_t model_lookup(const struct model *m, const struct ip_addr *addr)
{
	uint32_t owner = ALLOWEDIPS_NONE;
	int bits = -1;

	for (uint32_t i = 0; i < m->count; i++) {
		if (m->routes[i].prefix.bits > bits && prefix_holds(&m->routes[i].prefix, addr)) {
			bits = m->routes[i].prefix.bits;
			owner = m->routes[i].owner;
		}
	}
	return owner;
}

/* Takes out what is exactly this prefix, or all of an owner when prefix is NULL. */
static inline uint32_t model_remove(struct model *m, const struct ip_prefix *prefix, uint32_t owner)
{
	uint32_t kept = 0, removed = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		bool hit = prefix != NULL ? prefix_equal(&m->routes[i].prefix, prefix) : true;

		if (hit && (owner == ALLOWEDIPS_NONE || m->routes[i].owner == owner))
			removed++;
		else
			m->routes[kept++] = m->routes[i];
	}
	m->count = kept;
	return removed;
}

static inline void model_insert(struct model *m, const struct ip_prefix *prefix, uint32_t owner)
{
	model_remove(m, prefix, ALLOWEDIPS_NONE);
	m->routes[m->count].prefix = *prefix;
	m->routes[m->count++].owner = owner;
}

#endif

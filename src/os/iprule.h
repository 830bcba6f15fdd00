/*
 * Policy rules: which table is asked for which packet. Only what full tunnels need is told apart
 * (mark, table, suppressed prefix length); any other selector makes a rule `is_plain` false, and
 * such a rule is never ours. Every function returns 0 or -errno.
 */
#ifndef CULVERT_OS_IPRULE_H
#define CULVERT_OS_IPRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rtnl.h"

enum { IPRULE_NO_SUPPRESS = -1 };

struct iprule {
	uint8_t family; /* enum ip_family */
	bool is_plain;  /* nothing selects but mark and inversion; goes to a table */
	bool is_not;    /* matches what does not match */
	bool has_mark;
	uint32_t priority;
	uint32_t mark;
	uint32_t table;
	int32_t suppress_prefixlen; /* IPRULE_NO_SUPPRESS: none */
};

/* All rules in *rules, in order of priority a family; to be freed by the caller. */
int iprule_list(struct rtnl *rtnl, struct iprule **rules, size_t *count);

int iprule_add(struct rtnl *rtnl, const struct iprule *rule);
int iprule_delete(struct rtnl *rtnl, const struct iprule *rule);

#endif

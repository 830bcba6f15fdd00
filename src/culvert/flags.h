/*
 * Options of a subcommand: --name, --name VALUE or --name=VALUE, before, between or behind its other
 * words; "--" ends them.
 */
#ifndef CULVERT_CULVERT_FLAGS_H
#define CULVERT_CULVERT_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "subcommand.h"

/* Exactly one of the places is set; what they point to keeps its value when the option is not there. */
struct flag {
	const char *name;  /* "--json" */
	bool *is_set;      /* an option without value */
	const char **text; /* the value as it is */
	uint64_t *number;  /* decimal, from min to max */
	uint64_t min, max;
};

/* Takes the options out of the call's words. False: one is wrong, which has been said. */
bool flags_take(struct invocation *call, const struct flag *flags, size_t count);

/* True when there are min to max words behind the subcommand's own; else says so. */
bool flags_count_words(const struct invocation *call, int min, int max);

#endif

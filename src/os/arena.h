/*
 * Large zeroed memory whose pages cost nothing until they are touched: what the core's tables are
 * given. It stays out of core dumps.
 */
#ifndef CULVERT_OS_ARENA_H
#define CULVERT_OS_ARENA_H

#include <stddef.h>

enum arena_flag {
	ARENA_PRIVATE = 1 << 0, /* a forked child does not see the contents */
	ARENA_LOCKED = 1 << 1,  /* touched pages never go to swap, as far as RLIMIT_MEMLOCK lets */
};

struct arena {
	void *base; /* page-aligned; NULL: none */
	size_t len;
	unsigned flags; /* enum arena_flag: what was got */
};

/*
 * len > 0 is rounded up to pages. Where the system refuses to promise so much private memory
 * (vm.overcommit_memory = 2), a memory file takes its place, which is charged page by page as
 * well. A flag that cannot be had is left out of arena->flags and is no error.
 */
int arena_reserve(struct arena *arena, size_t len, unsigned flags);

/* Zeroes what was touched, in time for that much: its owner's part where it holds secrets. */
void arena_wipe(struct arena *arena);

/* Gives it back as it is. */
void arena_release(struct arena *arena);

#endif

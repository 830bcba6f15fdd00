/* Large zeroed memory, by mmap(). */
#include "arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include "wipe.h"

static void *map_private(size_t len);
static void *map_file(size_t len);
static int keep_from_children(void *base, size_t len, bool is_private);

int arena_reserve(struct arena *arena, size_t len, unsigned flags)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	bool is_private = true;
	void *base;

	*arena = (struct arena){0};
	if (len == 0 || len > SIZE_MAX - page)
		return -EINVAL;
	len = (len + page - 1) / page * page;
	base = map_private(len);
	if (base == MAP_FAILED) {
		is_private = false;
		base = map_file(len);
	}
	if (base == MAP_FAILED)
		return -ENOMEM;
	/* Best effort, all of these. Huge pages would fill in what sparse tables never touch. */
	madvise(base, len, MADV_DONTDUMP);
	madvise(base, len, MADV_NOHUGEPAGE);
	*arena = (struct arena){.base = base, .len = len};
	if (flags & ARENA_PRIVATE && keep_from_children(base, len, is_private) == 0)
		arena->flags |= ARENA_PRIVATE;
	if (flags & ARENA_LOCKED && mlock2(base, len, MLOCK_ONFAULT) == 0)
		arena->flags |= ARENA_LOCKED;
	return 0;
}

/* What is not in memory holds nothing, or is in a swap file, where zeroes would not follow it. */
void arena_wipe(struct arena *arena)
{
	enum { PAGES = 1024 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE), left = arena->len / page;
	unsigned char in_memory[PAGES];
	uint8_t *at = arena->base;

	while (left > 0) {
		size_t count = left < PAGES ? left : PAGES;
		bool is_told = mincore(at, count * page, in_memory) == 0;

		for (size_t i = 0; i < count; i++)
			if (!is_told || in_memory[i] & 1)
				wipe(at + i * page, page);
		at += count * page;
		left -= count;
	}
}

void arena_release(struct arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->len);
	*arena = (struct arena){0};
}

static void *map_private(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
}

/* A shared mapping is not charged when made, whatever the overcommit mode; its pages are. */
static void *map_file(size_t len)
{
	void *base = MAP_FAILED;
	int fd = memfd_create("arena", MFD_CLOEXEC);

	if (fd < 0)
		return MAP_FAILED;
	if (ftruncate(fd, (off_t)len) == 0)
		base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return base;
}

static int keep_from_children(void *base, size_t len, bool is_private)
{
	return madvise(base, len, is_private ? MADV_WIPEONFORK : MADV_DONTFORK);
}

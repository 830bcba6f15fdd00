/* Memory as a device gets it: a mapping that nobody touched; and how much of it was touched since. */
#ifndef CULVERT_TESTS_MAPPED_H
#define CULVERT_TESTS_MAPPED_H

#include "unit.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static inline void *mapped_create(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	/* Fails where the kernel has no huge pages: then there is nothing to forbid. */
	(void)madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

static inline size_t mapped_pages(void *memory, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t count = (size + page - 1) / page, touched = 0;
	unsigned char *in_core = calloc(count, 1);

	assert_non_null(in_core);
	assert_int_equal(mincore(memory, size, in_core), 0);
	for (size_t i = 0; i < count; i++)
		touched += in_core[i] & 1;
	free(in_core);
	return touched;
}

static inline void mapped_destroy(void *memory, size_t size)
{
	assert_int_equal(munmap(memory, size), 0);
}

#endif

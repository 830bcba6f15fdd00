/*
 * Random bytes from the kernel; there is no other source.
 */
#ifndef CULVERT_OS_ENTROPY_H
#define CULVERT_OS_ENTROPY_H

#include <stddef.h>

/* Fills len bytes; waits until the kernel's generator is seeded; does not fail. */
void entropy_fill(void *buffer, size_t len);

#endif

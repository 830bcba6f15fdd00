/*
 * Secrets: their end, and comparing them in a time that does not depend on their bytes.
 */
#ifndef CULVERT_BASE_WIPE_H
#define CULVERT_BASE_WIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroes len bytes at secret; no compiler takes it out. */
void wipe(void *secret, size_t len);

/*
 * Overwrites the 4 KiB of stack below the caller: where functions of a library that have returned
 * may have left secrets.
 */
void wipe_stack(void);

/* True when the len bytes at a and b are the same; constant time in their values. */
bool bytes_equal_ct(const void *a, const void *b, size_t len);

/* True when all len bytes at a are zero; constant time in their values. */
bool bytes_zero_ct(const void *a, size_t len);

#endif

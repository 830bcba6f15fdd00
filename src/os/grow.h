/* Arrays that grow while something is read whose number of items is not known before. */
#ifndef CULVERT_OS_GROW_H
#define CULVERT_OS_GROW_H

#include <stddef.h>

/*
 * Makes room for item number `count` of the array `items` (NULL: none yet), which has room for
 * *room items of `size` bytes. The array, perhaps moved; NULL when memory is short: the old one
 * is still there then.
 */
void *grow_array(void *items, size_t count, size_t *room, size_t size);

#endif

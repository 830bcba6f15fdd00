/* Doubling an array. */
#include <stdlib.h>
#include "grow.h"

void *grow_array(void *items, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *moved;

	if (count < *room)
		return items;
	moved = reallocarray(items, more, size);
	if (moved)
		*room = more;
	return moved;
}

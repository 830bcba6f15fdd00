/* "Did you mean": the known word most like one that is not known. */
#ifndef CULVERT_MODEL_NEAREST_H
#define CULVERT_MODEL_NEAREST_H

#include "span.h"

/*
 * Index of the word among words[0..count) with the fewest edits (insert, delete, replace, swap
 * of neighbours; case does not count) to text; count when none is near enough to be meant.
 */
size_t nearest_find(struct span text, const char *const *words, size_t count);

#endif

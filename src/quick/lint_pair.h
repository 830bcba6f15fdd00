/*
 * Whether the two ends of a tunnel fit each other. Pure, as lint.h.
 */
#ifndef CULVERT_QUICK_LINT_PAIR_H
#define CULVERT_QUICK_LINT_PAIR_H

#include "lint.h"

/* What is wrong with `end` seen from `other`; call it once each way. */
void lint_pair(struct findings *findings, const struct end *end, const struct end *other);

#endif

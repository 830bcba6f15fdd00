/* The end of a process that found its own bug. */
#include "ensure.h"

#include <stdio.h>
#include <stdlib.h>

void ensure_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: bug: '%s' does not hold\n", file, line, condition);
	abort();
}

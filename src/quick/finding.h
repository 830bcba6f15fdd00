/* Adding to what a linter has found; for the linters themselves. */
#ifndef CULVERT_QUICK_FINDING_H
#define CULVERT_QUICK_FINDING_H

#include "lint.h"

void finding_add(struct findings *findings, bool is_error, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A prefix as text, to be freed; NULL when memory is short. */
char *finding_prefix(const struct ip_prefix *prefix);

/* Does addr lie in the (masked) prefix? */
bool prefix_contains(const struct ip_prefix *wide, const struct ip_addr *addr);

#endif

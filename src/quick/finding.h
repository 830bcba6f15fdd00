/* What linters find. */
#ifndef CULVERT_QUICK_FINDING_H
#define CULVERT_QUICK_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include "addr.h"

struct finding {
	unsigned line; /* 0: the file as a whole */
	bool is_error; /* else a warning */
	char *text;    /* owned */
};

struct findings {
	struct finding *list;
	size_t count, room;
	bool is_short; /* memory ran out: there are more */
};

void findings_fini(struct findings *findings);

/* Appends one; no memory: is_short is set. */
void finding_add(struct findings *findings, bool is_error, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A prefix as text, to be freed; NULL when memory is short. */
char *finding_prefix(const struct ip_prefix *prefix);

/* Does addr lie in the (masked) prefix? */
bool prefix_contains(const struct ip_prefix *wide, const struct ip_addr *addr);

#endif

/*
 * What is suspicious in a configuration that can be read, and whether the two ends of a tunnel fit
 * each other. Pure: no system is asked; public keys come from the caller.
 */
#ifndef CULVERT_QUICK_LINT_H
#define CULVERT_QUICK_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include "confsettings.h"
#include "options.h"

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

/* One end: its file, read. has_public_key: it could be derived from the private one. */
struct end {
	const char *path;
	const struct conf_settings *settings;
	const struct options *options;
	bool has_public_key;
	struct public_key public_key;
};

void lint_one(struct findings *findings, const struct end *end);

/* What is wrong with `end` seen from `other`; call it once each way. */
void lint_pair(struct findings *findings, const struct end *end, const struct end *other);

void findings_fini(struct findings *findings);

#endif

/*
 * What is suspicious in a configuration that can be read. Pure: no system is asked; public keys
 * come from the caller.
 */
#ifndef CULVERT_QUICK_LINT_H
#define CULVERT_QUICK_LINT_H

#include <stdbool.h>
#include "confsettings.h"
#include "finding.h"
#include "options.h"

/* One end: its file, read. has_public_key: it could be derived from the private one. */
struct end {
	const char *path;
	const struct conf_settings *settings;
	const struct options *options;
	bool has_public_key;
	struct public_key public_key;
};

void lint_one(struct findings *findings, const struct end *end);

#endif

/*
 * Changes and findings are those of our own commands, run as programs of their own: what a browser
 * sends goes no further than their words.
 */
#ifndef CULVERT_WEB_CHILD_H
#define CULVERT_WEB_CHILD_H

#include "textbuf.h"

enum {
	CHILD_WORDS_MAX = 24,
	CHILD_OUTPUT_MAX = 4 * 1024 * 1024,
	CHILD_SECONDS = 60,
};

struct child_output {
	int status; /* as of exit(2); -1: it did not end by itself */
	struct textbuf out,
		error; /* what it said on stdout and stderr; never NULL after a success */
};

/*
 * Runs this program with the words (words[0] is a subcommand; NULL ends them) and waits for its end.
 * 0 or -errno: it could not be run. fini always.
 */
int child_run(const char *const *words, struct child_output *output);
void child_output_fini(struct child_output *output);

#endif

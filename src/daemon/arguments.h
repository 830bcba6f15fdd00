/*
 * culvertd's command line and the variable that stands for a word of it.
 */
#ifndef CULVERT_DAEMON_ARGUMENTS_H
#define CULVERT_DAEMON_ARGUMENTS_H

#include <stdbool.h>

struct arguments {
	const char *interface; /* a valid name; one of argv's words */
	bool is_foreground;
	bool is_replacing; /* takes the tunnel of the daemon that runs now */
	bool is_persistent;
	const char *user; /* whose rights are enough; NULL: who we are */
	unsigned threads; /* that move data, at least 1 */
};

/*
 * Returns -1 to go on, or the exit status: --version and --help have printed what they print, a
 * mistake was named on stderr.
 */
int arguments_parse(int argc, char **argv, struct arguments *arguments);

#endif

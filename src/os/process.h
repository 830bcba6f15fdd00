/*
 * Other programs: run one, feed it, hear it, wait for its end. A program started here does not
 * outlive us unless it daemonises itself.
 */
#ifndef CULVERT_OS_PROCESS_H
#define CULVERT_OS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

struct process {
	const char *const *argv; /* argv[0] is looked up on PATH */
	const char *input;       /* what it reads; NULL: our own standard input */
	bool capture;            /* its standard output comes back to us */
	bool is_quiet;           /* its standard error goes nowhere */
};

struct process_result {
	int status;   /* as a shell has it: exit status, 128 + signal, 127 not found */
	char *output; /* when captured: owned by the caller, ends in a zero byte */
};

/* 0 when the program ended, whatever its status; -errno when there was no starting it. */
int process_run(const struct process *process, struct process_result *result);

/* Where a program is found on PATH (a name with a slash: as it is); false: nowhere. */
bool process_locate(const char *name, char *path, size_t room);

/* Would argv[0] be found? */
bool process_find(const char *name);

#endif

/*
 * Going into the background: the parent learns whether the child got ready before it ends, so that
 * a script's next line finds what it started. Call it before threads and before locked memory.
 */
#ifndef CULVERT_OS_DAEMONIZE_H
#define CULVERT_OS_DAEMONIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { DAEMONIZE_MESSAGE_MAX = 512 };

enum daemonize_side {
	DAEMONIZE_CHILD, /* go on, then daemonize_detach() and daemonize_ready(), or daemonize_fail() */
	DAEMONIZE_STARTED, /* the parent: exit with 0 */
	DAEMONIZE_FAILED,  /* the parent: print message, exit with 1 */
};

struct daemonize {
	int fd;                              /* the child's line to its parent; -1: there is none */
	pid_t child;                         /* the parent's, after DAEMONIZE_STARTED */
	char message[DAEMONIZE_MESSAGE_MAX]; /* the parent's, after DAEMONIZE_FAILED */
};

/*
 * Forks; the child is in a session of its own and in "/". is_orphan: its parent is whoever takes care
 * of orphans, as a service manager does. An enum daemonize_side, or -errno.
 */
int daemonize_fork(struct daemonize *daemonize, bool is_orphan);

/* The child's standard in, and unless kept out and error, become /dev/null. */
int daemonize_detach(const struct daemonize *daemonize, bool keep_output);

/* Lets the parent go with success. */
int daemonize_ready(struct daemonize *daemonize);

/* Lets the parent go with failure and a message (no newline; cut to fit). */
void daemonize_fail(struct daemonize *daemonize, const char *message);

#endif

/*
 * Watching a control socket's file: a daemon whose socket was removed or replaced cannot be reached
 * any more, and ends.
 */
#ifndef CULVERT_OS_SOCKWATCH_H
#define CULVERT_OS_SOCKWATCH_H

#include <stdbool.h>
#include <sys/types.h>
#include "unixsock.h"

struct sockwatch {
	int fd; /* readable: call sockwatch_check() */
	char path[UNIXSOCK_PATH_MAX];
	dev_t dev;
	ino_t ino;
};

/* Watches the file that is at path now. */
int sockwatch_open(struct sockwatch *watch, const char *path);
void sockwatch_close(struct sockwatch *watch);

/* Takes what is waiting on fd; true when the file is not at its path any more. */
bool sockwatch_check(struct sockwatch *watch);

#endif

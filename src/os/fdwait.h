/* Waiting for one descriptor, no longer than to a deadline. */
#ifndef CULVERT_OS_FDWAIT_H
#define CULVERT_OS_FDWAIT_H

#include "instant.h"

/*
 * events: of poll(2). 0: it may be ready; try, and wait again when it is not. -ETIMEDOUT: the
 * deadline had come before. -errno.
 */
int fdwait(int fd, short events, struct instant deadline);

#endif

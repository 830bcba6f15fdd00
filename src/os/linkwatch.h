/*
 * Watching one interface: up or down, MTU, name, deletion. It says how things are, not what
 * happened: when the kernel lost messages for want of room, the state is read anew.
 */
#ifndef CULVERT_OS_LINKWATCH_H
#define CULVERT_OS_LINKWATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "link.h"
#include "rtnl.h"

struct linkwatch {
	int fd;                  /* readable: call linkwatch_read() */
	struct link_state state; /* as it was last read */
	struct mnl_socket *events;
	struct rtnl rtnl;
};

/* Starts watching and reads the first state; -ENODEV. */
int linkwatch_open(struct linkwatch *watch, uint32_t ifindex);
void linkwatch_close(struct linkwatch *watch);

/*
 * The interface has moved to another network namespace: watches it there, by the name it has there,
 * in place of what was watched. The thread is in its own namespace before and after, but needs the
 * right to enter the other (CAP_SYS_ADMIN) in between. -errno: nothing is watched.
 */
int linkwatch_follow(struct linkwatch *watch, int namespace_fd, const char *name);

/*
 * Takes what is waiting; 1 when watch->state has changed, 0 when not, -errno. Never waits. A state
 * with exists == false is final.
 */
int linkwatch_read(struct linkwatch *watch);

#endif

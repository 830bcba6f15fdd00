/*
 * Watching one interface: up or down, MTU, name, deletion. It says how things are, not what
 * happened: when the kernel lost messages for want of room, the state is read anew.
 */
#ifndef CULVERT_OS_LINKWATCH_H
#define CULVERT_OS_LINKWATCH_H

#include <stdbool.h>
#include <stdint.h>
#include "link.h"
#include "nsid.h"
#include "rtnl.h"

struct linkwatch {
	int fd;                  /* readable: call linkwatch_read() */
	struct link_state state; /* as it was last read */
	int32_t nsid;            /* NSID_OWN while it is in the namespace of the opener */
	struct mnl_socket *events;
	struct rtnl rtnl;
};

/*
 * Starts watching and reads the first state; -ENODEV. namespace_fd: where the interface is, -1: here;
 * in another namespace both rights that linkwatch_follow() names are needed.
 */
int linkwatch_open(struct linkwatch *watch, const char *name, int namespace_fd);
void linkwatch_close(struct linkwatch *watch);

/*
 * The interface has moved to another network namespace: watches it there, by the name it has there.
 * Needs CAP_NET_ADMIN over that namespace; and CAP_NET_BROADCAST when the watch was opened, or what
 * happens there later goes unseen. -errno: it is not there, and watch->state.exists is false.
 */
int linkwatch_follow(struct linkwatch *watch, int namespace_fd, const char *name);

/*
 * Takes what is waiting; 1 when watch->state has changed, 0 when not, -errno. Never waits. With
 * exists == false the state stays, and 1 says that something was heard of the interface.
 */
int linkwatch_read(struct linkwatch *watch);

#endif

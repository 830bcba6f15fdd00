/*
 * The numbers that a network namespace gives to others: with one, a netlink request can
 * ask about an interface over there, without going there.
 */
#ifndef CULVERT_OS_NSID_H
#define CULVERT_OS_NSID_H

#include <stdbool.h>
#include <stdint.h>
#include "rtnl.h"

enum { NSID_OWN = -1 }; /* no number: the namespace of the netlink socket itself */

/* The number of the namespace that fd is open on; it is given one where it has none. 0 or -errno. */
int nsid_find(struct rtnl *rtnl, int namespace_fd, int32_t *nsid);

/* Of the calling thread; also when that cannot be told, there being no /proc. */
bool nsid_is_own(int namespace_fd);

#endif

/*
 * Routes of both families in all tables, and the question which way an address goes. Every
 * function returns 0 or -errno.
 */
#ifndef CULVERT_OS_IPROUTE_H
#define CULVERT_OS_IPROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "rtnl.h"

/* The tables that the kernel itself names. */
enum { IPROUTE_TABLE_MAIN = 254, IPROUTE_TABLE_LOCAL = 255, IPROUTE_TABLE_DEFAULT = 253 };

struct iproute {
	struct ip_prefix dst; /* the family stands in dst.addr, for a default route too */
	uint32_t table;
	uint32_t ifindex; /* 0: none, or several next hops */
	uint32_t mtu;     /* of the route itself; 0: none given */
	bool is_unicast;  /* not local, broadcast, unreachable, ... */
	bool kernel_made; /* follows an address */
};

/* All routes in *routes, in the kernel's order, cached ones left out; freed by the caller. */
int iproute_list(struct rtnl *rtnl, struct iproute **routes, size_t *count);

/*
 * Which link and route MTU a packet to addr with that mark takes: ifindex and mtu of *answer.
 * source: the address it leaves from, -EINVAL or -ENETUNREACH when that is not one of ours; NULL:
 * the kernel's choice.
 */
int iproute_lookup(struct rtnl *rtnl, const struct ip_addr *addr, const struct ip_addr *source,
	uint32_t mark, struct iproute *answer);

/* As `ip route add DST dev LINK table TABLE`; -EEXIST when there is such a route. */
int iproute_add(struct rtnl *rtnl, const struct iproute *route);
int iproute_delete(struct rtnl *rtnl, const struct iproute *route);

#endif

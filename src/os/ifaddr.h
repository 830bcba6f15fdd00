/* Addresses of links, both families. Every function returns 0 or -errno. */
#ifndef CULVERT_OS_IFADDR_H
#define CULVERT_OS_IFADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "rtnl.h"

struct link_addr {
	uint32_t ifindex;
	struct ip_prefix prefix; /* with its host bits */
	bool kernel_made;        /* an IPv6 link-local address that nobody asked for */
};

/* All addresses of all links in *addrs, in the kernel's order; to be freed by the caller. */
int ifaddr_list(struct rtnl *rtnl, struct link_addr **addrs, size_t *count);

/*
 * -EEXIST: it is there already. -EACCES or -EAFNOSUPPORT for IPv6: the protocol is switched off on
 * the link, or missing.
 */
int ifaddr_add(struct rtnl *rtnl, uint32_t ifindex, const struct ip_prefix *prefix);
int ifaddr_delete(struct rtnl *rtnl, uint32_t ifindex, const struct ip_prefix *prefix);

#endif

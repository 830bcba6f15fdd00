/*
 * Network links: all of them with their kinds, and creating one. What is done to one link by its
 * index is in link.h; addresses and routes are elsewhere. Every function returns 0 or -errno.
 */
#ifndef CULVERT_OS_IFLINK_H
#define CULVERT_OS_IFLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "rtnl.h"

enum { IFLINK_NAME_MAX = 15, IFLINK_KIND_MAX = 15 };

struct iflink {
	uint32_t index;
	uint32_t mtu;
	bool is_up;
	char name[IFLINK_NAME_MAX + 1];
	char kind[IFLINK_KIND_MAX + 1]; /* "wireguard", "tun", "veth"...; empty: none */
};

/* All links in *links, to be freed by the caller. */
int iflink_list(struct rtnl *rtnl, struct iflink **links, size_t *count);

/* Fails with -EEXIST when there is one of that name, -EOPNOTSUPP when the kernel has no such kind. */
int iflink_create(struct rtnl *rtnl, const char *name, const char *kind);

#endif

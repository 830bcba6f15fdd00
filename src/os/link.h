/*
 * Network interfaces by their index, which a renaming does not change: name, MTU, up or down,
 * and the limits on super-packets. By rtnetlink, in this process's network namespace; what only looks
 * may also look into another, by its number (nsid.h) or else NSID_OWN.
 */
#ifndef CULVERT_OS_LINK_H
#define CULVERT_OS_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include "rtnl.h"

enum { LINK_NAME_MAX = 15 };

struct link_state {
	uint32_t ifindex;
	char name[LINK_NAME_MAX + 1];
	uint32_t mtu;
	bool exists; /* false: deleted or moved to another namespace; the rest is the last known */
	bool is_up;  /* the administrator's wish (IFF_UP) */
};

/* The index of the interface that has this name now in this process's namespace; -ENODEV. */
int link_find(const char *name, uint32_t *ifindex);

/* -ENODEV when there is none of this index. */
int link_get(struct rtnl *rtnl, int32_t nsid, uint32_t ifindex, struct link_state *state);

int link_get_named(struct rtnl *rtnl, int32_t nsid, const char *name, struct link_state *state);

int link_set_mtu(struct rtnl *rtnl, uint32_t ifindex, uint32_t mtu);
int link_set_up(struct rtnl *rtnl, uint32_t ifindex, bool is_up);
int link_delete(struct rtnl *rtnl, uint32_t ifindex);

/*
 * The longest super-packet, in segments and in bytes with headers, that the interface is handed.
 * A tunnel sets it so that each fits one UDP message of whole segments.
 */
int link_set_gso_max(struct rtnl *rtnl, uint32_t ifindex, uint32_t segments, uint32_t bytes);

/* Reads a RTM_NEWLINK or RTM_DELLINK message into state; false when it is not a whole one. */
bool link_decode(const struct nlmsghdr *message, struct link_state *state);

#endif

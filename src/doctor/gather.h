/*
 * Gathering evidence: netlink, files, the control socket, sysctls, the firewall, the resolver, and a
 * few packets of the doctor's own. Each family in a file. What cannot be had is left unknown.
 */
#ifndef CULVERT_DOCTOR_GATHER_H
#define CULVERT_DOCTOR_GATHER_H

#include "evidence.h"

enum {
	/* More is not looked at: so many lookups, packets and names take their time. */
	GATHER_WAYS_MAX = 512,
	GATHER_KNOCKS_MAX = 16,
	GATHER_PROBES_MAX = 8,
	GATHER_NAMES_MAX = 8,
	GATHER_OTHERS_MAX = 32,
};

struct gather_options {
	bool is_silent; /* send nothing: neither pings nor datagrams nor questions for names */
};

/*
 * All there is to see of this interface; takes a second or two. 0, or -errno when nothing can be
 * seen at all: -EPERM, -EACCES, -ENOMEM. evidence_fini() always.
 */
int gather_all(struct evidence *evidence, const char *ifname, const struct gather_options *options);

/* The parts. */
void gather_file(struct evidence *evidence);
void gather_names(struct evidence *evidence);
int gather_ways(struct rtnl *rtnl, struct evidence *evidence);
void gather_resolvers(struct rtnl *rtnl, struct evidence *evidence);
void gather_sysctls(struct evidence *evidence);
void gather_port(struct evidence *evidence);
void gather_wall(struct evidence *evidence);
void gather_log(struct evidence *evidence);
void gather_knocks(struct evidence *evidence, bool may_send);
void gather_probes(struct evidence *evidence);

/* A route lookup as a way. */
struct way gather_way(struct rtnl *rtnl, const struct evidence *evidence, const struct ip_addr *to,
	uint32_t mark);

#endif

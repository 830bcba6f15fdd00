/* Snapshots: the state of this system as it is now. */
#ifndef CULVERT_QUICK_SNAPSHOT_H
#define CULVERT_QUICK_SNAPSHOT_H

#include "rtnl.h"
#include "state.h"

/* Fills state, for the interface of that name; state_fini() it also on failure. 0 or -errno. */
int snapshot_take(struct rtnl *rtnl, const char *ifname, struct state *state);

/*
 * Sets path_mtu for these endpoints, asked with the mark of the tunnel's own datagrams, so that
 * none of them is sent through the tunnel. (snapshot_take does it for those of the device.)
 */
void snapshot_measure_paths(struct rtnl *rtnl, const struct device_settings *device, uint32_t mark,
	struct state *state);

#endif

/*
 * Configuration in and state out: the control protocol's records against the tunnel.
 */
#ifndef CULVERT_DAEMON_CONFIG_H
#define CULVERT_DAEMON_CONFIG_H

#include "settings.h"
#include "tunnel.h"

/* A change on its way into the tunnel. Only one at a time: what was checked must stay true. */
struct config_run {
	const struct device_settings *change; /* the caller's, until the run is over */
	enum config_stage { CONFIG_CHECK, CONFIG_REMOVE, CONFIG_PEERS } stage;
	size_t next_peer, next_ip; /* of the change */
	bool is_in_peer;           /* of which all is applied but the allowed IPs from next_ip on */
	uint32_t slot;             /* of that peer; PEER_NONE: there is nothing to apply to it */
	/* While it is checked: peers there would be, prefixes that would still fit, peers named. */
	size_t peers, room;
	uint64_t named[(TUNNEL_PEERS_MAX + 63) / 64];
};

void config_begin(
	struct config_run *run, const struct tunnel *tunnel, const struct device_settings *change);

/*
 * Does a piece of about so many peers and allowed IPs; traffic may flow before the next. 1: there
 * is more to do. 0: all is applied. Or, with nothing changed, -EADDRINUSE and other errors of
 * binding, -EPERM for a mark, -ENOMEM when peers or allowed IPs would not fit.
 */
int config_continue(
	struct config_run *run, struct tunnel *tunnel, size_t pieces, struct moment now);

/* The device's part of the state; no peers. Wipe it with settings_fini(). */
void config_read_device(const struct tunnel *tunnel, struct device_settings *device);

/* One peer's part, without its allowed IPs. */
void config_read_peer(const struct tunnel *tunnel, uint32_t slot, struct peer_settings *peer);

#endif

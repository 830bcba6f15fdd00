/*
 * Changes of a device as values: what must be said to make it what a file wants, and no more, so
 * that the sessions of peers that stay as they are go on. Pure. Both states are settings records:
 * what is there (of a get) and what is wanted (of a file).
 */
#ifndef CULVERT_QUICK_DEVICEDIFF_H
#define CULVERT_QUICK_DEVICEDIFF_H

#include "settings.h"

/* An empty change for the interface of that name; settings_fini() it. */
void device_begin_change(struct device_settings *change, const char *ifname);

/*
 * Fills a begun change. Peers that are not wanted go; of the others a preshared key or keepalive
 * that the file does not mention is reset; a private key, port or mark that it does not mention
 * stays. `has` and peers_count are 0 when nothing differs. 0 or -ENOMEM.
 */
int device_diff(const struct device_settings *there, const struct device_settings *wanted,
	struct device_settings *change);

/* A peer with the same key and values, without allowed IPs; NULL when memory is short. */
struct peer_settings *device_copy_peer(
	struct device_settings *change, const struct peer_settings *from);
bool device_copy_allowed_ips(struct peer_settings *to, const struct peer_settings *from);

#endif

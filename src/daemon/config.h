/*
 * Configuration in and state out: the control protocol's records against the tunnel.
 */
#ifndef CULVERT_DAEMON_CONFIG_H
#define CULVERT_DAEMON_CONFIG_H

#include "settings.h"
#include "tunnel.h"

/*
 * Applies a whole change or nothing of it. -EADDRINUSE and other errors of binding, -EPERM for a
 * mark, -ENOMEM when peers or allowed IPs would not fit: then nothing has changed.
 */
int config_apply(struct tunnel *tunnel, const struct device_settings *change, struct moment now);

/* The device's part of the state; no peers. Wipe it with settings_fini(). */
void config_read_device(const struct tunnel *tunnel, struct device_settings *device);

/* One peer's part, without its allowed IPs. */
void config_read_peer(const struct tunnel *tunnel, uint32_t slot, struct peer_settings *peer);

#endif

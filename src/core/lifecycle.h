/*
 * What happens to all peers when the device's own life changes: its private key, up and down, how
 * its datagrams leave.
 */
#ifndef CULVERT_CORE_LIFECYCLE_H
#define CULVERT_CORE_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>
#include "device.h"

/*
 * A new private key, or none (all zero): removes a peer that has our own public key, drops what
 * was derived from the old one. Sessions still receive but no longer send. The same key changes
 * nothing. Returns the slot of the removed peer or PEER_NONE.
 */
uint32_t device_set_private_key(struct device *device, const struct private_key *private_key);

/* The interface came up or went down: down drops all sessions, handshakes and timers. */
void device_set_up(struct device *device, bool is_up, struct instant now);

/* Seconds between persistent keepalives, 0 for off. */
void device_set_persistent(
	struct device *device, uint32_t slot, uint16_t seconds, struct instant now);

/* The kernel chooses source addresses anew, for all peers. */
void device_forget_sources(struct device *device);

#endif

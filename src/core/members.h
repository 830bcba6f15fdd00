/*
 * Peers that enter and leave a device, and the keys that they leave behind.
 */
#ifndef CULVERT_CORE_MEMBERS_H
#define CULVERT_CORE_MEMBERS_H

#include <stdint.h>
#include "device.h"

/* Adds a peer that is not there yet, at the end of the order; PEER_NONE when there is no room. */
uint32_t device_add_peer(struct device *device, const struct public_key *public_key);

/* Takes the peer with all it has out, wiped. */
void device_remove_peer(struct device *device, uint32_t slot);

/* The handshake in progress ends: its index leaves the table, its secrets are wiped. */
void device_clear_handshake(struct device *device, uint32_t slot);

/* Wipes sessions and handshake. */
void device_clear_keys(struct device *device, uint32_t slot);

/* Takes indices of freed sessions out of the table. */
void device_forget_sessions(struct device *device, const struct session_freed *freed);

/* Removes all peers and wipes every secret. */
void device_fini(struct device *device);

#endif

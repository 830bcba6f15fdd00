/*
 * A device's state as bytes, for another process of the same machine that goes on with it: field by
 * field as two tables say, so that links, heaps and hash tables are built anew there. Bytes of a
 * different layout must not be loaded: carry_layout() of both ends has to be the same. All of it
 * is secret.
 */
#ifndef CULVERT_CORE_CARRY_H
#define CULVERT_CORE_CARRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "device.h"

/* Grows when a field keeps its name and size and means something else. */
#define CARRY_VERSION 1

enum {
	/* The fields are some of these structures' members. */
	CARRY_DEVICE_MAX = sizeof(struct device),
	CARRY_PEER_MAX = sizeof(struct peer) + SESSIONS_PER_PEER * (1 + sizeof(struct session)),
};

/* What was stored under: names and sizes of all fields, in their order. */
uint64_t carry_layout(void);

/* out: CARRY_DEVICE_MAX bytes. Returns how many were written. No peers. */
size_t carry_store_device(const struct device *device, uint8_t *out);

/* Into an empty device that is down. False: these are no such bytes; the device is not to be used. */
__attribute__((warn_unused_result)) bool carry_load_device(
	struct device *device, const uint8_t *bytes, size_t len);

/*
 * out: CARRY_PEER_MAX bytes. Without its allowed IPs. No handshake of the peer may be under way
 * in a job.
 */
size_t carry_store_peer(struct device *device, uint32_t slot, uint8_t *out);

/* Adds the peer behind the others; *slot: where. False as above, or no room: nothing is added. */
__attribute__((warn_unused_result)) bool carry_load_peer(
	struct device *device, const uint8_t *bytes, size_t len, uint32_t *slot);

#endif

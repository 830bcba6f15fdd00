/*
 * What the files of the public face share: culvert.c sets a tunnel up, culvert_run.c moves packets
 * through it. A tunnel is a device, a cipher engine and the buffers of what one call puts out.
 */
#ifndef CULVERT_CORE_CULVERT_FACE_H
#define CULVERT_CORE_CULVERT_FACE_H

#include <culvert/culvert.h>

#include "bulk.h"
#include "device.h"
#include "handshake.h"

struct culvert {
	struct bulk_engine *engine;
	uint16_t mtu;
	bool is_busy;
	struct handshake_job job;
	/* What outputs point to: a handshake message, a cookie reply or a keepalive. */
	uint8_t datagrams[2][HANDSHAKE_LEN_MAX];
	_Alignas(CULVERT_MEMORY_ALIGN) uint8_t device[];
};

struct device *face_device(const struct culvert *tunnel);
struct moment face_moment(const struct culvert_time *now);
struct endpoint face_endpoint(const struct culvert_address *address);
struct culvert_address face_address(const struct endpoint *endpoint);

#endif

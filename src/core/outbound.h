/*
 * A packet out, in three steps a run of packets to one peer: route and reserve (the device's
 * thread), seal (any thread: a grant is all it needs), finish (the device's thread).
 */
#ifndef CULVERT_CORE_OUTBOUND_H
#define CULVERT_CORE_OUTBOUND_H

#include <stddef.h>
#include <stdint.h>
#include "bulk.h"
#include "device.h"

/*
 * The right to seal `count` messages for a peer. Holds a copy of the key, so that rotation or
 * removal of the peer does not wait for the sealing; wipe it when done (outbound_grant_fini).
 */
struct outbound_grant {
	struct peer_id peer;
	struct symmetric_key key;
	uint32_t receiver;
	uint64_t first_counter;
	uint32_t count;
	struct endpoint endpoint;
};

void outbound_grant_fini(struct outbound_grant *grant);

/*
 * Which peer a packet from the TUN device is for. Not OK: BAD_PACKET (drop it), NO_PEER or
 * NO_ENDPOINT (answer with ICMP unreachable); with NO_ENDPOINT *slot is set.
 */
enum verdict outbound_route(
	struct device *device, const uint8_t *packet, size_t len, uint32_t *slot);

/*
 * Reserves up to count counters. NO_KEY: let the packets wait and start a handshake. grant->count
 * may be less than asked for only at the end of a key's life; ask again then.
 */
enum verdict outbound_reserve(struct device *device, uint32_t slot, uint32_t count,
	struct instant now, struct outbound_grant *grant);

/* The length that a packet of len bytes is padded to: a multiple of 16, not above the MTU. */
size_t outbound_padded_len(size_t len, size_t mtu);

/*
 * Seals padded_len bytes as the grant's message number i (0 .. count-1) into
 * DATA_OVERHEAD + padded_len bytes at out. packet may not overlap out, except that it may stand
 * where its ciphertext goes, at out + DATA_HEADER_LEN. The padding is there already.
 */
void outbound_seal(struct bulk_engine *engine, const struct outbound_grant *grant, uint32_t i,
	const uint8_t *packet, size_t padded_len, uint8_t *out);

/*
 * The messages are about to be sent: moves the peer's timers. has_data: not only keepalives.
 * Returns EFFECT_INITIATE when the key wants renewal.
 */
unsigned outbound_finish(struct device *device, const struct outbound_grant *grant, bool has_data,
	struct instant now, uint32_t jitter);

#endif

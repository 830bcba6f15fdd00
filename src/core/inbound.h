/*
 * Data messages in, in steps a run of messages under one key from one source: prepare (the
 * device's thread: which key), open (any thread: the run is all it needs), accept for each message
 * in order, and finish (the device's thread). Nothing in the device changes before a tag verified.
 */
#ifndef CULVERT_CORE_INBOUND_H
#define CULVERT_CORE_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bulk.h"
#include "device.h"

/* Holds a copy of the key; wipe it when done (inbound_run_fini). */
struct inbound_run {
	struct peer_id peer;
	uint8_t session; /* number 0..2 of the peer's session */
	uint32_t local_index;
	struct symmetric_key key;
	/* What accept saw. */
	bool has_authentic; /* at least one genuine, fresh message */
	bool has_data;      /* and one that was not a keepalive */
	uint64_t bytes;
};

void inbound_run_fini(struct inbound_run *run);

/* Finds the key of a data message (wire_classify() said so) and starts a run with it. */
enum verdict inbound_prepare(struct device *device, const uint8_t *datagram, struct instant now,
	struct inbound_run *run);

/* True when the datagram, a data message, belongs to the run too. */
bool inbound_belongs(const struct inbound_run *run, const uint8_t *datagram);

/* Decrypts in place: the padded packet then stands at datagram + DATA_HEADER_LEN. */
__attribute__((warn_unused_result)) bool inbound_open(
	struct bulk_engine *engine, const struct inbound_run *run, uint8_t *datagram, size_t len);

/*
 * Takes an opened message in: replay window, then what the packet may be. OK: *packet_len bytes
 * of packet, ECN already merged, stand at datagram + DATA_HEADER_LEN; 0: it was a keepalive.
 * is_open: what inbound_open() said. outer_ecn: bits 0..3 of the outer header.
 */
enum verdict inbound_accept(struct device *device, struct inbound_run *run, bool is_open,
	uint8_t *datagram, size_t len, uint8_t outer_ecn, size_t *packet_len);

/*
 * After the run's last message: endpoint, key confirmation, timers, counters. Effects: FLUSH when
 * the peer confirmed the key, INITIATE when the key wants renewal.
 */
unsigned inbound_finish(struct device *device, const struct inbound_run *run,
	const struct endpoint *source, struct moment now);

#endif

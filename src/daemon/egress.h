/*
 * Packets out, in three stages a batch: gather (the loop: read the TUN device, route, reserve
 * counters), seal, send (both the loop, or threads of the pool; in the order of gathering). A full
 * socket holds batches back and with them the reading of the TUN device.
 */
#ifndef CULVERT_DAEMON_EGRESS_H
#define CULVERT_DAEMON_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "instant.h"
#include "outbound.h"
#include "tunnel.h"

/* threads: of the pool; with none, one batch at a time is enough. */
int egress_create(struct egress **egress, unsigned threads);
void egress_destroy(struct egress *egress);

/*
 * Gathers one batch from the TUN device and sees it on its way. may_hand_over: the pool's threads
 * may seal and send it. True when there may be more to read.
 */
bool egress_run(struct tunnel *tunnel, bool may_hand_over, struct moment now);

/* False while no batch is free: the pool has them, or a full socket holds them back. */
bool egress_has_room(const struct tunnel *tunnel);

/* True when no batch is under way. */
bool egress_is_idle(const struct tunnel *tunnel);

/* Seals what waits for the peer, as far as there is a key. */
void egress_staged(struct tunnel *tunnel, uint32_t slot, struct moment now);

/* Adds an empty message for the peer; without a key a handshake starts. */
void egress_keepalive(struct tunnel *tunnel, uint32_t slot, struct moment now);

/* Adds a handshake message or cookie reply; ds: the outer header's DS byte. peer may be NULL. */
void egress_datagram(struct tunnel *tunnel, const struct peer_id *peer, const struct endpoint *to,
	const void *bytes, size_t len, uint8_t ds);

/* Sends what is sealed: batches in their order, and what the three calls above added. */
void egress_flush(struct tunnel *tunnel);

/* True while a full socket holds something back. */
bool egress_is_blocked(const struct tunnel *tunnel);

/* Routes have changed: an address that took no messages in segments may do so now. */
void egress_forget_paths(struct tunnel *tunnel);

/* Forgets what is sealed: the sockets are gone. */
void egress_discard(struct tunnel *tunnel);

#endif

/*
 * Packets out: from the TUN device, by the core, to the UDP sockets. Messages gather in one batch;
 * consecutive ones of a peer become one datagram in segments (UDP GSO). A full socket holds the
 * batch back and with it the reading of the TUN device.
 */
#ifndef CULVERT_DAEMON_EGRESS_H
#define CULVERT_DAEMON_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "instant.h"
#include "outbound.h"
#include "tunnel.h"

int egress_create(struct egress **egress);
void egress_destroy(struct egress *egress);

/*
 * Reads the TUN device until it is empty, the batch is full or some packets are done, and sends.
 * True when there may be more.
 */
bool egress_run(struct tunnel *tunnel, struct moment now);

/* Seals what waits for the peer, as far as there is a key. */
void egress_staged(struct tunnel *tunnel, uint32_t slot, struct moment now);

/* Adds an empty message for the peer; without a key a handshake starts. */
void egress_keepalive(struct tunnel *tunnel, uint32_t slot, struct moment now);

/* Adds a handshake message or cookie reply; ds: the outer header's DS byte. peer may be NULL. */
void egress_datagram(struct tunnel *tunnel, const struct peer_id *peer, const struct endpoint *to,
	const void *bytes, size_t len, uint8_t ds);

/* Sends the batch. */
void egress_flush(struct tunnel *tunnel);

/* True while a full socket holds the batch back; and whether it is this family's. */
bool egress_is_blocked(const struct tunnel *tunnel);
bool egress_is_blocked_in(const struct tunnel *tunnel, uint8_t family);

/* Routes have changed: an address that took no messages in segments may do so now. */
void egress_forget_paths(struct tunnel *tunnel);

/* Forgets the batch: the sockets are gone. */
void egress_discard(struct tunnel *tunnel);

#endif

/*
 * Noise_IKpsk2 as WireGuard uses it (paper, section 5.4): the three computations of a handshake,
 * pure and on copies, so that they may run on any thread. No indices, no macs, no clock: those
 * are the device's (handshake.h). Consuming an initiation is two steps: open gives the static key
 * that the sender claims, the caller looks the peer up, accept proves the claim.
 */
#ifndef CULVERT_CORE_NOISE_H
#define CULVERT_CORE_NOISE_H

#include <stdbool.h>
#include <stdint.h>
#include "keys.h"
#include "tai64n.h"
#include "transcript.h"
#include "wire.h"

/* Our static keys. */
struct identity {
	struct private_key private_key;
	struct public_key public_key;
};

/* What both sides remember between the two messages. */
struct noise_handshake {
	struct transcript transcript;
	struct private_key ephemeral;       /* initiator: ours */
	struct public_key remote_ephemeral; /* responder: theirs */
};

/* Keys for data, by our own direction. */
struct noise_keys {
	struct symmetric_key send, receive;
};

/*
 * Every function returns false when a shared secret is all zero or a tag is wrong; outputs are
 * then not to be used. Wire messages get all fields but type, indices and macs.
 */
__attribute__((warn_unused_result)) bool noise_create_initiation(const struct identity *self,
	const struct public_key *remote, const struct shared_secret *static_static,
	const struct private_key *ephemeral, const struct tai64n *timestamp,
	struct noise_handshake *handshake, struct wire_initiation *message);

__attribute__((warn_unused_result)) bool noise_open_initiation(const struct identity *self,
	const struct wire_initiation *message, struct noise_handshake *handshake,
	struct public_key *claimed);

__attribute__((warn_unused_result)) bool noise_accept_initiation(struct noise_handshake *handshake,
	const struct shared_secret *static_static, const struct wire_initiation *message,
	struct tai64n *timestamp);

__attribute__((warn_unused_result)) bool noise_create_response(struct noise_handshake *handshake,
	const struct public_key *remote, const struct preshared_key *psk,
	const struct private_key *ephemeral, struct wire_response *message,
	struct noise_keys *keys);

/* handshake is a copy: it changes even when the response is refused. */
__attribute__((warn_unused_result)) bool noise_consume_response(const struct identity *self,
	struct noise_handshake *handshake, const struct preshared_key *psk,
	const struct wire_response *message, struct noise_keys *keys);

#endif

/*
 * Handshakes as jobs of three steps: prepare (the device's thread: decides, copies what is
 * needed), run (any thread: the expensive X25519, on copies only), finish (the device's thread:
 * looks whether all still holds, then changes state). Nothing in the device changes before the
 * message proved genuine.
 *
 *   out: prepare_initiation -> run -> finish -> EFFECT_SEND
 *   in:  admit -> prepare_message -> run -> finish [-> RUN_AGAIN -> run -> finish] -> effects
 */
#ifndef CULVERT_CORE_HANDSHAKE_H
#define CULVERT_CORE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chance.h"
#include "device.h"
#include "verdict.h"

enum handshake_step {
	STEP_INITIATE, /* make an initiation */
	STEP_OPEN,     /* whose initiation is this? */
	STEP_RESPOND,  /* prove it, make the response */
	STEP_COMPLETE, /* a response to our initiation */
};

/* A handshake message as it came in. */
struct handshake_message {
	struct endpoint source; /* remote and local side */
	uint8_t len;
	uint8_t bytes[HANDSHAKE_LEN_MAX];
};

/* All of it is secret or hostile: wipe it when done (handshake_job_fini). */
struct handshake_job {
	enum handshake_step step;
	struct peer_id peer; /* not set for STEP_OPEN */
	uint32_t identity_epoch;
	struct instant prepared;
	/* Copies that run() works on. */
	struct identity self;
	struct public_key remote;
	struct preshared_key psk;
	struct shared_secret static_static;
	bool is_static_static_known;
	struct private_key ephemeral;
	struct noise_handshake handshake;
	uint32_t handshake_index; /* of our initiation, for STEP_COMPLETE */
	struct tai64n stamp;      /* to send; or the greatest received, then the one received */
	struct handshake_message message;
	/* What run() found. */
	enum verdict result;
	struct noise_keys keys;
	/* With EFFECT_SEND: the datagram for the peer's endpoint. */
	uint8_t datagram[HANDSHAKE_LEN_MAX];
	size_t datagram_len;
};

void handshake_job_fini(struct handshake_job *job);

/*
 * First look at a datagram of type 1 or 2, before anything costs: that a response answers something,
 * our mac1, and under load the cookie and the source's rate. OK: let it wait for its turn.
 * COOKIE_NEEDED: *reply goes back to the source. is_busy: so many messages wait that the load rule
 * holds.
 */
enum verdict handshake_admit(struct device *device, const struct handshake_message *message,
	bool is_busy, struct instant now, const struct chance *chance,
	struct wire_cookie_reply *reply);

/* A cookie reply came in. It changes no endpoint, timer or counter. */
enum verdict handshake_consume_cookie_reply(
	struct device *device, const struct wire_cookie_reply *reply, struct instant now);

/*
 * Starts an initiation to the peer, unless one is under way or less than 5 s old (NOT_NOW).
 * is_retry: the timer asks; otherwise it is a packet and the count of tries starts again.
 */
enum verdict handshake_prepare_initiation(struct device *device, uint32_t slot, bool is_retry,
	struct moment now, const struct chance *chance, struct handshake_job *job);

/* Starts on a message that was admitted. */
enum verdict handshake_prepare_message(struct device *device,
	const struct handshake_message *message, struct instant now, struct handshake_job *job);

/* The computation; touches the job only. */
void handshake_run(struct handshake_job *job);

/*
 * Makes the job's result the device's state. *effects says what to do next for job->peer:
 * SEND, RUN_AGAIN, FLUSH, KEEPALIVE. chance is fresh.
 */
enum verdict handshake_finish(struct device *device, struct handshake_job *job, struct moment now,
	const struct chance *chance, unsigned *effects);

#endif

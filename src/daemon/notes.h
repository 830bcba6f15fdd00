/*
 * What the tunnel's parts tell the chronicle: verdicts, handshakes, errors of sending. From a
 * verdict and what it was about to a note with a reason, a peer where one is known, and addresses.
 */
#ifndef CULVERT_DAEMON_NOTES_H
#define CULVERT_DAEMON_NOTES_H

#include "handshake.h"
#include "inbound.h"
#include "reason.h"
#include "tunnel.h"

/* A datagram from nobody that we know came to nothing. OK and the like are not noted. */
void notes_stranger(struct tunnel *tunnel, enum verdict verdict, const struct endpoint *source,
	struct instant now);

/* Of the peer; of the device when it is gone. source may be NULL. */
void notes_peer(struct tunnel *tunnel, struct peer_id id, enum reason reason,
	const struct endpoint *source, struct instant now);

/* The peer that has this slot now. */
void notes_slot(struct tunnel *tunnel, uint32_t slot, enum reason reason, struct instant now);

/* The endpoint of the peer that the job is for, to be compared afterwards. */
struct endpoint notes_endpoint(const struct tunnel *tunnel, const struct handshake_job *job);

/* handshake_finish() has said so. */
void notes_handshake(struct tunnel *tunnel, const struct handshake_job *job, enum verdict verdict,
	unsigned effects, const struct endpoint *before, struct instant now);

/* A data message of the run was not accepted; packet: what was in it, if it is open. */
void notes_refused_data(struct tunnel *tunnel, const struct inbound_run *run, enum verdict verdict,
	const struct endpoint *source, const uint8_t *packet, size_t packet_len,
	struct instant now);

/* After a run: a new endpoint, a key confirmed. */
void notes_run(struct tunnel *tunnel, const struct inbound_run *run, unsigned effects,
	const struct endpoint *before, struct instant now);

/* A packet out found no way; slot: of a peer, or PEER_NONE. packet passed ip_parse() or not. */
void notes_unrouted(struct tunnel *tunnel, enum verdict verdict, uint32_t slot,
	const uint8_t *packet, size_t len, struct instant now);

/* A datagram was lost in sending; peer NULL: not to one. error: -errno. */
void notes_unsent(struct tunnel *tunnel, const struct peer_id *peer, const struct endpoint *to,
	int error, struct instant now);

#endif

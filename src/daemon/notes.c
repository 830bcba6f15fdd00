/* What a note is about: whom, which addresses, which error. */
#include "notes.h"

#include <errno.h>
#include "chronicle.h"
#include "ip.h"
#include "verdict_reason.h"

void notes_stranger(struct tunnel *tunnel, enum verdict verdict, const struct endpoint *source,
	struct instant now)
{
	const struct note note = {.reason = verdict_reason(verdict), .source = source};

	if (note.reason != REASON_COUNT)
		chronicle_note(tunnel->chronicle, &note, now);
}

static void note_for(
	struct tunnel *tunnel, struct peer_id id, const struct note *note, struct instant now)
{
	const struct peer *peer = device_peer_by_id(tunnel->device, id);

	if (note->reason == REASON_COUNT)
		return;
	if (peer)
		chronicle_note_peer(tunnel->chronicle, id, &peer->public_key, note, now);
	else
		chronicle_note(tunnel->chronicle, note, now);
}

void notes_peer(struct tunnel *tunnel, struct peer_id id, enum reason reason,
	const struct endpoint *source, struct instant now)
{
	note_for(tunnel, id, &(struct note){.reason = reason, .source = source}, now);
}

static struct peer_id id_of(const struct tunnel *tunnel, uint32_t slot)
{
	return (struct peer_id){slot, device_peer_const(tunnel->device, slot)->generation};
}

void notes_slot(struct tunnel *tunnel, uint32_t slot, enum reason reason, struct instant now)
{
	notes_peer(tunnel, id_of(tunnel, slot), reason, NULL, now);
}

struct endpoint notes_endpoint(const struct tunnel *tunnel, const struct handshake_job *job)
{
	const struct peer *peer =
		job->step == STEP_OPEN ? NULL : device_peer_by_id(tunnel->device, job->peer);

	return peer ? peer->endpoint : (struct endpoint){.addr = {.family = IP_NONE}};
}

static void note_roaming(
	struct tunnel *tunnel, struct peer_id id, const struct endpoint *before, struct instant now)
{
	const struct peer *peer = device_peer_by_id(tunnel->device, id);

	if (peer && before->addr.family != IP_NONE &&
		!endpoint_same_remote(before, &peer->endpoint))
		notes_peer(tunnel, id, REASON_ROAMED, &peer->endpoint, now);
}

/* What a handshake step that went well is called. */
static enum reason reason_of_step(enum handshake_step step)
{
	switch (step) {
	case STEP_INITIATE:
		return REASON_INITIATION_SENT;
	case STEP_RESPOND:
		return REASON_RESPONSE_SENT;
	case STEP_COMPLETE:
		return REASON_HANDSHAKE_DONE;
	case STEP_OPEN:
		break;
	}
	return REASON_COUNT;
}

void notes_handshake(struct tunnel *tunnel, const struct handshake_job *job, enum verdict verdict,
	unsigned effects, const struct endpoint *before, struct instant now)
{
	struct note note = {.reason = verdict_reason(verdict), .source = &job->message.source};

	if (effects & EFFECT_RUN_AGAIN)
		return;
	if (job->step == STEP_OPEN) {
		if (verdict == VERDICT_UNKNOWN_PEER)
			note.key = &job->remote;
		if (note.reason != REASON_COUNT)
			chronicle_note(tunnel->chronicle, &note, now);
		return;
	}
	if (verdict == VERDICT_OK)
		note.reason = reason_of_step(job->step);
	else if (verdict == VERDICT_BAD_HANDSHAKE && job->step == STEP_COMPLETE)
		note.reason = REASON_BAD_RESPONSE;
	if (job->step == STEP_INITIATE)
		note.source = before;
	note_for(tunnel, job->peer, &note, now);
	if (verdict == VERDICT_OK)
		note_roaming(tunnel, job->peer, before, now);
}

static struct ip_addr address_of(uint8_t family, const uint8_t *bytes)
{
	struct ip_addr addr = {.family = family};

	memcpy(addr.b, bytes, ip_bytes(family));
	return addr;
}

void notes_refused_data(struct tunnel *tunnel, const struct inbound_run *run, enum verdict verdict,
	const struct endpoint *source, const uint8_t *packet, size_t packet_len, struct instant now)
{
	struct note note = {.reason = verdict_reason(verdict), .source = source};
	struct ip_addr inner;
	struct ip_info info;

	if (verdict == VERDICT_WRONG_SOURCE && ip_parse(packet, packet_len, &info)) {
		inner = address_of(info.family, info.source);
		note.inner = &inner;
	}
	note_for(tunnel, run->peer, &note, now);
}

void notes_run(struct tunnel *tunnel, const struct inbound_run *run, unsigned effects,
	const struct endpoint *before, struct instant now)
{
	if (effects & EFFECT_FLUSH)
		notes_peer(tunnel, run->peer, REASON_HANDSHAKE_DONE, before, now);
	note_roaming(tunnel, run->peer, before, now);
}

/* Every system sends such into every interface: that no peer takes them tells nothing. */
static bool is_multicast(const struct ip_addr *addr)
{
	return addr->family == IP_V4 ? addr->b[0] >> 4 == 0xe : addr->b[0] == 0xff;
}

void notes_unrouted(struct tunnel *tunnel, enum verdict verdict, uint32_t slot,
	const uint8_t *packet, size_t len, struct instant now)
{
	struct note note = {.reason = verdict_reason(verdict)};
	struct ip_addr inner;
	struct ip_info info;

	if (ip_parse(packet, len, &info)) {
		inner = address_of(info.family, info.destination);
		note.inner = &inner;
		if (verdict == VERDICT_NO_PEER && is_multicast(&inner))
			return;
	}
	if (slot != PEER_NONE)
		note_for(tunnel, id_of(tunnel, slot), &note, now);
	else
		chronicle_note(tunnel->chronicle, &note, now);
}

static enum reason reason_of_error(int error)
{
	static const struct {
		int error;
		enum reason reason;
	} errors[] = {
		{EPERM, REASON_SEND_DENIED},
		{EACCES, REASON_SEND_DENIED},
		{ENETUNREACH, REASON_SEND_UNREACHABLE},
		{EHOSTUNREACH, REASON_SEND_UNREACHABLE},
		{ENETDOWN, REASON_SEND_UNREACHABLE},
		{EADDRNOTAVAIL, REASON_SEND_NO_SOURCE},
		{EMSGSIZE, REASON_SEND_TOO_LONG},
		{EAGAIN, REASON_SEND_FULL},
		{ENOBUFS, REASON_SEND_FULL},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			return errors[i].reason;
	return REASON_SEND_FAILED;
}

void notes_unsent(struct tunnel *tunnel, const struct peer_id *peer, const struct endpoint *to,
	int error, struct instant now)
{
	const struct note note = {.reason = reason_of_error(-error), .source = to, .error = -error};

	if (peer)
		note_for(tunnel, *peer, &note, now);
	else
		chronicle_note(tunnel->chronicle, &note, now);
}

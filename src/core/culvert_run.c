/*
 * The public face of the core in motion: packets out, datagrams in, time. Handshakes are computed
 * in the call that asks for them. Adds no protocol of its own.
 */
#include "culvert_face.h"

#include <string.h>
#include "ensure.h"
#include "inbound.h"
#include "ip.h"
#include "limits.h"
#include "outbound.h"
#include "tick.h"
#include "wipe.h"

_Static_assert(CULVERT_RANDOM_LEN >= sizeof(struct chance), "a call has all it may need");
_Static_assert((int)CULVERT_HEADER_LEN == (int)DATA_HEADER_LEN, "header");
_Static_assert((int)CULVERT_OVERHEAD_MAX == DATA_OVERHEAD + PADDING_MULTIPLE - 1, "overhead");

enum { HANDSHAKE_TOS = 0x88 }; /* AF41 */

static const uint8_t errors[VERDICT_COUNT] = {
	[VERDICT_OK] = CULVERT_OK,
	[VERDICT_BAD_MESSAGE] = CULVERT_BAD_MESSAGE,
	[VERDICT_NO_IDENTITY] = CULVERT_NO_PRIVATE_KEY,
	[VERDICT_BAD_MAC1] = CULVERT_NOT_FOR_US,
	[VERDICT_COOKIE_NEEDED] = CULVERT_COOKIE_SENT,
	[VERDICT_RATE_LIMITED] = CULVERT_RATE_LIMITED,
	[VERDICT_QUEUE_FULL] = CULVERT_RATE_LIMITED,
	[VERDICT_BAD_HANDSHAKE] = CULVERT_NOT_GENUINE,
	[VERDICT_UNKNOWN_PEER] = CULVERT_UNKNOWN_PEER,
	[VERDICT_OLD_TIMESTAMP] = CULVERT_REPLAYED,
	[VERDICT_INITIATION_FLOOD] = CULVERT_REPLAYED,
	[VERDICT_NO_HANDSHAKE] = CULVERT_UNKNOWN_SESSION,
	[VERDICT_BAD_COOKIE] = CULVERT_NOT_GENUINE,
	[VERDICT_NO_SESSION] = CULVERT_UNKNOWN_SESSION,
	[VERDICT_EXPIRED] = CULVERT_EXPIRED,
	[VERDICT_BAD_TAG] = CULVERT_NOT_GENUINE,
	[VERDICT_REPLAYED] = CULVERT_REPLAYED,
	[VERDICT_BAD_INNER] = CULVERT_BAD_PACKET,
	[VERDICT_WRONG_SOURCE] = CULVERT_WRONG_SOURCE,
	[VERDICT_BAD_PACKET] = CULVERT_BAD_PACKET,
	[VERDICT_NO_PEER] = CULVERT_NO_PEER,
	[VERDICT_LOOPED] = CULVERT_BAD_PACKET,
	[VERDICT_NO_ENDPOINT] = CULVERT_NO_ENDPOINT,
	[VERDICT_NO_KEY] = CULVERT_WAIT,
	[VERDICT_STAGED_FULL] = CULVERT_NO_ROOM,
	[VERDICT_NOT_NOW] = CULVERT_WAIT,
	[VERDICT_GONE] = CULVERT_UNKNOWN_SESSION,
};

_Static_assert(VERDICT_COUNT == 27, "a new verdict has an error above");

/* What a call carries through: its time and chance, and where its results go. */
struct call {
	struct culvert *tunnel;
	struct moment now;
	struct chance chance;
	struct culvert_output *out;
};

static struct call begin(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], struct culvert_output *output)
{
	struct call call = {.tunnel = tunnel, .now = face_moment(now), .out = output};

	memcpy(&call.chance, random, sizeof(call.chance));
	*output = (struct culvert_output){0};
	return call;
}

static enum culvert_error end(struct call *call, enum verdict verdict)
{
	wipe(&call->chance, sizeof(call->chance));
	return (enum culvert_error)errors[verdict];
}

static void name_peer(struct call *call, struct peer_id id)
{
	call->out->is_peer = true;
	call->out->peer = (struct culvert_peer){id.slot, id.generation};
}

static void put_out(
	struct call *call, uint8_t *bytes, size_t len, const struct endpoint *to, uint8_t tos)
{
	ENSURE(call->out->datagrams_count < 2);
	call->out->datagrams[call->out->datagrams_count++] =
		(struct culvert_datagram){bytes, len, face_address(to), tos};
}

/* The same for one that the tunnel's own memory holds until the next call. */
static void put_out_copy(
	struct call *call, const void *bytes, size_t len, const struct endpoint *to, uint8_t tos)
{
	uint8_t *copy = call->tunnel->datagrams[call->out->datagrams_count];

	memcpy(copy, bytes, len);
	put_out(call, copy, len, to, tos);
}

/* Computes the prepared job, to its end. */
static enum verdict run_job(struct call *call, unsigned *effects)
{
	struct device *device = face_device(call->tunnel);
	struct handshake_job *job = &call->tunnel->job;
	enum verdict verdict;

	do {
		handshake_run(job);
		verdict = handshake_finish(device, job, call->now, &call->chance, effects);
	} while (*effects & EFFECT_RUN_AGAIN);
	if (verdict == VERDICT_OK)
		name_peer(call, job->peer);
	if (*effects & EFFECT_SEND) {
		put_out_copy(call, job->datagram, job->datagram_len,
			&device_peer(device, job->peer.slot)->endpoint, HANDSHAKE_TOS);
		device_count_sent(device, job->peer, job->datagram_len);
	}
	handshake_job_fini(job);
	return verdict;
}

static void initiate(struct call *call, uint32_t slot, bool is_retry)
{
	unsigned effects;

	if (handshake_prepare_initiation(face_device(call->tunnel), slot, is_retry, call->now,
		    &call->chance, &call->tunnel->job) == VERDICT_OK)
		run_job(call, &effects);
}

static void send_keepalive(struct call *call, uint32_t slot)
{
	struct device *device = face_device(call->tunnel);
	struct outbound_grant grant;
	uint8_t bytes[KEEPALIVE_LEN] = {0};
	unsigned effects;

	if (outbound_reserve(device, slot, 1, call->now.at, &grant) != VERDICT_OK) {
		initiate(call, slot, false);
		return;
	}
	outbound_seal(call->tunnel->engine, &grant, 0, bytes + DATA_HEADER_LEN, 0, bytes);
	effects = outbound_finish(device, &grant, false, call->now.at, 0);
	put_out_copy(call, bytes, sizeof(bytes), &grant.endpoint, 0);
	device_count_sent(device, grant.peer, sizeof(bytes));
	outbound_grant_fini(&grant);
	if (effects & EFFECT_INITIATE)
		initiate(call, slot, false);
}

static void obey(struct call *call, uint32_t slot, unsigned effects)
{
	call->out->may_flush |= (effects & EFFECT_FLUSH) != 0;
	call->out->gave_up |= (effects & EFFECT_DROP_STAGED) != 0;
	if (effects & EFFECT_KEEPALIVE)
		send_keepalive(call, slot);
	if (effects & (EFFECT_INITIATE | EFFECT_RETRY))
		initiate(call, slot, effects & EFFECT_RETRY);
}

/* Seals the packet into buffer, which has room for it. */
static void seal(struct call *call, const struct outbound_grant *grant, const uint8_t *packet,
	size_t len, uint8_t *buffer)
{
	size_t padded = outbound_padded_len(len, call->tunnel->mtu);
	uint8_t ecn = ip_ecn_encapsulate(ip_ecn(packet));
	uint8_t *at = buffer + DATA_HEADER_LEN;

	if (packet != at)
		memcpy(at, packet, len);
	memset(at + len, 0, padded - len);
	outbound_seal(call->tunnel->engine, grant, 0, at, padded, buffer);
	put_out(call, buffer, DATA_OVERHEAD + padded, &grant->endpoint, ecn);
	device_count_sent(face_device(call->tunnel), grant->peer, DATA_OVERHEAD + padded);
}

enum culvert_error culvert_send(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], const uint8_t *packet, size_t len,
	uint8_t *buffer, size_t buffer_size, struct culvert_output *output)
{
	struct device *device = face_device(tunnel);
	struct call call = begin(tunnel, now, random, output);
	struct outbound_grant grant;
	enum verdict verdict;
	unsigned effects;
	uint32_t slot;

	if (len > CULVERT_PACKET_MAX || buffer_size < len + CULVERT_OVERHEAD_MAX) {
		end(&call, VERDICT_OK);
		return CULVERT_NO_ROOM;
	}
	verdict = outbound_route(device, packet, len, &slot);
	if (verdict != VERDICT_OK)
		return end(&call, verdict);
	name_peer(&call, (struct peer_id){slot, device_peer(device, slot)->generation});
	verdict = outbound_reserve(device, slot, 1, call.now.at, &grant);
	if (verdict != VERDICT_OK) {
		initiate(&call, slot, false);
		return end(&call, verdict);
	}
	seal(&call, &grant, packet, len, buffer);
	effects = outbound_finish(device, &grant, true, call.now.at, le32_load(call.chance.jitter));
	outbound_grant_fini(&grant);
	obey(&call, slot, effects);
	return end(&call, VERDICT_OK);
}

static enum verdict receive_handshake(struct call *call, const struct culvert_datagram *datagram)
{
	struct device *device = face_device(call->tunnel);
	struct handshake_message message = {
		.source = face_endpoint(&datagram->address), .len = (uint8_t)datagram->len};
	struct wire_cookie_reply reply;
	enum verdict verdict;
	unsigned effects;

	memcpy(message.bytes, datagram->bytes, datagram->len);
	verdict = handshake_admit(
		device, &message, call->tunnel->is_busy, call->now.at, &call->chance, &reply);
	if (verdict == VERDICT_COOKIE_NEEDED)
		put_out_copy(call, &reply, sizeof(reply), &message.source, 0);
	if (verdict != VERDICT_OK)
		return verdict;
	verdict = handshake_prepare_message(device, &message, call->now.at, &call->tunnel->job);
	if (verdict != VERDICT_OK)
		return verdict;
	verdict = run_job(call, &effects);
	if (verdict == VERDICT_OK)
		obey(call, call->out->peer.slot, effects);
	return verdict;
}

static enum verdict receive_data(struct call *call, struct culvert_datagram *datagram)
{
	struct device *device = face_device(call->tunnel);
	struct endpoint source = face_endpoint(&datagram->address);
	struct inbound_run run;
	enum verdict verdict;
	unsigned effects;
	bool is_open;

	verdict = inbound_prepare(device, datagram->bytes, call->now.at, &run);
	if (verdict != VERDICT_OK)
		return verdict;
	is_open = inbound_open(call->tunnel->engine, &run, datagram->bytes, datagram->len);
	verdict = inbound_accept(device, &run, is_open, datagram->bytes, datagram->len,
		datagram->tos, &call->out->packet_len);
	if (verdict == VERDICT_OK)
		call->out->packet = datagram->bytes + DATA_HEADER_LEN;
	if (run.has_authentic)
		name_peer(call, run.peer);
	effects = inbound_finish(device, &run, &source, call->now);
	inbound_run_fini(&run);
	obey(call, run.peer.slot, effects);
	return verdict;
}

enum culvert_error culvert_receive(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], struct culvert_datagram *datagram,
	struct culvert_output *output)
{
	struct call call = begin(tunnel, now, random, output);
	enum verdict verdict = VERDICT_BAD_MESSAGE;

	if (datagram->len > BULK_LEN_MAX)
		return end(&call, verdict);
	switch (wire_classify(datagram->bytes, datagram->len)) {
	case MESSAGE_NONE:
		device_count(face_device(tunnel), verdict);
		break;
	case MESSAGE_INITIATION:
	case MESSAGE_RESPONSE:
		verdict = receive_handshake(&call, datagram);
		break;
	case MESSAGE_COOKIE_REPLY:
		verdict = handshake_consume_cookie_reply(
			face_device(tunnel), (const void *)datagram->bytes, call.now.at);
		break;
	case MESSAGE_DATA:
		verdict = receive_data(&call, datagram);
		break;
	}
	return end(&call, verdict);
}

bool culvert_tick(struct culvert *tunnel, const struct culvert_time *now,
	const uint8_t random[CULVERT_RANDOM_LEN], struct culvert_output *output)
{
	struct device *device = face_device(tunnel);
	struct call call = begin(tunnel, now, random, output);
	uint32_t slot;
	unsigned effects;
	bool was_due = tick_next(device, call.now.at, &slot, &effects);

	if (was_due) {
		name_peer(&call, (struct peer_id){slot, device_peer(device, slot)->generation});
		obey(&call, slot, effects);
	}
	end(&call, VERDICT_OK);
	return was_due;
}

uint64_t culvert_next(const struct culvert *tunnel)
{
	return tick_when(face_device(tunnel)).ns;
}

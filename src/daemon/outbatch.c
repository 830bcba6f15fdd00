/* From packets with their grants to messages ready for the socket: no system calls, no device. */
#include "outbatch.h"

#include <string.h>
#include "ensure.h"
#include "ip.h"
#include "limits.h"

void outbatch_init(struct outbatch *batch, uint8_t *in, uint8_t *out)
{
	batch->in = in;
	batch->out = out;
	outbatch_reset(batch, MTU_DEFAULT);
}

void outbatch_reset(struct outbatch *batch, size_t mtu)
{
	batch->in_len = batch->out_len = 0;
	batch->packets_count = batch->messages_count = 0;
	batch->planned_len = batch->planned_messages = 0;
	batch->has_gone_ahead = false;
	batch->mtu = mtu;
}

static bool has_place(const struct outbatch *batch)
{
	return batch->in_len < OUTBATCH_FULL_LEN && batch->packets_count < OUTBATCH_PACKETS;
}

bool outbatch_is_full(const struct outbatch *batch)
{
	return !has_place(batch) ||
	       batch->out_len + batch->planned_len + OUTBATCH_SUPER_LEN > OUTBATCH_OUT_LEN ||
	       batch->messages_count + batch->planned_messages + OUTBATCH_SUPER_MESSAGES >
		       OUTBATCH_MESSAGES;
}

uint8_t *outbatch_place(const struct outbatch *batch)
{
	ENSURE(has_place(batch));
	return batch->in + batch->in_len;
}

static size_t aligned(size_t len)
{
	return (len + OUTBATCH_ALIGNMENT - 1) / OUTBATCH_ALIGNMENT * OUTBATCH_ALIGNMENT;
}

/* A segment of the split, padded and sealed, at most. */
static size_t sealed_len(const struct split *split)
{
	return split_segment_len(split, 0) + PADDING_MULTIPLE + DATA_OVERHEAD;
}

/* How many messages its segments make, at most: they begin in one of their own. */
static unsigned messages_of(const struct split *split)
{
	size_t per_message;

	if (split->count == 1)
		return 1;
	per_message = UDP_SEGMENTED_MAX / sealed_len(split);
	if (per_message > UDP_SEGMENTS_MAX)
		per_message = UDP_SEGMENTS_MAX;
	/* Joining the message before shifts the cuts by one. */
	return per_message == 0 ? split->count : (unsigned)(split->count / per_message) + 1;
}

/* What they take, each message aligned. */
static size_t planned_len_of(const struct split *split)
{
	return split->count * sealed_len(split) + messages_of(split) * OUTBATCH_ALIGNMENT;
}

bool outbatch_fits(const struct split *split)
{
	return planned_len_of(split) <= OUTBATCH_SUPER_LEN &&
	       messages_of(split) <= OUTBATCH_SUPER_MESSAGES;
}

struct outpacket *outbatch_next(struct outbatch *batch)
{
	ENSURE(has_place(batch));
	return &batch->packets[batch->packets_count];
}

void outbatch_commit(struct outbatch *batch)
{
	const struct outpacket *packet = outbatch_next(batch);

	ENSURE(packet->split.packet == outbatch_place(batch) &&
		packet->grant.count == packet->split.count);
	batch->packets_count++;
	batch->in_len = aligned(batch->in_len + packet->split.len + SPLIT_TAILROOM);
	batch->planned_len += planned_len_of(&packet->split);
	batch->planned_messages += messages_of(&packet->split);
}

bool outbatch_has_room(const struct outbatch *batch, size_t len)
{
	return batch->messages_count < OUTBATCH_MESSAGES &&
	       aligned(batch->out_len) + len <= OUTBATCH_OUT_LEN;
}

/* A new message of len bytes; NULL: no room. */
static struct outmessage *start_message(struct outbatch *batch, size_t len)
{
	size_t at = aligned(batch->out_len);
	struct outmessage *m = &batch->messages[batch->messages_count];

	if (!outbatch_has_room(batch, len))
		return NULL;
	batch->messages_count++;
	*m = (struct outmessage){
		.piece = {batch->out + at, len}, .segment_len = (uint16_t)len, .segments = 1};
	batch->out_len = at + len;
	return m;
}

static bool may_join(
	const struct outmessage *m, const struct outbound_grant *grant, size_t len, uint8_t ds)
{
	return m->has_peer && !m->is_closed && m->ds == ds && m->peer.slot == grant->peer.slot &&
	       m->peer.generation == grant->peer.generation &&
	       endpoint_same_remote(&m->to, &grant->endpoint) && len <= m->segment_len &&
	       m->segments < UDP_SEGMENTS_MAX && m->piece.iov_len + len <= UDP_SEGMENTED_MAX;
}

/* Where a data message of len bytes goes; NULL: no room. */
static uint8_t *place_data(
	struct outbatch *batch, const struct outbound_grant *grant, size_t len, uint8_t ds)
{
	struct outmessage *m =
		batch->messages_count > 0 ? &batch->messages[batch->messages_count - 1] : NULL;

	if (m && may_join(m, grant, len, ds) && batch->out_len + len <= OUTBATCH_OUT_LEN) {
		uint8_t *at = (uint8_t *)m->piece.iov_base + m->piece.iov_len;

		m->piece.iov_len += len;
		m->segments++;
		m->is_closed = len < m->segment_len;
		batch->out_len += len;
		return at;
	}
	m = start_message(batch, len);
	if (!m)
		return NULL;
	m->peer = grant->peer;
	m->has_peer = true;
	m->to = grant->endpoint;
	m->ds = ds;
	return m->piece.iov_base;
}

bool outbatch_add_keepalive(
	struct outbatch *batch, struct bulk_engine *engine, const struct outbound_grant *grant)
{
	uint8_t *out = place_data(batch, grant, KEEPALIVE_LEN, 0);

	if (out)
		outbound_seal(engine, grant, 0, out + DATA_HEADER_LEN, 0, out);
	return out != NULL;
}

bool outbatch_add_datagram(struct outbatch *batch, const struct peer_id *peer,
	const struct endpoint *to, const void *bytes, size_t len, uint8_t ds)
{
	struct outmessage *m = start_message(batch, len);

	if (!m)
		return false;
	if (peer) {
		m->peer = *peer;
		m->has_peer = true;
	}
	m->is_closed = true;
	m->to = *to;
	m->ds = ds;
	memcpy(m->piece.iov_base, bytes, len);
	return true;
}

static void seal_packet(
	struct outbatch *batch, struct outpacket *packet, struct bulk_engine *engine)
{
	struct split *split = &packet->split;
	uint8_t ds = ip_ecn_encapsulate(ip_ecn(split->packet));

	while (split->next < split->count) {
		uint32_t i = split->next;
		size_t padded_len = outbound_padded_len(split_segment_len(split, i), batch->mtu);
		const uint8_t *segment = split_next(split, padded_len);
		uint8_t *out = place_data(batch, &packet->grant, DATA_OVERHEAD + padded_len, ds);

		ENSURE(out); /* as planned in outbatch_add() */
		outbound_seal(engine, &packet->grant, i, segment, padded_len, out);
	}
}

void outbatch_seal(struct outbatch *batch, struct bulk_engine *engine)
{
	for (unsigned i = 0; i < batch->packets_count; i++)
		seal_packet(batch, &batch->packets[i], engine);
	for (unsigned i = 0; i < batch->packets_count; i++)
		outbound_grant_fini(&batch->packets[i].grant);
	batch->packets_count = 0;
	batch->in_len = 0;
	batch->planned_len = batch->planned_messages = 0;
}

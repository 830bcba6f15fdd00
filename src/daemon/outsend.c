/* Each message's fate, as os/udp tells it, and its consequence. */
#include "outsend.h"

#include <string.h>
#include "clock.h"
#include "notes.h"

/* An address that takes no messages in segments; void when the paths have changed since. */
struct refusal {
	struct ip_addr addr;
	uint32_t paths;
};

struct outsend {
	struct outcall call;
	uint32_t paths, refused_at;                /* the latter: those of the last refusal */
	struct refusal refusals[TUNNEL_PEERS_MAX]; /* by slot of the peer who is there */
};

size_t outsend_size(void)
{
	return sizeof(struct outsend);
}

struct outsend *outsend_init(void *memory)
{
	struct outsend *outsend = memory;

	outsend->paths = 1;
	return outsend;
}

void outsend_forget_paths(struct outsend *outsend)
{
	outsend->paths++;
}

static bool refuses_segments(
	const struct outsend *outsend, const struct tunnel *tunnel, const struct outmessage *m)
{
	const struct refusal *refusal = &outsend->refusals[m->peer.slot];

	return !tunnel->udp.has_gso ||
	       (refusal->paths == outsend->paths && ip_addr_equal(&refusal->addr, &m->to.addr));
}

static struct udp_out out_of(struct outmessage *m)
{
	return (struct udp_out){.to = &m->to,
		.pieces = &m->piece,
		.pieces_count = 1,
		.ds = m->ds,
		.segment_len = m->segments > 1 ? m->segment_len : 0};
}

/* Lost: no time is at hand here, and it is rare enough to ask for it. */
static void note_loss(struct tunnel *tunnel, const struct outmessage *m, const struct udp_out *out)
{
	notes_unsent(tunnel, m->has_peer ? &m->peer : NULL, &m->to, out->result, clock_now());
}

/* The local address is no longer ours: the message goes without, and so do those to come. */
static void forget_source(struct tunnel *tunnel, struct outmessage *m)
{
	struct peer *peer = m->has_peer ? device_peer_by_id(tunnel->device, m->peer) : NULL;

	m->to.local.family = IP_NONE;
	m->to.local_ifindex = 0;
	if (peer) {
		peer->endpoint.local.family = IP_NONE;
		peer->endpoint.local_ifindex = 0;
	}
}

static struct udp_out send_alone(
	struct outsend *outsend, struct tunnel *tunnel, struct outmessage *m)
{
	struct udp_out out = out_of(m);

	udp_send(&tunnel->udp, &out, 1, &outsend->call.scratch);
	return out;
}

/* Sends datagram by datagram; true when a full socket leaves some of them in the message. */
static bool send_singly(struct outsend *outsend, struct tunnel *tunnel, struct outmessage *m)
{
	while (m->segments > 0) {
		struct outmessage one = *m;
		struct udp_out out;

		one.segments = 1;
		if (m->segments > 1)
			one.piece.iov_len = m->segment_len;
		out = send_alone(outsend, tunnel, &one);
		if (udp_fate(&out) == UDP_BAD_SOURCE) {
			forget_source(tunnel, m);
			continue;
		}
		if (udp_fate(&out) == UDP_FULL)
			return true;
		if (udp_fate(&out) == UDP_SENT)
			device_count_sent(tunnel->device, m->peer, one.piece.iov_len);
		else
			note_loss(tunnel, m, &out);
		m->piece.iov_base = (uint8_t *)m->piece.iov_base + one.piece.iov_len;
		m->piece.iov_len -= one.piece.iov_len;
		m->segments--;
	}
	return false;
}

/* True when the message must stay for another try. */
static bool settle(
	struct outsend *outsend, struct tunnel *tunnel, struct outmessage *m, struct udp_out out)
{
	if (udp_fate(&out) == UDP_BAD_SOURCE) {
		forget_source(tunnel, m);
		out = send_alone(outsend, tunnel, m);
	}
	switch (udp_fate(&out)) {
	case UDP_SENT:
		if (m->has_peer)
			device_count_sent(tunnel->device, m->peer, m->piece.iov_len);
		return false;
	case UDP_FULL:
	case UDP_HELD:
		return true;
	case UDP_BAD_SEGMENTS:
		outsend->refused_at = outsend->paths;
		outsend->refusals[m->peer.slot] = (struct refusal){m->to.addr, outsend->paths};
		return send_singly(outsend, tunnel, m);
	case UDP_BAD_SOURCE:
	case UDP_LOST:
		note_loss(tunnel, m, &out);
		return false;
	}
	return false;
}

/* The same for one that was held, now that it is its turn. */
static bool send_held(struct outsend *outsend, struct tunnel *tunnel, struct outmessage *m)
{
	if (m->segments > 1 && refuses_segments(outsend, tunnel, m))
		return send_singly(outsend, tunnel, m);
	return settle(outsend, tunnel, m, send_alone(outsend, tunnel, m));
}

/* How many messages from `at` on go in one call; 0: the one there must go singly. */
static unsigned count_sendable(const struct outsend *outsend, const struct tunnel *tunnel,
	const struct outbatch *batch, unsigned at)
{
	unsigned count = 0;

	while (count < UDP_BATCH_MAX && at + count < batch->messages_count) {
		const struct outmessage *m = &batch->messages[at + count];

		if (m->segments > 1 && refuses_segments(outsend, tunnel, m))
			break;
		count++;
	}
	return count;
}

/* Sends messages [at, at + count) in one call; what must stay moves to *kept and on. */
static void send_together(struct outsend *outsend, struct tunnel *tunnel, struct outbatch *batch,
	unsigned at, unsigned count, unsigned *kept)
{
	for (unsigned i = 0; i < count; i++)
		outsend->call.outs[i] = out_of(&batch->messages[at + i]);
	udp_send(&tunnel->udp, outsend->call.outs, count, &outsend->call.scratch);
	for (unsigned i = 0; i < count; i++) {
		struct outmessage *m = &batch->messages[at + i];
		const struct udp_out *out = &outsend->call.outs[i];

		if (udp_fate(out) == UDP_HELD ? send_held(outsend, tunnel, m)
					      : settle(outsend, tunnel, m, *out))
			batch->messages[(*kept)++] = *m;
	}
}

/* Counts what was sent ahead; the others move up. */
static void drop_sent(struct tunnel *tunnel, struct outbatch *batch)
{
	unsigned left = 0;

	for (unsigned i = 0; i < batch->messages_count; i++) {
		const struct outmessage *m = &batch->messages[i];

		if (m->is_sent && m->has_peer)
			device_count_sent(tunnel->device, m->peer, m->piece.iov_len);
		else if (!m->is_sent)
			batch->messages[left++] = *m;
	}
	batch->messages_count = left;
	batch->has_gone_ahead = false;
}

bool outsend_batch(struct outsend *outsend, struct tunnel *tunnel, struct outbatch *batch)
{
	unsigned kept = 0;

	if (batch->has_gone_ahead)
		drop_sent(tunnel, batch);
	for (unsigned at = 0; at < batch->messages_count;) {
		/* Nothing overtakes what a full socket left. */
		unsigned count = kept > 0 ? 0 : count_sendable(outsend, tunnel, batch, at);

		if (count > 0) {
			send_together(outsend, tunnel, batch, at, count, &kept);
			at += count;
			continue;
		}
		if (kept > 0 || send_singly(outsend, tunnel, &batch->messages[at]))
			batch->messages[kept++] = batch->messages[at];
		at++;
	}
	batch->messages_count = kept;
	if (kept > 0) {
		/* What comes behind must not join it: its end is not the batch's any more. */
		batch->messages[kept - 1].is_closed = true;
		return false;
	}
	outbatch_reset(batch, tunnel->mtu);
	return true;
}

bool outsend_may_go_ahead(const struct outsend *outsend, const struct tunnel *tunnel)
{
	return tunnel->udp.has_gso && outsend->refused_at != outsend->paths;
}

bool outsend_ahead(struct outcall *call, struct outbatch *batch)
{
	batch->has_gone_ahead = true;
	for (unsigned at = 0; at < batch->messages_count; at += UDP_BATCH_MAX) {
		unsigned count = batch->messages_count - at;
		unsigned sent;

		if (count > UDP_BATCH_MAX)
			count = UDP_BATCH_MAX;
		for (unsigned i = 0; i < count; i++)
			call->outs[i] = out_of(&batch->messages[at + i]);
		sent = udp_send(&batch->udp, call->outs, count, &call->scratch);
		for (unsigned i = 0; i < count; i++)
			batch->messages[at + i].is_sent = call->outs[i].result == 0;
		if (sent < count)
			return false;
	}
	return true;
}

/*
 * TUN -> core/outbound -> UDP. The packet is read into one buffer and sealed from there into its
 * place in the outgoing datagram: payload is never copied.
 */
#include "egress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "ensure.h"
#include "icmp.h"
#include "ip.h"
#include "jitter.h"
#include "limits.h"
#include "split.h"
#include "wipe.h"

enum {
	OUT_LEN = 256 * 1024,
	/* Packets read before the loop looks at the other direction. */
	RUN_PACKETS = 64,
	/* A batch this full is sent before more is read: it is still in the cache. */
	OUT_FLUSH_LEN = 64 * 1024,
	ALIGNMENT = 64,
	PACKET_LEN = TUN_ROOM + ALIGNMENT,
	ICMP_PER_SECOND = 100,
};

_Static_assert(TUN_ROOM + SPLIT_TAILROOM <= PACKET_LEN, "padding");
_Static_assert(STAGING_PACKET_MAX + PADDING_MULTIPLE <= PACKET_LEN, "padding");

/* One UDP message in the making. */
struct message {
	struct peer_id peer;
	bool has_peer;
	bool is_closed; /* nothing can be added: a shorter segment is the last */
	struct endpoint to;
	struct iovec piece;
	uint16_t segment_len;
	uint16_t segments;
	uint8_t ds;
};

/* An address that takes no messages in segments; void when the paths have changed since. */
struct refusal {
	struct ip_addr addr;
	uint32_t paths;
};

struct egress {
	struct arena arena;
	uint8_t *packet; /* TUN_ROOM and room for padding */
	struct refusal *refusals; /* by slot of the peer who is there */
	uint32_t paths;
	uint8_t *out;
	size_t out_len;
	unsigned count;
	bool is_blocked;
	struct message messages[UDP_BATCH_MAX];
	struct udp_out outs[UDP_BATCH_MAX];
	struct udp_scratch scratch;
	struct instant icmp_full; /* when the ICMP budget is whole again */
};

int egress_create(struct egress **egress)
{
	struct egress *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	err = arena_reserve(&e->arena, PACKET_LEN + OUT_LEN + TUNNEL_PEERS_MAX * sizeof(*e->refusals),
		ARENA_PRIVATE);
	if (err < 0) {
		free(e);
		return err;
	}
	e->out = e->arena.base;
	e->packet = e->out + OUT_LEN;
	e->refusals = (void *)(e->packet + PACKET_LEN);
	*egress = e;
	return 0;
}

void egress_destroy(struct egress *egress)
{
	if (!egress)
		return;
	/* Not the refusals, of which most are never touched. */
	wipe(egress->arena.base, OUT_LEN + PACKET_LEN);
	arena_release(&egress->arena);
	free(egress);
}

bool egress_is_blocked(const struct tunnel *tunnel)
{
	return tunnel->egress->is_blocked;
}

bool egress_is_blocked_in(const struct tunnel *tunnel, uint8_t family)
{
	const struct egress *e = tunnel->egress;
	unsigned i = 0;

	while (i < e->count && e->messages[i].to.addr.family != family)
		i++;
	return e->is_blocked && i < e->count;
}

void egress_forget_paths(struct tunnel *tunnel)
{
	tunnel->egress->paths++;
}

void egress_discard(struct tunnel *tunnel)
{
	tunnel->egress->count = 0;
	tunnel->egress->out_len = 0;
	tunnel->egress->is_blocked = false;
}

static struct udp_out out_of(struct message *m)
{
	return (struct udp_out){.to = &m->to,
		.pieces = &m->piece,
		.pieces_count = 1,
		.ds = m->ds,
		.segment_len = m->segments > 1 ? m->segment_len : 0};
}

static void log_loss(struct tunnel *tunnel, size_t len, const struct udp_out *out)
{
	log_verbose(&tunnel->log, "Sending %zu bytes: %s", len, strerror(-out->result));
}

static bool refuses_segments(const struct egress *e, uint32_t slot, const struct ip_addr *addr)
{
	const struct refusal *refusal = &e->refusals[slot];

	return refusal->paths == e->paths && ip_addr_equal(&refusal->addr, addr);
}

/*
 * The path takes no segments: sends datagram by datagram, now and to this address from here on.
 * True when a full socket leaves some of them in the message.
 */
static bool send_singly(struct tunnel *tunnel, struct message *m)
{
	if (m->has_peer)
		tunnel->egress->refusals[m->peer.slot] =
			(struct refusal){m->to.addr, tunnel->egress->paths};
	while (m->segments > 0) {
		struct message one = *m;
		struct udp_out out;

		one.segments = 1;
		if (m->segments > 1)
			one.piece.iov_len = m->segment_len;
		out = out_of(&one);
		udp_send(&tunnel->udp, &out, 1, &tunnel->egress->scratch);
		if (udp_fate(&out) == UDP_FULL)
			return true;
		if (udp_fate(&out) != UDP_SENT)
			log_loss(tunnel, one.piece.iov_len, &out);
		else if (m->has_peer)
			device_count_sent(tunnel->device, m->peer, one.piece.iov_len);
		m->piece.iov_base = (uint8_t *)m->piece.iov_base + one.piece.iov_len;
		m->piece.iov_len -= one.piece.iov_len;
		m->segments--;
	}
	return false;
}

/* The local address is no longer ours: without it, once more. */
static struct udp_out send_from_anywhere(struct tunnel *tunnel, struct message *m)
{
	struct peer *peer = m->has_peer ? device_peer_by_id(tunnel->device, m->peer) : NULL;
	struct udp_out out;

	m->to.local.family = IP_NONE;
	m->to.local_ifindex = 0;
	if (peer) {
		peer->endpoint.local.family = IP_NONE;
		peer->endpoint.local_ifindex = 0;
	}
	out = out_of(m);
	udp_send(&tunnel->udp, &out, 1, &tunnel->egress->scratch);
	return out;
}

/* True when the message must stay for another try. */
static bool settle(struct tunnel *tunnel, struct message *m, struct udp_out out)
{
	if (udp_fate(&out) == UDP_BAD_SOURCE)
		out = send_from_anywhere(tunnel, m);
	switch (udp_fate(&out)) {
	case UDP_SENT:
		if (m->has_peer)
			device_count_sent(tunnel->device, m->peer, m->piece.iov_len);
		return false;
	case UDP_FULL:
		return true;
	case UDP_BAD_SEGMENTS:
		return send_singly(tunnel, m);
	case UDP_BAD_SOURCE:
	case UDP_LOST:
		log_loss(tunnel, m->piece.iov_len, &out);
		return false;
	}
	return false;
}

void egress_flush(struct tunnel *tunnel)
{
	struct egress *e = tunnel->egress;
	unsigned kept = 0;

	if (e->count == 0)
		return;
	for (unsigned i = 0; i < e->count; i++)
		e->outs[i] = out_of(&e->messages[i]);
	udp_send(&tunnel->udp, e->outs, e->count, &e->scratch);
	for (unsigned i = 0; i < e->count; i++)
		if (settle(tunnel, &e->messages[i], e->outs[i]))
			e->messages[kept++] = e->messages[i];
	e->is_blocked = kept > 0;
	e->count = kept;
	if (kept > 0)
		e->messages[kept - 1].is_closed = true;
	else
		e->out_len = 0;
}

static bool has_room(const struct egress *e, size_t len)
{
	return e->count < UDP_BATCH_MAX && e->out_len + len + ALIGNMENT <= OUT_LEN;
}

/* A new message of len bytes at the batch's end; NULL when a full socket leaves no room. */
static struct message *start_message(struct tunnel *tunnel, size_t len)
{
	struct egress *e = tunnel->egress;
	struct message *m;

	if (!has_room(e, len))
		egress_flush(tunnel);
	if (!has_room(e, len))
		return NULL;
	e->out_len = (e->out_len + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	m = &e->messages[e->count++];
	*m = (struct message){.piece = {e->out + e->out_len, len}, .segments = 1};
	/* Too long for any datagram: it is lost, and nothing may join it. */
	m->is_closed = len > UDP_PAYLOAD_MAX;
	m->segment_len = m->is_closed ? 0 : (uint16_t)len;
	e->out_len += len;
	return m;
}

/* True when the batch's last message can take one more datagram of len bytes. */
static bool may_join(const struct tunnel *tunnel, const struct message *m,
	const struct outbound_grant *grant, size_t len, uint8_t ds)
{
	const struct egress *e = tunnel->egress;

	return tunnel->udp.has_gso && m->has_peer && !m->is_closed && m->ds == ds &&
	       m->peer.slot == grant->peer.slot && m->peer.generation == grant->peer.generation &&
	       endpoint_same_remote(&m->to, &grant->endpoint) &&
	       !refuses_segments(e, grant->peer.slot, &grant->endpoint.addr) &&
	       len <= m->segment_len && m->segments < UDP_SEGMENTS_MAX &&
	       m->piece.iov_len + len <= UDP_SEGMENTED_MAX && e->out_len + len <= OUT_LEN;
}

/* Where a data message of len bytes goes; NULL: nowhere. */
static uint8_t *place(struct tunnel *tunnel, const struct outbound_grant *grant, size_t len,
	uint8_t ds)
{
	struct egress *e = tunnel->egress;
	struct message *m = e->count > 0 ? &e->messages[e->count - 1] : NULL;

	if (m && may_join(tunnel, m, grant, len, ds)) {
		uint8_t *at = (uint8_t *)m->piece.iov_base + m->piece.iov_len;

		m->piece.iov_len += len;
		m->segments++;
		m->is_closed = len < m->segment_len;
		e->out_len += len;
		return at;
	}
	m = start_message(tunnel, len);
	if (!m)
		return NULL;
	m->peer = grant->peer;
	m->has_peer = true;
	m->to = grant->endpoint;
	m->ds = ds;
	return m->piece.iov_base;
}

void egress_datagram(struct tunnel *tunnel, const struct peer_id *peer, const struct endpoint *to,
	const void *bytes, size_t len, uint8_t ds)
{
	struct message *m = start_message(tunnel, len);

	if (!m)
		return;
	if (peer) {
		m->peer = *peer;
		m->has_peer = true;
	}
	m->is_closed = true;
	m->to = *to;
	m->ds = ds;
	memcpy(m->piece.iov_base, bytes, len);
}

static void seal_one(struct tunnel *tunnel, const struct outbound_grant *grant, uint32_t i,
	const uint8_t *packet, size_t padded_len)
{
	uint8_t ds = padded_len > 0 ? ip_ecn_encapsulate(ip_ecn(packet)) : 0;
	uint8_t *out = place(tunnel, grant, DATA_OVERHEAD + padded_len, ds);

	if (out)
		outbound_seal(tunnel->engine, grant, i, packet, padded_len, out);
}

/* What a packet out can make the core ask for. */
static void want_handshake(struct tunnel *tunnel, uint32_t slot, unsigned effects)
{
	if (effects & EFFECT_INITIATE)
		handshaker_want(tunnel->handshaker, slot, false);
}

/* Sends what the split has left to the peer, as far as there is a key; true when all went. */
static bool seal_all(struct tunnel *tunnel, uint32_t slot, struct split *split, struct moment now)
{
	struct outbound_grant grant;

	while (split->next < split->count) {
		if (outbound_reserve(tunnel->device, slot, split->count - split->next, now.at,
			    &grant) != VERDICT_OK)
			return false;
		for (uint32_t i = 0; i < grant.count; i++) {
			size_t padded_len = outbound_padded_len(
				split_segment_len(split, split->next), tunnel->mtu);

			seal_one(tunnel, &grant, i, split_next(split, padded_len), padded_len);
		}
		want_handshake(tunnel, slot,
			outbound_finish(tunnel->device, &grant, true, now.at,
				jitter_draw(tunnel)));
		outbound_grant_fini(&grant);
	}
	return true;
}

/* No key: the segments wait, each by itself, and a handshake starts. */
static void stage_rest(struct tunnel *tunnel, uint32_t slot, struct split *split)
{
	while (split->next < split->count) {
		size_t len = split_segment_len(split, split->next);
		unsigned lost = staging_push(tunnel->staging, slot, split_next(split, len), len);

		while (lost-- > 0)
			device_count(tunnel->device, VERDICT_STAGED_FULL);
	}
	want_handshake(tunnel, slot, EFFECT_INITIATE);
}

/* A bucket of ICMP_PER_SECOND answers. */
static bool may_answer(struct egress *e, struct instant now)
{
	uint64_t cost = NS_PER_S / ICMP_PER_SECOND;

	if (e->icmp_full.ns < now.ns)
		e->icmp_full = now;
	if (e->icmp_full.ns - now.ns > NS_PER_S - cost)
		return false;
	e->icmp_full.ns += cost;
	return true;
}

static void answer_unreachable(struct tunnel *tunnel, const uint8_t *packet, size_t len,
	struct instant now)
{
	static const struct tun_header plain;
	uint8_t answer[ICMP_UNREACHABLE_MAX];
	struct iovec pieces[2] = {{NULL, 0}, {answer, 0}};

	if (!may_answer(tunnel->egress, now))
		return;
	pieces[1].iov_len = icmp_unreachable(packet, len, answer);
	if (pieces[1].iov_len > 0)
		tun_write(&tunnel->tun, &plain, pieces, 2);
}

static void send_packet(struct tunnel *tunnel, const struct tun_header *header, size_t len,
	struct moment now)
{
	struct egress *e = tunnel->egress;
	enum verdict verdict;
	struct split split;
	uint32_t slot;

	/* What was sent before the interface went down waits for nothing. */
	if (!tunnel->device->is_up)
		return;
	verdict = outbound_route(tunnel->device, e->packet, len, &slot);
	if (verdict == VERDICT_NO_PEER || verdict == VERDICT_NO_ENDPOINT)
		answer_unreachable(tunnel, e->packet, len, now.at);
	if (verdict != VERDICT_OK)
		return;
	if (!split_begin(&split, header, e->packet, len)) {
		device_count(tunnel->device, VERDICT_BAD_PACKET);
		return;
	}
	/* What waits goes first, so that packets keep their order. */
	if (staging_has(tunnel->staging, slot) || !seal_all(tunnel, slot, &split, now))
		stage_rest(tunnel, slot, &split);
}

bool egress_run(struct tunnel *tunnel, struct moment now)
{
	struct egress *e = tunnel->egress;
	bool may_have_more = true;

	if (e->is_blocked)
		egress_flush(tunnel);
	for (unsigned i = 0; i < RUN_PACKETS && !e->is_blocked; i++) {
		struct tun_header header;
		ssize_t len = tun_read(&tunnel->tun, &header, e->packet, TUN_ROOM);

		if (len == -EMSGSIZE)
			continue;
		if (len < 0) {
			tunnel->is_deleted = len == -EBADFD || tunnel->is_deleted;
			may_have_more = false;
			break;
		}
		send_packet(tunnel, &header, (size_t)len, now);
		if (e->out_len >= OUT_FLUSH_LEN)
			egress_flush(tunnel);
	}
	egress_flush(tunnel);
	return may_have_more && !e->is_blocked;
}

void egress_staged(struct tunnel *tunnel, uint32_t slot, struct moment now)
{
	struct egress *e = tunnel->egress;
	struct outbound_grant grant;
	unsigned effects = EFFECT_NONE;

	while (staging_has(tunnel->staging, slot)) {
		size_t len, padded_len;

		if (outbound_reserve(tunnel->device, slot, 1, now.at, &grant) != VERDICT_OK) {
			effects = EFFECT_INITIATE;
			break;
		}
		len = staging_pop(tunnel->staging, slot, e->packet);
		padded_len = outbound_padded_len(len, tunnel->mtu);
		memset(e->packet + len, 0, padded_len - len);
		seal_one(tunnel, &grant, 0, e->packet, padded_len);
		effects |= outbound_finish(tunnel->device, &grant, true, now.at,
			jitter_draw(tunnel));
		outbound_grant_fini(&grant);
	}
	want_handshake(tunnel, slot, effects);
}

void egress_keepalive(struct tunnel *tunnel, uint32_t slot, struct moment now)
{
	struct outbound_grant grant;
	unsigned effects = EFFECT_INITIATE;

	if (outbound_reserve(tunnel->device, slot, 1, now.at, &grant) == VERDICT_OK) {
		seal_one(tunnel, &grant, 0, tunnel->egress->packet, 0);
		effects = outbound_finish(tunnel->device, &grant, false, now.at,
			jitter_draw(tunnel));
		outbound_grant_fini(&grant);
	}
	want_handshake(tunnel, slot, effects);
}

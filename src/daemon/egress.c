/*
 * TUN -> core/outbound -> UDP. Batches go their way by outflight.h. Beside them one batch takes what
 * does not come from the TUN device: handshakes, keepalives, packets that had to wait.
 */
#include "egress.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "ensure.h"
#include "fields.h"
#include "icmp.h"
#include "jitter.h"
#include "limits.h"
#include "notes.h"
#include "outbatch.h"
#include "outflight.h"
#include "outsend.h"
#include "sources.h"

enum {
	/* In flight at once for each thread of the pool, beside the one being gathered. */
	BATCHES_PER_THREAD = 2,
	ICMP_PER_SECOND = 100,
};

struct egress {
	struct arena arena;
	struct outsend *outsend;
	bool is_blocked;
	struct instant icmp_full; /* when the ICMP budget is whole again */
	struct outbatch *aside;
	struct outflight flight;
};

static struct outbatch *carve_batch(uint8_t **memory)
{
	struct outbatch *batch = (void *)*memory;
	size_t head =
		(sizeof(*batch) + OUTBATCH_ALIGNMENT - 1) / OUTBATCH_ALIGNMENT * OUTBATCH_ALIGNMENT;
	size_t in_len = (OUTBATCH_IN_LEN + OUTBATCH_ALIGNMENT - 1) / OUTBATCH_ALIGNMENT *
			OUTBATCH_ALIGNMENT;

	outbatch_init(batch, *memory + head, *memory + head + in_len);
	*memory += head + in_len + OUTBATCH_OUT_LEN;
	return batch;
}

int egress_create(struct egress **egress, unsigned threads)
{
	struct egress *e = calloc(1, sizeof(*e));
	unsigned batches = 1 + threads * BATCHES_PER_THREAD;
	uint8_t *memory;
	int err;

	if (!e)
		return -ENOMEM;
	if (batches > OUTFLIGHT_MAX)
		batches = OUTFLIGHT_MAX;
	err = arena_reserve(&e->arena,
		(batches + 1) * (sizeof(struct outbatch) + OUTBATCH_IN_LEN + OUTBATCH_OUT_LEN +
					2 * OUTBATCH_ALIGNMENT) +
			sizeof(struct outcall) + outsend_size(),
		ARENA_PRIVATE);
	if (err < 0) {
		free(e);
		return err;
	}
	memory = e->arena.base;
	e->aside = carve_batch(&memory);
	for (unsigned i = 0; i < batches; i++)
		e->flight.batches[i] = carve_batch(&memory);
	e->flight.batches_count = batches;
	outflight_init(&e->flight, (void *)memory);
	e->outsend = outsend_init(memory + sizeof(struct outcall));
	*egress = e;
	return 0;
}

void egress_destroy(struct egress *egress)
{
	if (!egress)
		return;
	outflight_fini(&egress->flight);
	arena_wipe(&egress->arena);
	arena_release(&egress->arena);
	free(egress);
}

bool egress_is_blocked(const struct tunnel *tunnel)
{
	return tunnel->egress->is_blocked;
}

bool egress_has_room(const struct tunnel *tunnel)
{
	const struct outflight *flight = &tunnel->egress->flight;

	return flight->in_flight < flight->batches_count;
}

bool egress_is_idle(const struct tunnel *tunnel)
{
	return tunnel->egress->flight.in_flight == 0;
}

void egress_flush(struct tunnel *tunnel)
{
	struct egress *e = tunnel->egress;
	bool is_sent = outsend_batch(e->outsend, tunnel, e->aside);

	e->is_blocked = !outflight_advance(&e->flight, e->outsend, tunnel) || !is_sent;
}

void egress_forget_paths(struct tunnel *tunnel)
{
	outsend_forget_paths(tunnel->egress->outsend);
}

void egress_discard(struct tunnel *tunnel)
{
	struct egress *e = tunnel->egress;

	e->aside->messages_count = 0;
	outbatch_reset(e->aside, tunnel->mtu);
	outflight_discard(&e->flight);
	e->is_blocked = false;
}

void egress_datagram(struct tunnel *tunnel, const struct peer_id *peer, const struct endpoint *to,
	const void *bytes, size_t len, uint8_t ds)
{
	struct outbatch *aside = tunnel->egress->aside;

	if (outbatch_add_datagram(aside, peer, to, bytes, len, ds))
		return;
	egress_flush(tunnel);
	if (!outbatch_add_datagram(aside, peer, to, bytes, len, ds))
		log_verbose(&tunnel->log, "A full socket costs a handshake message");
}

/* What a packet out can make the core ask for. */
static void want_handshake(struct tunnel *tunnel, uint32_t slot, unsigned effects)
{
	if (effects & EFFECT_INITIATE)
		handshaker_want(tunnel->handshaker, slot, false);
}

/* No key: the segments wait, each by itself, and a handshake starts. */
static void stage(struct tunnel *tunnel, uint32_t slot, struct split *split, struct instant now)
{
	while (split->next < split->count) {
		size_t len = split_segment_len(split, split->next);
		unsigned lost = staging_push(tunnel->staging, slot, split_next(split, len), len);

		while (lost-- > 0) {
			device_count(tunnel->device, VERDICT_STAGED_FULL);
			notes_slot(tunnel, slot, REASON_STAGED_FULL, now);
		}
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

static void answer_unreachable(
	struct tunnel *tunnel, const uint8_t *packet, size_t len, struct instant now)
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

/*
 * True for a datagram that we sent to the peer ourselves: a route leads its endpoint into the
 * tunnel. Sent again it would come back again, longer by our headers each time.
 */
static bool is_own_datagram(
	const struct tunnel *tunnel, const struct endpoint *to, const uint8_t *packet, size_t len)
{
	bool is_v4 = packet[0] >> 4 == 4;
	size_t udp_at = is_v4 ? (size_t)(packet[0] & 0x0f) * 4 : V6_HEADER_LEN;
	const uint8_t *udp = packet + udp_at;
	const uint8_t *destination = packet + (is_v4 ? V4_ADDRESSES_AT + 4 : V6_ADDRESSES_AT + 16);

	return packet[is_v4 ? V4_PROTOCOL_AT : V6_NEXT_AT] == IPPROTO_UDP &&
	       to->addr.family == (is_v4 ? IP_V4 : IP_V6) && udp_at + UDP_HEADER_LEN <= len &&
	       memcmp(destination, to->addr.b, ip_bytes(to->addr.family)) == 0 &&
	       field_load_16(udp) == tunnel->udp.port && field_load_16(udp + 2) == to->port;
}

/* The packet that was read joins the batch, or waits for a key. */
static void gather_for(
	struct tunnel *tunnel, struct outbatch *batch, uint32_t slot, struct moment now)
{
	struct outpacket *next = outbatch_next(batch);

	sources_check(tunnel, slot);
	/*
	 * What waits goes first, so that packets keep their order. Fewer counters than segments:
	 * the key's very last; the next one takes the packet.
	 */
	if (staging_has(tunnel->staging, slot) ||
		outbound_reserve(tunnel->device, slot, next->split.count, now.at, &next->grant) !=
			VERDICT_OK ||
		next->grant.count < next->split.count) {
		outbound_grant_fini(&next->grant);
		stage(tunnel, slot, &next->split, now.at);
		return;
	}
	tunnel->thinner.data += next->grant.count;
	outbatch_commit(batch);
	want_handshake(tunnel, slot,
		outbound_finish(tunnel->device, &next->grant, true, now.at, jitter_draw(tunnel)));
}

/* Takes a packet that was read into the batch's place: routes it, or drops it. */
static void gather_packet(struct tunnel *tunnel, struct outbatch *batch,
	const struct tun_header *header, size_t len, struct moment now)
{
	uint8_t *packet = outbatch_place(batch);
	struct split *split = &outbatch_next(batch)->split;
	uint32_t slot = PEER_NONE;
	enum verdict verdict;

	/* What was sent before the interface went down waits for nothing. */
	if (!tunnel->device->is_up)
		return;
	verdict = outbound_route(tunnel->device, packet, len, &slot);
	if (verdict == VERDICT_NO_PEER || verdict == VERDICT_NO_ENDPOINT)
		answer_unreachable(tunnel, packet, len, now.at);
	else if (verdict == VERDICT_OK &&
		 is_own_datagram(tunnel, &device_peer(tunnel->device, slot)->endpoint, packet, len))
		verdict = device_count(tunnel->device, VERDICT_LOOPED);
	else if (verdict == VERDICT_OK &&
		 !(split_begin(split, header, packet, len) && outbatch_fits(split)))
		verdict = device_count(tunnel->device, VERDICT_BAD_PACKET);
	if (verdict == VERDICT_OK)
		gather_for(tunnel, batch, slot, now);
	else
		notes_unrouted(tunnel, verdict, slot, packet, len, now.at);
}

/* Reads until the batch is full (true: there may be more) or the device is empty. */
static bool gather(struct tunnel *tunnel, struct outbatch *batch, struct moment now)
{
	while (!outbatch_is_full(batch)) {
		struct tun_header header;
		ssize_t len = tun_read(&tunnel->tun, &header, outbatch_place(batch), TUN_ROOM);

		if (len == -EMSGSIZE)
			continue;
		if (len < 0) {
			tunnel->is_deleted = tunnel->is_deleted || len == -EBADFD;
			return false;
		}
		gather_packet(tunnel, batch, &header, (size_t)len, now);
	}
	return true;
}

bool egress_run(struct tunnel *tunnel, bool may_hand_over, struct moment now)
{
	struct egress *e = tunnel->egress;
	struct outbatch *batch;
	bool may_have_more;

	egress_flush(tunnel);
	batch = e->is_blocked ? NULL : outflight_next(&e->flight, tunnel->mtu);
	if (!batch)
		return true;
	may_have_more = gather(tunnel, batch, now);
	if (batch->packets_count > 0) {
		bool has_help = may_hand_over && pool_threads(tunnel->pool) > 0 &&
				(may_have_more || !egress_is_idle(tunnel));

		outflight_begin(&e->flight, e->outsend, tunnel, has_help ? tunnel->pool : NULL);
	}
	egress_flush(tunnel);
	return may_have_more;
}

/* Pops the peer's oldest packet into the batch aside and seals it. */
static void seal_staged(struct tunnel *tunnel, uint32_t slot, const struct outbound_grant *grant)
{
	static const struct tun_header plain;
	struct outbatch *aside = tunnel->egress->aside;
	struct outpacket *next = outbatch_next(aside);
	uint8_t *packet = outbatch_place(aside);
	bool is_whole = split_begin(
		&next->split, &plain, packet, staging_pop(tunnel->staging, slot, packet));

	ENSURE(is_whole);
	next->grant = *grant;
	outbatch_commit(aside);
	outbatch_seal(aside, tunnel->engine);
}

void egress_staged(struct tunnel *tunnel, uint32_t slot, struct moment now)
{
	unsigned effects = EFFECT_NONE;

	sources_check(tunnel, slot);
	while (staging_has(tunnel->staging, slot)) {
		struct outbound_grant grant;

		if (!outbatch_has_room(tunnel->egress->aside, OUTBATCH_DATAGRAM_MAX))
			egress_flush(tunnel);
		/* A full socket: what is left goes with the next handshake, or is dropped by it. */
		if (!outbatch_has_room(tunnel->egress->aside, OUTBATCH_DATAGRAM_MAX))
			break;
		if (outbound_reserve(tunnel->device, slot, 1, now.at, &grant) != VERDICT_OK) {
			effects = EFFECT_INITIATE;
			break;
		}
		seal_staged(tunnel, slot, &grant);
		effects |=
			outbound_finish(tunnel->device, &grant, true, now.at, jitter_draw(tunnel));
		outbound_grant_fini(&grant);
	}
	want_handshake(tunnel, slot, effects);
}

static void add_keepalive(struct tunnel *tunnel, const struct outbound_grant *grant)
{
	struct outbatch *aside = tunnel->egress->aside;

	if (outbatch_add_keepalive(aside, tunnel->engine, grant))
		return;
	egress_flush(tunnel);
	if (!outbatch_add_keepalive(aside, tunnel->engine, grant))
		log_verbose(&tunnel->log, "A full socket costs a keepalive");
}

void egress_keepalive(struct tunnel *tunnel, uint32_t slot, struct moment now)
{
	struct outbound_grant grant;
	unsigned effects = EFFECT_INITIATE;

	sources_check(tunnel, slot);
	if (outbound_reserve(tunnel->device, slot, 1, now.at, &grant) == VERDICT_OK) {
		add_keepalive(tunnel, &grant);
		effects =
			outbound_finish(tunnel->device, &grant, false, now.at, jitter_draw(tunnel));
		outbound_grant_fini(&grant);
	}
	want_handshake(tunnel, slot, effects);
}

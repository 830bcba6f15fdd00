/* UDP -> core/inbound -> TUN. Batches are delivered in the order in which they were received. */
#include "ingress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "coalesce.h"
#include "effects.h"
#include "egress.h"
#include "entropy.h"
#include "handshake.h"
#include "inbatch.h"
#include "limits.h"
#include "notes.h"
#include "wipe.h"
#include "wire.h"

enum {
	/* In flight at once for each thread of the pool, beside the one being gathered. */
	BATCHES_PER_THREAD = 2,
	BATCHES_MAX = 16,
	/* Drawn at once for cookie replies: a flood would else make a system call for each. */
	CHANCES = 32,
};

struct ingress {
	struct arena arena;
	struct udp_scratch scratch;
	struct coalescer coalescer;
	/* A ring: from `first` on, `in_flight` batches that the pool has or that wait for it. */
	unsigned batches_count, first, in_flight;
	struct inbatch *batches[BATCHES_MAX];
	unsigned chances_left;
	struct chance chances[CHANCES];
};

int ingress_create(struct ingress **ingress, unsigned offloads, unsigned threads)
{
	struct ingress *g = calloc(1, sizeof(*g));
	uint8_t *memory;
	int err;

	if (!g)
		return -ENOMEM;
	g->batches_count = 1 + threads * BATCHES_PER_THREAD;
	if (g->batches_count > BATCHES_MAX)
		g->batches_count = BATCHES_MAX;
	err = arena_reserve(&g->arena,
		g->batches_count * (INBATCH_MEMORY_LEN + sizeof(struct inbatch)), ARENA_PRIVATE);
	if (err < 0) {
		free(g);
		return err;
	}
	memory = g->arena.base;
	for (unsigned i = 0; i < g->batches_count; i++) {
		g->batches[i] = (void *)(memory + g->batches_count * INBATCH_MEMORY_LEN +
					 i * sizeof(struct inbatch));
		inbatch_init(g->batches[i], memory + i * INBATCH_MEMORY_LEN);
	}
	coalesce_init(&g->coalescer, offloads);
	*ingress = g;
	return 0;
}

void ingress_destroy(struct ingress *ingress)
{
	if (!ingress)
		return;
	arena_wipe(&ingress->arena);
	arena_release(&ingress->arena);
	wipe(ingress->chances, sizeof(ingress->chances));
	free(ingress);
}

bool ingress_has_room(const struct tunnel *tunnel)
{
	return tunnel->ingress->in_flight < tunnel->ingress->batches_count;
}

bool ingress_is_idle(const struct tunnel *tunnel)
{
	return tunnel->ingress->in_flight == 0;
}

static void write_groups(struct tunnel *tunnel)
{
	struct coalescer *c = &tunnel->ingress->coalescer;

	for (unsigned i = 0; i < c->count; i++) {
		struct coalesce_group *group = &c->groups[i];

		coalesce_finish(c, i);
		if (tun_write(&tunnel->tun, &group->header, group->pieces, group->count) == -EBADFD)
			tunnel->is_deleted = true;
	}
	coalesce_reset(c);
}

static void write_packet(struct tunnel *tunnel, uint8_t *packet, size_t len)
{
	struct coalescer *c = &tunnel->ingress->coalescer;

	if (coalesce_add(c, packet, len))
		return;
	write_groups(tunnel);
	if (!coalesce_add(c, packet, len))
		device_count(tunnel->device, VERDICT_BAD_INNER);
}

static void deliver_run(
	struct tunnel *tunnel, const struct inbatch *batch, struct inrun *run, struct moment now)
{
	struct endpoint before;
	unsigned effects;

	for (unsigned i = run->first; i < run->first + run->count; i++) {
		const struct indatagram *d = &batch->datagrams[i];
		size_t packet_len;
		enum verdict verdict = inbound_accept(
			tunnel->device, &run->core, d->is_open, d->at, d->len, d->ecn, &packet_len);

		if (verdict != VERDICT_OK)
			notes_refused_data(tunnel, &run->core, verdict, run->source,
				d->at + DATA_HEADER_LEN, d->len - DATA_OVERHEAD, now.at);
		else if (packet_len > 0)
			write_packet(tunnel, d->at + DATA_HEADER_LEN, packet_len);
	}
	before = device_peer(tunnel->device, run->core.peer.slot)->endpoint;
	effects = inbound_finish(tunnel->device, &run->core, run->source, now);
	notes_run(tunnel, &run->core, effects, &before, now.at);
	effects_obey(tunnel, run->core.peer.slot, effects, now);
}

static void deliver_batch(struct tunnel *tunnel, struct inbatch *batch, struct moment now)
{
	for (unsigned i = 0; i < batch->runs_count; i++)
		deliver_run(tunnel, batch, &batch->runs[i], now);
	write_groups(tunnel);
	inbatch_reset(batch);
}

void ingress_deliver(struct tunnel *tunnel, struct moment now)
{
	struct ingress *g = tunnel->ingress;

	while (g->in_flight > 0 && pool_is_done(&g->batches[g->first]->job)) {
		deliver_batch(tunnel, g->batches[g->first], now);
		g->first = (g->first + 1) % g->batches_count;
		g->in_flight--;
	}
	egress_flush(tunnel);
}

/* One that no reply has used yet. */
static struct chance *fresh_chance(struct ingress *g)
{
	if (g->chances_left == 0) {
		entropy_fill(g->chances, sizeof(g->chances));
		g->chances_left = CHANCES;
	}
	return &g->chances[g->chances_left - 1];
}

static void take_handshake(struct tunnel *tunnel, const struct udp_in *in, const uint8_t *datagram,
	size_t len, struct moment now)
{
	struct handshake_message message = {.source = in->source, .len = (uint8_t)len};
	struct chance *chance = fresh_chance(tunnel->ingress);
	struct wire_cookie_reply reply;
	enum verdict verdict;

	memcpy(message.bytes, datagram, len);
	/* Where strangers are thinned there is no time for their handshakes, be the queue short or not. */
	verdict = handshake_admit(tunnel->device, &message,
		handshaker_is_busy(tunnel->handshaker) || thinner_is_at_work(&tunnel->thinner),
		now.at, chance, &reply);
	if (verdict == VERDICT_OK && !handshaker_queue(tunnel->handshaker, &message))
		verdict = device_count(tunnel->device, VERDICT_QUEUE_FULL);
	notes_stranger(tunnel, verdict, &message.source, now.at);
	/* A full socket is not for strangers. */
	if (verdict != VERDICT_COOKIE_NEEDED || egress_is_blocked(tunnel))
		return;
	egress_datagram(tunnel, NULL, &message.source, &reply, sizeof(reply), 0);
	wipe(chance, sizeof(*chance));
	tunnel->ingress->chances_left--;
}

static void take_cookie_reply(struct tunnel *tunnel, const struct endpoint *source,
	const struct wire_cookie_reply *reply, struct instant now)
{
	enum verdict verdict = handshake_consume_cookie_reply(tunnel->device, reply, now);
	struct index_entry entry;

	if (verdict == VERDICT_OK &&
		index_lookup(device_indices(tunnel->device), le32_load(reply->receiver), &entry))
		notes_slot(tunnel, entry.peer, REASON_COOKIE_RECEIVED, now);
	else
		notes_stranger(tunnel, verdict, source, now);
}

/* Without an index of ours: all but messages of sessions and handshakes that are, or were. */
static bool is_strange(const struct device *device, const uint8_t *datagram, size_t len)
{
	uint32_t index;

	return !wire_receiver(datagram, len, &index) || !index_mark_is_on(&device->mark, index);
}

static void gather_message(
	struct tunnel *tunnel, struct inbatch *batch, unsigned i, struct moment now)
{
	const struct udp_in *in = &batch->messages[i];
	size_t step = in->segment_len > 0 ? in->segment_len : in->len;

	for (size_t at = 0; at < in->len; at += step) {
		uint8_t *datagram = (uint8_t *)in->buffer + at;
		size_t len = in->len - at < step ? in->len - at : step;

		if (is_strange(tunnel->device, datagram, len))
			thinner_count(&tunnel->thinner, datagram, len,
				known_has(&tunnel->known, &in->source.addr));
		switch (wire_classify(datagram, len)) {
		case MESSAGE_DATA:
			notes_stranger(tunnel,
				inbatch_add(batch, tunnel->device, i, datagram, len, now.at),
				&in->source, now.at);
			break;
		case MESSAGE_INITIATION:
		case MESSAGE_RESPONSE:
			take_handshake(tunnel, in, datagram, len, now);
			break;
		case MESSAGE_COOKIE_REPLY:
			take_cookie_reply(tunnel, &in->source, (const void *)datagram, now.at);
			break;
		case MESSAGE_NONE:
			notes_stranger(tunnel, device_count(tunnel->device, VERDICT_BAD_MESSAGE),
				&in->source, now.at);
			break;
		}
	}
}

bool ingress_run(struct tunnel *tunnel, int fd, bool may_hand_over, struct moment now)
{
	struct ingress *g = tunnel->ingress;
	struct inbatch *batch;
	int count;

	ingress_deliver(tunnel, now);
	if (!ingress_has_room(tunnel))
		return true;
	batch = g->batches[(g->first + g->in_flight) % g->batches_count];
	count = udp_receive(fd, batch->messages, INBATCH_MESSAGES, &g->scratch);
	for (int i = 0; i < count; i++)
		gather_message(tunnel, batch, (unsigned)i, now);
	tunnel->thinner.data += batch->datagrams_count;
	if (batch->runs_count > 0) {
		g->in_flight++;
		if (may_hand_over && pool_threads(tunnel->pool) > 0) {
			pool_submit(tunnel->pool, &batch->job);
		} else {
			inbatch_open(&batch->job, tunnel->engine);
			atomic_store_explicit(&batch->job.is_done, true, memory_order_relaxed);
		}
	}
	ingress_deliver(tunnel, now);
	/* Fewer than asked for: the kernel found the socket empty. */
	return count == INBATCH_MESSAGES || (count < 0 && count != -EAGAIN);
}

/* UDP -> core/inbound -> TUN. */
#include "ingress.h"

#include <errno.h>
#include <stdlib.h>
#include "arena.h"
#include "coalesce.h"
#include "effects.h"
#include "egress.h"
#include "entropy.h"
#include "handshake.h"
#include "inbound.h"
#include "limits.h"
#include "wipe.h"
#include "wire.h"

enum {
	BATCH = 16,
	BUFFER_LEN = 65536,
};

struct ingress {
	struct arena arena;
	struct udp_in in[BATCH];
	struct udp_scratch scratch;
	struct coalescer coalescer;
};

/* The data messages of one received message that share a key. */
struct ingress_run {
	bool is_running;
	struct inbound_run core;
};

int ingress_create(struct ingress **ingress, unsigned offloads)
{
	struct ingress *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	err = arena_reserve(&g->arena, BATCH * BUFFER_LEN, ARENA_PRIVATE);
	if (err < 0) {
		free(g);
		return err;
	}
	for (unsigned i = 0; i < BATCH; i++) {
		g->in[i].buffer = (uint8_t *)g->arena.base + i * BUFFER_LEN;
		g->in[i].buffer_len = UDP_BUFFER_LEN;
	}
	coalesce_init(&g->coalescer, offloads);
	*ingress = g;
	return 0;
}

void ingress_destroy(struct ingress *ingress)
{
	if (!ingress)
		return;
	wipe(ingress->arena.base, ingress->arena.len);
	arena_release(&ingress->arena);
	free(ingress);
}

static void write_groups(struct tunnel *tunnel)
{
	struct coalescer *c = &tunnel->ingress->coalescer;

	for (unsigned i = 0; i < c->count; i++) {
		struct coalesce_group *group = &c->groups[i];

		coalesce_finish(c, i);
		if (tun_write(&tunnel->tun, &group->header, group->pieces, group->count) ==
			-EBADFD)
			tunnel->is_deleted = true;
	}
	coalesce_reset(c);
}

static void deliver(struct tunnel *tunnel, uint8_t *packet, size_t len)
{
	struct coalescer *c = &tunnel->ingress->coalescer;

	if (coalesce_add(c, packet, len))
		return;
	write_groups(tunnel);
	if (!coalesce_add(c, packet, len))
		device_count(tunnel->device, VERDICT_BAD_INNER);
}

static void end_run(struct tunnel *tunnel, struct ingress_run *run,
	const struct endpoint *source, struct moment now)
{
	if (!run->is_running)
		return;
	effects_obey(tunnel, run->core.peer.slot,
		inbound_finish(tunnel->device, &run->core, source, now), now);
	inbound_run_fini(&run->core);
	run->is_running = false;
}

static void take_data(struct tunnel *tunnel, struct ingress_run *run, const struct udp_in *in,
	uint8_t *datagram, size_t len, struct moment now)
{
	size_t packet_len;
	bool is_open;

	if (!run->is_running || !inbound_belongs(&run->core, datagram)) {
		end_run(tunnel, run, &in->source, now);
		if (inbound_prepare(tunnel->device, datagram, now.at, &run->core) != VERDICT_OK)
			return;
		run->is_running = true;
	}
	is_open = inbound_open(tunnel->engine, &run->core, datagram, len);
	if (inbound_accept(tunnel->device, &run->core, is_open, datagram, len, in->ecn,
		    &packet_len) == VERDICT_OK &&
		packet_len > 0)
		deliver(tunnel, datagram + DATA_HEADER_LEN, packet_len);
}

static void take_handshake(struct tunnel *tunnel, const struct udp_in *in,
	const uint8_t *datagram, size_t len, struct moment now)
{
	struct handshake_message message = {.source = in->source, .len = (uint8_t)len};
	struct wire_cookie_reply reply;
	struct chance chance;
	enum verdict verdict;

	memcpy(message.bytes, datagram, len);
	entropy_fill(&chance, sizeof(chance));
	verdict = handshake_admit(tunnel->device, &message, handshaker_is_busy(tunnel->handshaker),
		now.at, &chance, &reply);
	if (verdict == VERDICT_OK && !handshaker_queue(tunnel->handshaker, &message))
		device_count(tunnel->device, VERDICT_QUEUE_FULL);
	if (verdict == VERDICT_COOKIE_NEEDED)
		egress_datagram(tunnel, NULL, &message.source, &reply, sizeof(reply), 0);
	wipe(&chance, sizeof(chance));
}

static void take_message(struct tunnel *tunnel, const struct udp_in *in, struct moment now)
{
	size_t step = in->segment_len > 0 ? in->segment_len : in->len;
	struct ingress_run run = {.is_running = false};

	for (size_t at = 0; at < in->len; at += step) {
		uint8_t *datagram = (uint8_t *)in->buffer + at;
		size_t len = in->len - at < step ? in->len - at : step;

		switch (wire_classify(datagram, len)) {
		case MESSAGE_DATA:
			take_data(tunnel, &run, in, datagram, len, now);
			break;
		case MESSAGE_INITIATION:
		case MESSAGE_RESPONSE:
			take_handshake(tunnel, in, datagram, len, now);
			break;
		case MESSAGE_COOKIE_REPLY:
			handshake_consume_cookie_reply(tunnel->device, (const void *)datagram,
				now.at);
			break;
		case MESSAGE_NONE:
			device_count(tunnel->device, VERDICT_BAD_MESSAGE);
			break;
		}
	}
	end_run(tunnel, &run, &in->source, now);
}

bool ingress_run(struct tunnel *tunnel, int fd, struct moment now)
{
	struct ingress *g = tunnel->ingress;
	int count = udp_receive(fd, g->in, BATCH, &g->scratch);

	for (int i = 0; i < count; i++)
		take_message(tunnel, &g->in[i], now);
	write_groups(tunnel);
	egress_flush(tunnel);
	return count > 0;
}

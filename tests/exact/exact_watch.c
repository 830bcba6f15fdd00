/* Comparing. What arrives merged is cut by the model first. */
#include "exact_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void exact_watch_init(struct exact_watch *watch)
{
	*watch = (struct exact_watch){0};
	for (unsigned i = 0; i < EXACT_SOURCES; i++)
		watch->flows[i].end = &watch->flows[i].first;
}

void exact_watch_expect(struct exact_watch *watch, const struct exact_burst *burst)
{
	static uint8_t bytes[MODEL_PACKET_MAX];

	for (uint32_t i = 0; i < burst->segments; i++) {
		size_t len = exact_burst_expect(burst, i, bytes);
		struct exact_packet *packet = malloc(sizeof(*packet) + len);

		if (!packet)
			abort();
		packet->next = NULL;
		packet->len = len;
		memcpy(packet->bytes, bytes, len);
		*watch->flows[burst->flow].end = packet;
		watch->flows[burst->flow].end = &packet->next;
	}
	watch->in_flight += burst->segments;
	watch->counts.sent += burst->segments;
	watch->counts.supers_sent += burst->segments > 1;
}

/* FNV-1a, eight bytes at a time. */
static uint64_t hash(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325 + len, word = 0;

	for (; len >= sizeof(word); len -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum = (sum ^ word) * 0x100000001b3;
		sum ^= sum >> 32;
	}
	word = 0;
	memcpy(&word, bytes, len);
	return (sum ^ word) * 0x100000001b3;
}

static void remember(struct exact_memory *memory, const uint8_t *bytes, size_t len)
{
	memory->hashes[memory->count++ % EXACT_MEMORY] = hash(bytes, len);
}

static bool remembers(const struct exact_memory *memory, const uint8_t *bytes, size_t len)
{
	unsigned count = memory->count < EXACT_MEMORY ? memory->count : EXACT_MEMORY;
	uint64_t wanted = hash(bytes, len);

	for (unsigned i = 0; i < count; i++) {
		if (memory->hashes[i] == wanted)
			return true;
	}
	return false;
}

static void tell(const char *what, const uint8_t *bytes, size_t len)
{
	enum { SHOWN = 128 };

	printf("# %s, %zu bytes:", what, len);
	for (size_t i = 0; i < len && i < SHOWN; i++)
		printf("%s%02x", i % 4 == 0 ? " " : "", bytes[i]);
	puts("");
}

static void drop_first(struct exact_watch *watch, unsigned flow)
{
	struct exact_packet *packet = watch->flows[flow].first;

	watch->flows[flow].first = packet->next;
	if (!packet->next)
		watch->flows[flow].end = &watch->flows[flow].first;
	free(packet);
	watch->in_flight--;
}

static bool is_expected(const struct exact_watch *watch, unsigned flow, const uint8_t *bytes,
	size_t len, unsigned *before)
{
	const struct exact_packet *packet = watch->flows[flow].first;

	for (*before = 0; packet; packet = packet->next, ++*before) {
		if (packet->len == len && memcmp(packet->bytes, bytes, len) == 0)
			return true;
	}
	return false;
}

static void lose(struct exact_watch *watch, unsigned flow, unsigned count)
{
	while (count-- > 0) {
		const struct exact_packet *packet = watch->flows[flow].first;

		remember(&watch->flows[flow].lost, packet->bytes, packet->len);
		drop_first(watch, flow);
		watch->counts.lost++;
	}
}

static bool refuse(struct exact_watch *watch, unsigned flow, const uint8_t *bytes, size_t len)
{
	const struct exact_packet *first = watch->flows[flow].first;

	if (remembers(&watch->flows[flow].lost, bytes, len)) {
		watch->counts.reordered++;
		tell("out of order", bytes, len);
	} else if (remembers(&watch->flows[flow].received, bytes, len)) {
		watch->counts.duplicated++;
		tell("twice", bytes, len);
	} else {
		watch->counts.altered++;
		tell("never sent", bytes, len);
		if (first)
			tell("awaited", first->bytes, first->len);
	}
	return false;
}

static bool take_packet(struct exact_watch *watch, const uint8_t *bytes, size_t len)
{
	int found = exact_flow_of(bytes, len);
	unsigned flow = (unsigned)found, before;

	if (found < 0)
		return true;
	if (!is_expected(watch, flow, bytes, len, &before))
		return refuse(watch, flow, bytes, len);
	lose(watch, flow, before);
	remember(&watch->flows[flow].received, bytes, len);
	drop_first(watch, flow);
	watch->counts.received++;
	watch->counts.bytes += len;
	return true;
}

/* Whether all segments are on their way, in this order. */
static bool is_awaited(const struct exact_watch *watch, const struct model_super *super, int flow)
{
	static uint8_t segment[MODEL_PACKET_MAX];
	const struct exact_packet *packet = watch->flows[flow].first;

	for (uint32_t i = 0, count = model_count(super); i < count; i++) {
		size_t len = model_segment(super, i, segment);

		while (packet && (packet->len != len || memcmp(packet->bytes, segment, len) != 0))
			packet = packet->next;
		if (!packet)
			return false;
		packet = packet->next;
	}
	return true;
}

/*
 * A merged packet does not say whether its IPv4 IDs counted or stayed. Where it must not be
 * fragmented they mean nothing (RFC 6864), and both are right.
 */
static unsigned id_step(const struct exact_watch *watch, const struct model_super *super)
{
	bool may_stay = super->packet[0] / 16 == 4 && (super->packet[6] & 0x40) != 0;

	return !may_stay || is_awaited(watch, super, exact_flow_of(super->packet, super->len));
}

static bool take_super(struct exact_watch *watch, struct model_super *super)
{
	static uint8_t segment[MODEL_PACKET_MAX];
	bool is_right = true;

	if (exact_flow_of(super->packet, super->len) < 0)
		return true;
	super->id_step = id_step(watch, super);
	watch->counts.supers_received++;
	for (uint32_t i = 0, count = model_count(super); i < count; i++) {
		size_t len = model_segment(super, i, segment);

		is_right &= take_packet(watch, segment, len);
	}
	return is_right;
}

bool exact_watch_take(struct exact_watch *watch, const struct virtio_net_hdr *header,
	const uint8_t *bytes, size_t len)
{
	static uint8_t finished[MODEL_PACKET_MAX];
	uint8_t gso = (uint8_t)(header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN);
	uint8_t protocol = header->csum_offset == 16 ? MODEL_TCP : MODEL_UDP;
	struct model_super super = {bytes, len, header->csum_start, header->gso_size, protocol, 1};

	if (gso != VIRTIO_NET_HDR_GSO_NONE && header->gso_size > 0)
		return take_super(watch, &super);
	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return take_packet(watch, bytes, len);
	memcpy(finished, bytes, len);
	packet_mend(finished, len, header->csum_start, protocol);
	return take_packet(watch, finished, len);
}

void exact_watch_give_up(struct exact_watch *watch)
{
	for (unsigned i = 0; i < EXACT_SOURCES; i++) {
		while (watch->flows[i].first)
			lose(watch, i, 1);
	}
}

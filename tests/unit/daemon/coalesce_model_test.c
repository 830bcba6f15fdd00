/*
 * Random traffic against what merging means: a packet may go on with its flow's group when the
 * super-packet, cut again by the model, gives the same packets. And then the real thing: what
 * coalesce makes, split makes again, byte for byte.
 */
#include "unit.h"
#include "coalesce.h"
#include "split.h"
#include "seeded.h"

#include <stdlib.h>
#include <string.h>
#include "packet_model.h"

enum {
	FLOWS = 8,
	BATCH_MAX = 150,
	ROOM = 1600,
	BATCHES = 2500,
};

struct packet {
	uint8_t *bytes;         /* what the coalescer sees and mends; a block of its length */
	uint8_t original[ROOM]; /* as it came */
	size_t len;
};

/* A group as the model has it. */
struct model_group {
	unsigned members[COALESCE_PACKETS_MAX];
	unsigned count;
	bool is_closed;
};

struct model {
	struct model_group groups[COALESCE_GROUPS_MAX];
	unsigned count;
};

static struct packet batch[BATCH_MAX];
static struct coalescer coalescer;
static struct model model;
static uint8_t super_bytes[MODEL_PACKET_MAX], segment_bytes[MODEL_PACKET_MAX];
static unsigned merged_count, fixed_count;

/* The traffic. */

static struct packet_spec flow_start(struct seeded *seeded, unsigned flow)
{
	static const size_t lens[] = {1, 5, 60, 200, 1400};

	return (struct packet_spec){
		.version = flow % 2 ? 6 : 4,
		.protocol = flow % 4 < 2 ? MODEL_TCP : MODEL_UDP,
		.source = 1,
		.destination = (uint8_t)(1 + flow / 6),
		.source_port = (uint16_t)(1000 + flow / 4),
		.destination_port = 443,
		.tos = (uint8_t)seeded_below(seeded, 4),
		.ttl = 64,
		.id = (uint16_t)(0xffff - seeded_below(seeded, 40)),
		.fragment = seeded_below(seeded, 3) ? MODEL_DF : 0,
		.flow_label = seeded_below(seeded, 1 << 20),
		.tcp_flags = MODEL_ACK,
		.sequence = -seeded_below(seeded, 20000),
		.acknowledged = (uint32_t)seeded_next(seeded),
		.window = (uint16_t)seeded_next(seeded),
		.tcp_options_len = 4 * (size_t)seeded_below(seeded, 11),
		.tcp_option_byte = (uint8_t)seeded_next(seeded),
		.payload_len = lens[seeded_below(seeded, 5)],
		.extension = 60,
	};
}

/* Something else about one packet, or from this packet on. */
static void deviate(struct packet_spec *spec, struct packet_spec *flow, struct seeded *seeded)
{
	static const uint8_t flags[] = {MODEL_FIN, MODEL_SYN, MODEL_RST, MODEL_PSH, MODEL_PSH,
		MODEL_PSH, MODEL_ACK, MODEL_URG, MODEL_ECE, MODEL_CWR};
	static const uint8_t extensions[] = {0, 43, 44, 60};

	switch (seeded_below(seeded, 18)) {
	case 0:
	case 1:
	case 2:
		spec->tcp_flags ^= flags[seeded_below(seeded, sizeof(flags))];
		break;
	case 3:
		flow->tcp_flags ^= MODEL_ECE;
		break;
	case 4:
		spec->payload_len = seeded_below(seeded, (uint32_t)spec->payload_len + 1);
		break;
	case 5:
		spec->payload_len += seeded_below(seeded, 3);
		break;
	case 6:
		flow->payload_len = 1 + seeded_below(seeded, 100);
		break;
	case 7:
		spec->tos ^= (uint8_t)(1 << seeded_below(seeded, 8));
		break;
	case 8:
		spec->ttl--;
		break;
	case 9:
		flow->id += (uint16_t)seeded_below(seeded, 3);
		break;
	case 10:
		spec->fragment ^= (uint16_t)(1 << seeded_below(seeded, 16));
		break;
	case 11:
		spec->flow_label ^= 1 << seeded_below(seeded, 20);
		break;
	case 12:
		spec->sequence += seeded_below(seeded, 3) - 1;
		break;
	case 13:
		flow->acknowledged++;
		break;
	case 14:
		flow->tcp_option_byte++;
		break;
	case 15:
		spec->ip_options_len = 8;
		spec->extension = extensions[seeded_below(seeded, 4)];
		break;
	case 16:
		spec->protocol = (uint8_t[]){1, 58, 50, 132}[seeded_below(seeded, 4)];
		break;
	default:
		spec->window ^= 1;
	}
}

/* Lengths and checksums that agree with what is there. */
static void agree(uint8_t *bytes, size_t len)
{
	bool is_v4 = bytes[0] / 16 == 4;
	size_t field = is_v4 ? len : len - 40;
	uint8_t protocol = bytes[is_v4 ? 9 : 6];

	bytes[is_v4 ? 2 : 4] = (uint8_t)(field / 256);
	bytes[is_v4 ? 3 : 5] = (uint8_t)field;
	if (len >= (is_v4 ? 40 : 60))
		packet_mend(bytes, len, is_v4 ? 20 : 40, protocol);
}

/* Damage to the bytes; what must stay true is what ip_parse() promises. */
static size_t damage(uint8_t *bytes, size_t len, struct seeded *seeded)
{
	size_t fixed_len = bytes[0] / 16 == 4 ? 20 : 40;
	uint32_t at = seeded_below(seeded, (uint32_t)len);

	switch (seeded_below(seeded, 3)) {
	case 0:
		if (at > 0)
			bytes[at] ^= (uint8_t)(1 << seeded_below(seeded, 8));
		return len;
	case 1:
		at = seeded_below(seeded, len < 80 ? (uint32_t)len : 80);
		if (at > 0)
			bytes[at] = (uint8_t)seeded_next(seeded);
		return len;
	default:
		return fixed_len +
		       seeded_below(
			       seeded, (uint32_t)(len - fixed_len < 60 ? len - fixed_len : 60) + 1);
	}
}

static void packet_create(struct packet *packet, struct packet_spec *flow, struct seeded *seeded)
{
	struct packet_spec spec;

	if (seeded_below(seeded, 12) == 0) {
		spec = *flow;
		deviate(&spec, flow, seeded);
		if (seeded_below(seeded, 2))
			deviate(&spec, flow, seeded);
	} else {
		spec = *flow;
	}
	spec.payload_seed = (uint32_t)seeded_next(seeded);
	packet->len = packet_build(&spec, packet->original);
	if (seeded_below(seeded, 40) == 0) {
		packet->len = damage(packet->original, packet->len, seeded);
		if (seeded_below(seeded, 2))
			agree(packet->original, packet->len);
	}
	packet->bytes = block_create(packet->len);
	memcpy(packet->bytes, packet->original, packet->len);
	flow->sequence += (uint32_t)spec.payload_len;
	/* A third of the flows have fixed IDs. */
	if (flow->flow_label % 3 > 0)
		flow->id++;
}

/* The model. */

static size_t address_at(const struct packet *packet)
{
	return packet->original[0] / 16 == 4 ? 12 : 8;
}

static size_t ip_len(const struct packet *packet)
{
	return packet->original[0] / 16 == 4 ? 20 : 40;
}

static uint8_t protocol(const struct packet *packet)
{
	return packet->original[packet->original[0] / 16 == 4 ? 9 : 6];
}

static bool same_bytes(const struct packet *a, const struct packet *b, size_t from, size_t to)
{
	return memcmp(a->original + from, b->original + from, to - from) == 0;
}

static bool same_addresses(const struct packet *a, const struct packet *b)
{
	return ip_len(a) == ip_len(b) && same_bytes(a, b, address_at(a), ip_len(a));
}

static bool is_fragment_or_has_options(const struct packet *packet)
{
	return packet->original[0] / 16 == 4 &&
	       (packet->original[0] != 0x45 || (packet->original[6] & 0xbf) != 0 ||
		       packet->original[7] != 0);
}

static bool has_ports(const struct packet *packet)
{
	bool is_known = protocol(packet) == MODEL_TCP || protocol(packet) == MODEL_UDP;

	return is_known && !is_fragment_or_has_options(packet) && packet->len >= ip_len(packet) + 4;
}

static bool hides_ports(const struct packet *packet)
{
	static const uint8_t hiding[] = {MODEL_TCP, MODEL_UDP, 0, 43, 44, 60};
	size_t count = packet->original[0] / 16 == 4 ? 2 : sizeof(hiding);

	return !has_ports(packet) && memchr(hiding, protocol(packet), count);
}

static bool same_flow(const struct packet *a, const struct packet *b)
{
	return has_ports(a) && has_ports(b) && same_addresses(a, b) && protocol(a) == protocol(b) &&
	       same_bytes(a, b, ip_len(a), ip_len(a) + 4);
}

/* The packet has a payload, lengths that agree, flags of mere data, and mending changes nothing. */
static bool is_plain(const struct packet *packet)
{
	const uint8_t *original = packet->original, *transport = original + ip_len(packet);
	size_t total = ip_len(packet) == 20 ? original[2] * 256u + original[3]
					    : original[4] * 256u + original[5] + 40u;
	size_t transport_len = packet->len - ip_len(packet);

	if (!has_ports(packet) || total != packet->len)
		return false;
	if (protocol(packet) == MODEL_UDP) {
		if (transport_len < 9 || transport[4] * 256u + transport[5] != transport_len)
			return false;
	} else {
		if (transport_len < 20 || transport[12] / 16 < 5 ||
			transport_len <= transport[12] / 16 * 4u)
			return false;
		if ((transport[13] & ~(MODEL_PSH | MODEL_ECE)) != MODEL_ACK)
			return false;
	}
	memcpy(segment_bytes, original, packet->len);
	packet_mend(segment_bytes, packet->len, ip_len(packet), protocol(packet));
	return memcmp(segment_bytes, original, packet->len) == 0;
}

static size_t header_len(const struct packet *packet)
{
	if (protocol(packet) == MODEL_UDP)
		return ip_len(packet) + 8;
	return ip_len(packet) + packet->original[ip_len(packet) + 12] / 16 * 4u;
}

/* The first packet's headers and everybody's payload; the last one's PSH. */
static void join(const struct model_group *group)
{
	const struct packet *first = &batch[group->members[0]];
	const struct packet *last = &batch[group->members[group->count - 1]];
	size_t len = header_len(first);

	memcpy(super_bytes, first->original, len);
	for (unsigned i = 0; i < group->count; i++) {
		const struct packet *member = &batch[group->members[i]];

		memcpy(super_bytes + len, member->original + header_len(first),
			member->len - header_len(first));
		len += member->len - header_len(first);
	}
	if (protocol(first) == MODEL_TCP)
		super_bytes[ip_len(first) + 13] |= last->original[ip_len(first) + 13] & MODEL_PSH;
}

static bool cuts_into(const struct model_super *super, const struct model_group *group)
{
	if (model_count(super) != group->count)
		return false;
	for (unsigned i = 0; i < group->count; i++) {
		const struct packet *member = &batch[group->members[i]];

		if (model_segment(super, i, segment_bytes) != member->len ||
			memcmp(segment_bytes, member->original, member->len) != 0)
			return false;
	}
	return true;
}

/* Whether the group's packets, all plain and of one flow, are what their join is cut into. */
static bool is_joinable(const struct model_group *group)
{
	const struct packet *first = &batch[group->members[0]];
	struct model_super super = {
		.packet = super_bytes,
		.ip_len = ip_len(first),
		.protocol = protocol(first),
		.gso_size = first->len - header_len(first),
		.id_step = 1,
	};

	super.len = header_len(first);
	for (unsigned i = 0; i < group->count; i++) {
		const struct packet *member = &batch[group->members[i]];

		if (header_len(member) != header_len(first))
			return false;
		super.len += member->len - header_len(member);
	}
	if (super.len > 65535)
		return false;
	join(group);
	if (cuts_into(&super, group))
		return true;
	super.id_step = 0;
	return ip_len(first) == 20 && (first->original[6] & 0x40) != 0 && cuts_into(&super, group);
}

static bool model_merge(unsigned at)
{
	struct model_group *group = NULL;

	for (unsigned i = 0; i < model.count; i++) {
		struct model_group *open = &model.groups[i];

		if (open->is_closed)
			continue;
		if (hides_ports(&batch[at]) && same_addresses(&batch[open->members[0]], &batch[at]))
			open->is_closed = true;
		else if (same_flow(&batch[open->members[0]], &batch[at]))
			group = open;
	}
	if (!group)
		return false;
	if (group->count < COALESCE_PACKETS_MAX && is_plain(&batch[group->members[0]]) &&
		is_plain(&batch[at])) {
		group->members[group->count++] = at;
		if (is_joinable(group))
			return true;
		group->count--;
	}
	group->is_closed = true;
	return false;
}

static bool model_add(unsigned at)
{
	if (model_merge(at))
		return true;
	if (model.count == COALESCE_GROUPS_MAX)
		return false;
	model.groups[model.count++] = (struct model_group){.members = {at}, .count = 1};
	return true;
}

/* The comparison. */

/* The group's pieces, put together with room behind them. */
static size_t gather(const struct coalesce_group *group)
{
	size_t len = 0;

	for (int i = 1; i < group->count; i++) {
		memcpy(super_bytes + len, group->pieces[i].iov_base, group->pieces[i].iov_len);
		len += group->pieces[i].iov_len;
	}
	assert_int_equal(len, group->len);
	return len;
}

/* A fixed ID comes back counted. */
static void count_id(uint8_t *original, uint32_t i, struct packet *member)
{
	uint16_t id = (uint16_t)(original[4] * 256 + original[5] + i);

	if (ip_len(member) != 20 || (original[6] & 0x40) == 0)
		return;
	fixed_count += member->original[5] != (uint8_t)id;
	member->original[4] = (uint8_t)(id >> 8);
	member->original[5] = (uint8_t)id;
	packet_mend(member->original, member->len, 20, protocol(member));
}

static void compare_group(unsigned i)
{
	const struct coalesce_group *group = &coalescer.groups[i];
	const struct model_group *expected = &model.groups[i];
	struct packet *first = &batch[expected->members[0]];
	struct split split;
	size_t len;

	assert_int_equal(group->count - 1, expected->count);
	assert_ptr_equal(group->pieces[1].iov_base, first->bytes);
	coalesce_finish(&coalescer, i);
	len = gather(group);
	assert_true(split_begin(&split, &group->header, super_bytes, len));
	assert_int_equal(split.count, expected->count);
	for (uint32_t k = 0; k < split.count; k++) {
		struct packet *member = &batch[expected->members[k]];

		if (k > 0)
			count_id(first->original, k, member);
		assert_int_equal(split_segment_len(&split, k), member->len);
		assert_memory_equal(split_next(&split, member->len), member->original, member->len);
	}
	merged_count += expected->count - 1;
}

static void compare(void)
{
	assert_int_equal(coalescer.count, model.count);
	for (unsigned i = 0; i < model.count; i++)
		compare_group(i);
	coalesce_reset(&coalescer);
	model.count = 0;
}

static void run_batch(struct packet_spec *flows, struct seeded *seeded)
{
	unsigned flow = 0, count = 1 + seeded_below(seeded, BATCH_MAX);

	for (unsigned at = 0; at < count; at++) {
		bool has_room;

		if (seeded_below(seeded, 4) == 0)
			flow = seeded_below(seeded, FLOWS);
		packet_create(&batch[at], &flows[flow], seeded);
		has_room = coalesce_add(&coalescer, batch[at].bytes, batch[at].len);
		assert_int_equal(has_room, model_add(at));
		if (!has_room) {
			compare();
			assert_true(coalesce_add(&coalescer, batch[at].bytes, batch[at].len));
			assert_true(model_add(at));
		}
	}
	compare();
	for (unsigned at = 0; at < count; at++)
		free(batch[at].bytes);
}

static void merges_as_the_model_does(void **state)
{
	struct seeded seeded = seeded_start("coalesce");
	struct packet_spec flows[FLOWS];

	(void)state;
	coalesce_init(&coalescer, TUN_OFFLOAD_ALL);
	for (int i = 0; i < BATCHES; i++) {
		if (i % 20 == 0) {
			for (unsigned flow = 0; flow < FLOWS; flow++)
				flows[flow] = flow_start(&seeded, flow);
		}
		run_batch(flows, &seeded);
	}
	/* It was traffic in which there was something to merge. */
	assert_true(merged_count > BATCHES * 20);
	assert_true(fixed_count > BATCHES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_as_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

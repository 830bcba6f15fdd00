/*
 * Any packets, plain ones of a few flows among them, in batches: what the coalescer joins is cut
 * again into the same packets, byte for byte, in their order, none lost and none twice. Beside it
 * what looks at an inner packet: its form, ECN and the checksum against a sum for the eye.
 */
#include <stdlib.h>
#include "bytes_in.h"
#include "checksum.h"
#include "coalesce.h"
#include "ensure.h"
#include "ip.h"
#include "packet_bytes.h"
#include "split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PACKETS_MAX = 96 };

struct packet {
	uint8_t *bytes, *original; /* bytes: what the coalescer sees and mends */
	size_t len;
	bool is_out;
};

struct batch {
	struct packet packets[PACKETS_MAX];
	unsigned count;
	uint32_t sequences[4];
	uint16_t id;
};

static struct coalescer coalescer;

/* The next packet of a flow, damaged where the bytes say so. */
static size_t build(struct batch *batch, struct bytes_in *in, uint8_t how, uint8_t *out)
{
	struct packet_spec spec = packet_bytes_spec(in);
	uint32_t *sequence = &batch->sequences[(spec.version == 6) * 2 + spec.source_port % 2];
	size_t len;

	spec.sequence = *sequence;
	*sequence += (uint32_t)spec.payload_len;
	spec.id = how & 0x10 ? 7 : batch->id++;
	spec.payload_seed = batch->count;
	len = packet_build(&spec, out);
	for (unsigned n = how >> 1 & 3; n > 0; n--) {
		size_t at = bytes_in_8(in) % len;

		out[at] ^= bytes_in_8(in);
	}
	if (how & 8 && spec.ip_options_len == 0)
		packet_mend(out, len, packet_ip_len(&spec), spec.protocol);
	return len;
}

static void check_inner(uint8_t *packet, const struct ip_info *info, uint8_t outer_ecn)
{
	uint8_t before = ip_ecn(packet), protocol = info->family == IP_V4 ? packet[9] : packet[6];

	ENSURE(info->source > packet && info->destination > info->source);
	ENSURE(info->destination + ip_bytes(info->family) <= packet + info->len);
	ENSURE(ip_ecn_encapsulate(before) <= 3);
	ENSURE(checksum_fold(checksum_add(0, packet, info->len)) % 65535 ==
		model_sum(0, packet, info->len) % 65535);
	ENSURE(checksum_fold(checksum_pseudo(packet, protocol, info->len)) % 65535 ==
		model_pseudo(packet, protocol, info->len) % 65535);
	ip_ecn_decapsulate(packet, outer_ecn);
	/* Only a sign of congestion, or the other of the two equal marks, may have come in. */
	ENSURE(ip_ecn(packet) == before || (before != 0 && outer_ecn != 0));
}

/* Takes what is a packet by ip_parse(), as the core does, into blocks of its length. */
static bool take_packet(struct batch *batch, struct bytes_in *in)
{
	static uint8_t room[MODEL_PACKET_MAX];
	struct packet *packet = &batch->packets[batch->count];
	uint8_t how = bytes_in_8(in);
	struct ip_info info;
	size_t len;

	if (how & 1)
		len = build(batch, in, how, room);
	else
		len = bytes_in_take(in, room, how >> 1);
	if (!ip_parse(room, len, &info))
		return false;
	ENSURE(info.len <= len && info.len >= (info.family == IP_V4 ? 20 : 40));
	check_inner(room, &info, how >> 5 & 3);
	packet->len = info.len;
	packet->is_out = false;
	packet->bytes = block_create(packet->len);
	packet->original = block_create(packet->len);
	memcpy(packet->bytes, room, packet->len);
	memcpy(packet->original, room, packet->len);
	batch->count++;
	return true;
}

static struct packet *find(struct batch *batch, const void *at)
{
	for (unsigned i = 0; i < batch->count; i++) {
		const uint8_t *bytes = batch->packets[i].bytes;

		if ((const uint8_t *)at >= bytes &&
			(const uint8_t *)at < bytes + batch->packets[i].len)
			return &batch->packets[i];
	}
	ensure_failed(__FILE__, __LINE__, "a piece lies in a packet");
}

/* An ID that does not count is counted when the packet is cut. */
static void count_id(const struct packet *first, struct packet *packet, uint32_t i)
{
	uint16_t id = (uint16_t)(first->original[4] * 256 + first->original[5] + i);

	packet->original[4] = (uint8_t)(id >> 8);
	packet->original[5] = (uint8_t)id;
	packet_mend(packet->original, packet->len, 20, packet->original[9]);
}

static void check_group(struct batch *batch, unsigned number)
{
	static uint8_t super[MODEL_PACKET_MAX];
	struct coalesce_group *group = &coalescer.groups[number];
	struct packet *first = find(batch, group->pieces[1].iov_base), *last = first;
	struct split split;
	size_t len = 0;

	coalesce_finish(&coalescer, number);
	for (int i = 1; i < group->count; i++) {
		memcpy(super + len, group->pieces[i].iov_base, group->pieces[i].iov_len);
		len += group->pieces[i].iov_len;
	}
	ENSURE(len == group->len && len <= TUN_PACKET_MAX);
	ENSURE(split_begin(&split, &group->header, super, len));
	ENSURE((int)split.count == group->count - 1);
	for (uint32_t i = 0; i < split.count; i++) {
		struct packet *packet = find(batch, group->pieces[1 + i].iov_base);

		ENSURE(!packet->is_out && (i == 0 || packet > last));
		packet->is_out = true;
		last = packet;
		if (i > 0 && group->has_fixed_id && first->original[0] >> 4 == 4)
			count_id(first, packet, i);
		ENSURE(split_segment_len(&split, i) == packet->len);
		ENSURE(memcmp(split_next(&split, packet->len), packet->original, packet->len) == 0);
	}
}

static void check_groups(struct batch *batch)
{
	for (unsigned i = 0; i < coalescer.count; i++)
		check_group(batch, i);
	coalesce_reset(&coalescer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct batch batch;
	struct bytes_in in = {data, size};

	memset(&batch, 0, sizeof(batch));
	coalesce_init(&coalescer, bytes_in_8(&in) & 1 ? TUN_OFFLOAD_ALL : bytes_in_8(&in) & 15);
	while (in.left > 0 && batch.count < PACKETS_MAX) {
		struct packet *packet = &batch.packets[batch.count];

		if (!take_packet(&batch, &in))
			continue;
		if (coalesce_add(&coalescer, packet->bytes, packet->len))
			continue;
		check_groups(&batch);
		ENSURE(coalesce_add(&coalescer, packet->bytes, packet->len));
	}
	check_groups(&batch);
	for (unsigned i = 0; i < batch.count; i++) {
		ENSURE(batch.packets[i].is_out);
		free(batch.packets[i].bytes);
		free(batch.packets[i].original);
	}
	return 0;
}

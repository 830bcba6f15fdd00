/*
 * Any packet with any virtio header, as a TUN device may hand them out: refused, or cut into
 * segments that stay in the packet. A super-packet that is right is cut as the model cuts it.
 */
#include <stdlib.h>
#include "bytes_in.h"
#include "ensure.h"
#include "ip.h"
#include "packet_bytes.h"
#include "split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tun_header take_header(struct bytes_in *in)
{
	return (struct tun_header){
		.flags = bytes_in_8(in),
		.gso = bytes_in_8(in),
		.header_len = bytes_in_16(in),
		.gso_size = bytes_in_16(in),
		.checksum_start = bytes_in_16(in),
		.checksum_offset = bytes_in_16(in),
	};
}

static size_t padded(size_t len)
{
	return (len + SPLIT_TAILROOM - 1) / SPLIT_TAILROOM * SPLIT_TAILROOM;
}

/* Lengths that add up, every segment an IP packet of its length with zeros behind it. */
static void check_cut(struct split *split, const uint8_t *packet, size_t len)
{
	static const uint8_t zeros[SPLIT_TAILROOM];
	size_t payload = 0;

	ENSURE(split->count >= 1 && split->count <= len);
	for (uint32_t i = 0; i < split->count; i++) {
		size_t segment_len = split_segment_len(split, i);
		const uint8_t *segment = split_next(split, padded(segment_len));
		struct ip_info info;

		ENSURE(segment >= packet && segment + segment_len <= packet + len);
		ENSURE(memcmp(segment + segment_len, zeros, padded(segment_len) - segment_len) ==
			0);
		if (split->is_super) {
			ENSURE(ip_parse(segment, segment_len, &info) && info.len == segment_len);
			payload += segment_len - split->header_len;
		}
	}
	ENSURE(!split->is_super || payload + split->header_len == len);
}

static void cut_anything(struct bytes_in *in)
{
	struct tun_header header = take_header(in);
	size_t len = in->left;
	uint8_t *packet = block_create(len + SPLIT_TAILROOM);
	struct split split;

	memset(packet, 0xee, len + SPLIT_TAILROOM);
	bytes_in_take(in, packet, len);
	if (len > 0 && split_begin(&split, &header, packet, len))
		check_cut(&split, packet, len);
	free(packet);
}

static void spoil(struct bytes_in *in, uint8_t *packet, size_t len, struct tun_header *header)
{
	uint8_t *bytes = (uint8_t *)header;

	while (in->left >= 3) {
		uint16_t at = bytes_in_16(in);

		if (at & 0x8000)
			bytes[at % sizeof(*header)] ^= bytes_in_8(in);
		else
			packet[at % len] ^= bytes_in_8(in);
	}
}

/* One that the kernel could have made, and then one that it could not. */
static void cut_super(struct bytes_in *in, uint16_t gso_size)
{
	static uint8_t built[MODEL_PACKET_MAX], expected[MODEL_PACKET_MAX];
	struct packet_spec spec = packet_bytes_spec(in);
	bool is_tcp = spec.protocol == MODEL_TCP, is_spoilt;
	size_t ip_len, len;
	struct tun_header header = {.flags = TUN_NEEDS_CHECKSUM, .gso_size = gso_size};
	struct model_super super = {.packet = built, .gso_size = gso_size, .id_step = 1};
	struct split split;
	uint8_t *packet;

	spec.fragment = MODEL_DF;
	spec.extension = 60;
	spec.payload_len++;
	len = packet_build(&spec, built);
	super.len = len;
	super.protocol = spec.protocol;
	super.ip_len = ip_len = packet_ip_len(&spec);
	packet_unfinish(built, len, ip_len, spec.protocol);
	header.checksum_start = (uint16_t)ip_len;
	header.checksum_offset = is_tcp ? 16 : 6;
	header.gso = !is_tcp ? TUN_GSO_UDP : spec.version == 4 ? TUN_GSO_TCP4 : TUN_GSO_TCP6;
	packet = block_create(len + SPLIT_TAILROOM);
	memcpy(packet, built, len);
	is_spoilt = in->left >= 3;
	spoil(in, packet, len, &header);
	if (!split_begin(&split, &header, packet, len)) {
		ENSURE(is_spoilt || gso_size == 0 || gso_size > spec.payload_len);
	} else if (is_spoilt) {
		check_cut(&split, packet, len);
	} else {
		ENSURE(split.count == model_count(&super));
		for (uint32_t i = 0; i < split.count; i++) {
			size_t segment_len = model_segment(&super, i, expected);

			ENSURE(split_segment_len(&split, i) == segment_len);
			ENSURE(memcmp(split_next(&split, segment_len), expected, segment_len) == 0);
		}
	}
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_in in = {data, size};
	uint16_t how = bytes_in_16(&in);

	if (how & 0x8000)
		cut_super(&in, how & 0x7ff);
	else
		cut_anything(&in);
	return 0;
}

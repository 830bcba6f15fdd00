/* Super-packets against a model that copies; headers and packets that lie. */
#include "unit.h"
#include "split.h"
#include "seeded.h"

#include <stdlib.h>
#include <string.h>
#include "packet_model.h"

/* A packet in a block of its length and the tailroom, with the header that the kernel gives. */
struct input {
	struct tun_header header;
	uint8_t *packet;
	size_t len;
};

static struct input input_create(const struct packet_spec *spec, uint16_t gso_size)
{
	static uint8_t built[MODEL_PACKET_MAX];
	struct input input = {.len = packet_build(spec, built)};
	bool is_tcp = spec->protocol == MODEL_TCP;

	packet_unfinish(built, input.len, packet_ip_len(spec), spec->protocol);
	input.packet = block_create(input.len + SPLIT_TAILROOM);
	memcpy(input.packet, built, input.len);
	memset(input.packet + input.len, 0xee, SPLIT_TAILROOM);
	input.header = (struct tun_header){
		.flags = TUN_NEEDS_CHECKSUM,
		.gso_size = gso_size,
		.header_len = (uint16_t)packet_header_len(spec),
		.checksum_start = (uint16_t)packet_ip_len(spec),
		.checksum_offset = is_tcp ? 16 : 6,
	};
	if (gso_size > 0 && is_tcp)
		input.header.gso = spec->version == 4 ? TUN_GSO_TCP4 : TUN_GSO_TCP6;
	else if (gso_size > 0)
		input.header.gso = TUN_GSO_UDP;
	return input;
}

static const struct packet_spec tcp4 = {
	.version = 4,
	.protocol = MODEL_TCP,
	.source = 1,
	.destination = 2,
	.source_port = 40000,
	.destination_port = 443,
	.ttl = 64,
	.id = 0xfffe,
	.fragment = MODEL_DF,
	.tcp_flags = MODEL_ACK | MODEL_PSH | MODEL_CWR | MODEL_FIN,
	.sequence = 0xfffffff0,
	.acknowledged = 77,
	.window = 500,
	.tcp_options_len = 12,
	.tcp_option_byte = 1,
	.payload_len = 100,
	.payload_seed = 1,
};

/* Splits, and compares each segment and the zeros behind it with the model's. */
static void check_split(const struct packet_spec *spec, uint16_t gso_size, size_t padding)
{
	static uint8_t original[MODEL_PACKET_MAX], expected[MODEL_PACKET_MAX];
	static const uint8_t zeros[SPLIT_TAILROOM];
	struct input input = input_create(spec, gso_size);
	struct model_super super = {
		.packet = original,
		.len = input.len,
		.ip_len = packet_ip_len(spec),
		.gso_size = gso_size,
		.protocol = spec->protocol,
		.id_step = 1,
	};
	struct split split;

	memcpy(original, input.packet, input.len);
	assert_true(split_begin(&split, &input.header, input.packet, input.len));
	assert_int_equal(split.count, model_count(&super));
	for (uint32_t i = 0; i < split.count; i++) {
		size_t len = model_segment(&super, i, expected);
		size_t padded_len = padding ? (len + padding - 1) / padding * padding : len;
		const uint8_t *segment;

		assert_int_equal(split_segment_len(&split, i), len);
		segment = split_next(&split, padded_len);
		assert_memory_equal(segment, expected, len);
		assert_memory_equal(segment + len, zeros, padded_len - len);
	}
	free(input.packet);
}

static void cuts_known_packets(void **state)
{
	static const struct {
		uint8_t version, protocol;
		size_t ip_options_len, payload_len;
		uint16_t gso_size;
	} cases[] = {
		{4, MODEL_TCP, 0, 100, 50}, {4, MODEL_TCP, 0, 101, 50}, {4, MODEL_TCP, 0, 99, 50},
		{4, MODEL_TCP, 0, 100, 100}, /* one segment */
		{4, MODEL_TCP, 40, 100, 30}, {6, MODEL_TCP, 0, 100, 30},
		{6, MODEL_TCP, 64, 100, 30}, {4, MODEL_UDP, 0, 100, 30}, {6, MODEL_UDP, 0, 100, 30},
		{4, MODEL_TCP, 0, 500, 1}, /* headers longer than segments */
		{6, MODEL_TCP, 0, 500, 1}, {6, MODEL_UDP, 0, 300, 7}, {6, MODEL_UDP, 8, 300, 15},
		{6, MODEL_TCP, 8, 300, 16},
		{6, MODEL_TCP, 160, 300, 100}, /* 240 bytes of headers */
		{4, MODEL_TCP, 0, 1, 1}, {4, MODEL_TCP, 0, 65535 - 52, 1400}, /* the longest */
		{6, MODEL_UDP, 0, 65535 - 48, 1232}, {4, MODEL_TCP, 0, 65535 - 52, 65535 - 52},
		{4, MODEL_TCP, 0, 65535 - 52, 1}, /* the most */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet_spec spec = tcp4;

		spec.version = cases[i].version;
		spec.protocol = cases[i].protocol;
		spec.ip_options_len = cases[i].ip_options_len;
		spec.extension = 60;
		spec.payload_len = cases[i].payload_len;
		check_split(&spec, cases[i].gso_size, 0);
		check_split(&spec, cases[i].gso_size, 16);
	}
}

static size_t random_payload_len(struct seeded *seeded)
{
	return seeded_below(seeded, 100) == 0 ? 1 + seeded_below(seeded, 65000)
					      : 1 + seeded_below(seeded, 3000);
}

static struct packet_spec random_spec(struct seeded *seeded)
{
	struct packet_spec spec = {
		.version = seeded_below(seeded, 2) ? 6 : 4,
		.protocol = seeded_below(seeded, 3) ? MODEL_TCP : MODEL_UDP,
		.source = (uint8_t)seeded_next(seeded),
		.destination = (uint8_t)seeded_next(seeded),
		.source_port = (uint16_t)seeded_next(seeded),
		.destination_port = (uint16_t)seeded_next(seeded),
		.tos = (uint8_t)seeded_next(seeded),
		.ttl = (uint8_t)seeded_next(seeded),
		.id = (uint16_t)seeded_next(seeded),
		.fragment = seeded_below(seeded, 2) ? MODEL_DF : 0,
		.flow_label = seeded_below(seeded, 1 << 20),
		.tcp_flags = (uint8_t)seeded_next(seeded),
		.sequence = (uint32_t)seeded_next(seeded),
		.acknowledged = (uint32_t)seeded_next(seeded),
		.window = (uint16_t)seeded_next(seeded),
		.urgent = (uint16_t)seeded_next(seeded),
		.tcp_options_len = 4 * (size_t)seeded_below(seeded, 11),
		.tcp_option_byte = (uint8_t)seeded_next(seeded),
		.payload_len = random_payload_len(seeded),
		.payload_seed = (uint32_t)seeded_next(seeded),
	};

	if (seeded_below(seeded, 4) == 0)
		spec.ip_options_len = 8 * (size_t)seeded_below(seeded, 6);
	spec.extension = (uint8_t[]){0, 43, 60}[seeded_below(seeded, 3)];
	return spec;
}

static void cuts_as_the_model_does(void **state)
{
	struct seeded seeded = seeded_start("split");

	(void)state;
	for (int round = 0; round < 6000; round++) {
		struct packet_spec spec = random_spec(&seeded);
		uint32_t gso_size = 1 + seeded_below(&seeded, (uint32_t)spec.payload_len);

		/* Tiny segments of long packets are in the table: here they take too long. */
		if (spec.payload_len / gso_size > 100)
			gso_size = (uint32_t)spec.payload_len / 100;
		check_split(&spec, (uint16_t)gso_size, 1 + seeded_below(&seeded, 16));
	}
}

static void refuses_headers_that_lie(void **state)
{
	static const struct {
		const char *what;
		size_t at; /* in the packet; the header when is_header */
		bool is_header;
		uint16_t value;
	} cases[] = {
#define HEADER_8(field)  offsetof(struct tun_header, field), true
#define HEADER_16(field) 0x100 + offsetof(struct tun_header, field), true
		{"no checksum wanted", HEADER_8(flags), 0},
		{"no checksum wanted, valid", HEADER_8(flags), TUN_CHECKSUM_VALID},
		{"IPv6's kind", HEADER_8(gso), TUN_GSO_TCP6},
		{"UDP's kind", HEADER_8(gso), TUN_GSO_UDP},
		{"fragments of UDP", HEADER_8(gso), 3},
		{"no such kind", HEADER_8(gso), 2},
		{"ECN of nothing", HEADER_8(gso), TUN_GSO_ECN | 2},
		{"segments of nothing", HEADER_16(gso_size), 0},
		{"segments longer than the payload", HEADER_16(gso_size), 101},
		{"segments longer than all", HEADER_16(gso_size), 65535},
		{"checksum from the packet on", HEADER_16(checksum_start), 0},
		{"checksum from one late", HEADER_16(checksum_start), 21},
		{"checksum from the end", HEADER_16(checksum_start), 152},
		{"checksum from behind the end", HEADER_16(checksum_start), 65535},
		{"checksum as UDP's", HEADER_16(checksum_offset), 6},
		{"checksum behind the end", HEADER_16(checksum_offset), 65535},
#undef HEADER_8
#undef HEADER_16
		{"version 6", 0, false, 0x65},
		{"version 5", 0, false, 0x55},
		{"version 0", 0, false, 0x05},
		{"IP header of 16 bytes", 0, false, 0x44},
		{"IP header of none", 0, false, 0x40},
		{"IP header into TCP", 0, false, 0x46},
		{"length one short", 3, false, 151},
		{"length one long", 3, false, 153},
		{"more fragments", 6, false, 0x20},
		{"a fragment", 7, false, 1},
		{"UDP", 9, false, 17},
		{"TCP header of 16 bytes", 32, false, 0x40},
		{"TCP header of none", 32, false, 0x00},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct input input = input_create(&tcp4, 50);
		uint8_t *header = (uint8_t *)&input.header;
		struct split split;

		if (!cases[i].is_header)
			input.packet[cases[i].at] = (uint8_t)cases[i].value;
		else if (cases[i].at >= 0x100)
			memcpy(header + cases[i].at - 0x100, &cases[i].value, 2);
		else
			header[cases[i].at] = (uint8_t)cases[i].value;
		if (split_begin(&split, &input.header, input.packet, input.len))
			fail_msg("accepted: %s", cases[i].what);
		free(input.packet);
	}
}

static void refuses_headers_that_do_not_fit(void **state)
{
	static const struct {
		uint8_t version, protocol;
		uint8_t extension;
		size_t ip_options_len;
		uint8_t at, value; /* patched */
	} cases[] = {
		{6, MODEL_TCP, 44, 8, 0, 0x60},   /* fragment */
		{6, MODEL_TCP, 51, 8, 0, 0x60},   /* authentication */
		{6, MODEL_TCP, 60, 8, 41, 255},   /* extension longer than the packet */
		{6, MODEL_TCP, 60, 8, 40, 60},    /* another, of payload */
		{6, MODEL_TCP, 60, 8, 40, 59},    /* none next */
		{6, MODEL_TCP, 60, 240, 0, 0x60}, /* more headers than there is room for */
		{6, MODEL_UDP, 60, 216, 0, 0x60},
		{6, MODEL_UDP, 0, 0, 45, 107}, /* UDP length one short */
		{6, MODEL_UDP, 0, 0, 45, 109},
		{6, MODEL_UDP, 0, 0, 5, 107}, /* IP length one short */
		{6, MODEL_UDP, 0, 0, 6, 6},
		{6, MODEL_TCP, 0, 0, 52, 0x40},
		{6, MODEL_TCP, 0, 0, 0, 0x45},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct packet_spec spec = tcp4;
		struct input input;
		struct split split;

		spec.version = cases[i].version;
		spec.protocol = cases[i].protocol;
		spec.extension = cases[i].extension;
		spec.ip_options_len = cases[i].ip_options_len;
		input = input_create(&spec, 50);
		input.packet[cases[i].at] = cases[i].value;
		if (split_begin(&split, &input.header, input.packet, input.len))
			fail_msg("accepted: case %zu", i);
		free(input.packet);
	}
}

/* An extension that is longer than the packet, and says that another follows. */
static void follows_no_extension_outside(void **state)
{
	struct packet_spec spec = tcp4;
	struct input input;
	struct split split;

	(void)state;
	spec.version = 6;
	spec.extension = 60;
	spec.ip_options_len = 8;
	input = input_create(&spec, 50);
	input.packet[40] = 60;
	input.packet[41] = 255;
	assert_false(split_begin(&split, &input.header, input.packet, input.len));
	free(input.packet);
}

/* The header's own idea of where the payload is does not count. */
static void ignores_the_header_length(void **state)
{
	static const uint16_t lens[] = {0, 1, 51, 53, 152, 65535};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct input input = input_create(&tcp4, 50);
		struct split split;

		input.header.header_len = lens[i];
		assert_true(split_begin(&split, &input.header, input.packet, input.len));
		assert_int_equal(split.header_len, 52);
		free(input.packet);
	}
}

/* Every length up to the whole, in a block of that length. */
static void refuses_what_is_cut_off(void **state)
{
	static const uint8_t versions[] = {4, 6}, protocols[] = {MODEL_TCP, MODEL_UDP};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct packet_spec spec = tcp4;
		struct input input;
		struct split split;

		spec.version = versions[i / 2];
		spec.protocol = protocols[i % 2];
		spec.ip_options_len = 16;
		spec.extension = 60;
		input = input_create(&spec, 50);
		for (size_t len = 0; len < input.len; len++) {
			uint8_t *cut = block_create(len + SPLIT_TAILROOM);

			memcpy(cut, input.packet, len);
			assert_false(split_begin(&split, &input.header, cut, len));
			/* The IP header lies as well. */
			if (len >= 40 && spec.version == 6)
				cut[5] = (uint8_t)(len - 40);
			else if (len >= 4 && spec.version == 4)
				cut[3] = (uint8_t)len;
			if (len < packet_header_len(&spec) || protocols[i % 2] == MODEL_UDP)
				assert_false(split_begin(&split, &input.header, cut, len));
			free(cut);
		}
		free(input.packet);
	}
}

/* Bytes of packet and header changed at random: whatever is accepted is cut within bounds. */
static void stays_within_bounds(void **state)
{
	struct seeded seeded = seeded_start("bounds");
	unsigned accepted = 0;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		struct packet_spec spec = random_spec(&seeded);
		struct input input;
		struct split split;
		uint32_t changes = seeded_below(&seeded, 4);

		spec.payload_len %= 200;
		input = input_create(&spec, (uint16_t)(1 + seeded_below(&seeded, 50)));
		while (changes-- > 0) {
			uint32_t span = input.len < 64 ? (uint32_t)input.len : 64;

			if (seeded_below(&seeded, 2))
				input.packet[seeded_below(&seeded, span)] =
					(uint8_t)seeded_next(&seeded);
			else
				((uint8_t *)&input.header)[seeded_below(&seeded,
					sizeof(input.header))] = (uint8_t)seeded_next(&seeded);
		}
		if (split_begin(&split, &input.header, input.packet, input.len)) {
			accepted++;
			for (uint32_t i = 0; i < split.count; i++)
				split_next(&split, split_segment_len(&split, i) + 15);
		}
		free(input.packet);
	}
	assert_true(accepted > 5000);
}

static void finishes_one_checksum(void **state)
{
	static uint8_t expected[MODEL_PACKET_MAX];
	struct seeded seeded = seeded_start("plain");

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct packet_spec spec = random_spec(&seeded);
		size_t len = packet_build(&spec, expected);
		struct input input = input_create(&spec, 0);
		struct split split;

		assert_true(split_begin(&split, &input.header, input.packet, input.len));
		assert_int_equal(split.count, 1);
		assert_int_equal(split_segment_len(&split, 0), len);
		assert_ptr_equal(split_next(&split, len), input.packet);
		assert_memory_equal(input.packet, expected, len);
		free(input.packet);
	}
}

/* A payload that makes the sum zero: in UDP it is written as ones, in TCP as it is. */
static void writes_zero_as_ones_in_udp(void **state)
{
	static const uint8_t protocols[] = {MODEL_TCP, MODEL_UDP};
	static const uint16_t expected[] = {0, 0xffff};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct packet_spec spec = tcp4;
		struct input input;
		struct split split;
		uint8_t *payload;
		uint16_t checksum;

		spec.protocol = protocols[i];
		spec.payload_len = 2;
		input = input_create(&spec, 0);
		payload = input.packet + packet_header_len(&spec);
		payload[0] = payload[1] = 0;
		checksum = model_checksum(model_sum(0, input.packet + 20, input.len - 20));
		payload[0] = (uint8_t)(checksum >> 8);
		payload[1] = (uint8_t)checksum;
		assert_true(split_begin(&split, &input.header, input.packet, input.len));
		memcpy(&checksum, input.packet + 20 + input.header.checksum_offset, 2);
		assert_int_equal(checksum, expected[i]);
		free(input.packet);
	}
}

static void leaves_finished_packets_alone(void **state)
{
	uint8_t packet[100 + SPLIT_TAILROOM], before[100];
	static const uint8_t zeros[15];
	static const struct tun_header headers[] = {{0}, {.flags = TUN_CHECKSUM_VALID},
		{.gso = TUN_GSO_ECN}, {.gso_size = 10, .checksum_start = 90, .header_len = 99}};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct split split;

		memset(packet, 0xab, sizeof(packet));
		memcpy(before, packet, sizeof(before));
		assert_true(split_begin(&split, &headers[i], packet, 100));
		assert_int_equal(split.count, 1);
		assert_ptr_equal(split_next(&split, 115), packet);
		assert_memory_equal(packet, before, 100);
		assert_memory_equal(packet + 100, zeros, 15);
		assert_int_equal(packet[115], 0xab);
	}
}

static void refuses_a_checksum_outside(void **state)
{
	static const struct {
		uint16_t start, offset;
		bool is_accepted;
	} cases[] = {
		{20, 6, true}, {0, 98, true}, {98, 0, true}, {99, 0, false}, {100, 0, false},
		{0, 99, false}, {50, 49, false}, {65535, 0, false}, {0, 65535, false},
		{65535, 65535, false}, {65535, 3, false}, /* whose sum is 2 in 16 bits */
	};
	uint8_t packet[100 + SPLIT_TAILROOM] = {0x45};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tun_header header = {
			.flags = TUN_NEEDS_CHECKSUM,
			.checksum_start = cases[i].start,
			.checksum_offset = cases[i].offset,
		};
		struct split split;

		assert_int_equal(split_begin(&split, &header, packet, 100), cases[i].is_accepted);
		assert_false(split_begin(&split, &header, packet, 0));
	}
}

/* A routing header: the sum is over another destination, which only the kernel's sum knows. */
static void keeps_the_pseudo_headers_addresses(void **state)
{
	struct packet_spec spec = tcp4;
	struct input input;
	struct split split;

	(void)state;
	spec.version = 6;
	spec.extension = 43;
	spec.ip_options_len = 24;
	input = input_create(&spec, 50);
	/* The packet goes to another router first. */
	input.packet[39] ^= 0x55;
	assert_true(split_begin(&split, &input.header, input.packet, input.len));
	for (uint32_t i = 0; i < split.count; i++) {
		size_t len = split_segment_len(&split, i);
		uint8_t *segment = split_next(&split, len);

		segment[39] ^= 0x55;
		assert_int_equal(model_sum(model_pseudo(segment, MODEL_TCP, len - 64), segment + 64,
					 len - 64),
			0);
	}
	free(input.packet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_known_packets),
		cmocka_unit_test(cuts_as_the_model_does),
		cmocka_unit_test(refuses_headers_that_lie),
		cmocka_unit_test(refuses_headers_that_do_not_fit),
		cmocka_unit_test(follows_no_extension_outside),
		cmocka_unit_test(ignores_the_header_length),
		cmocka_unit_test(refuses_what_is_cut_off),
		cmocka_unit_test(stays_within_bounds),
		cmocka_unit_test(finishes_one_checksum),
		cmocka_unit_test(writes_zero_as_ones_in_udp),
		cmocka_unit_test(leaves_finished_packets_alone),
		cmocka_unit_test(refuses_a_checksum_outside),
		cmocka_unit_test(keeps_the_pseudo_headers_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

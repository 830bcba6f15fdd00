/* Inner headers: lengths that lie, and ECN in both directions over all its values. */
#include "unit.h"
#include "ip.h"
#include "seeded.h"

#include "bytes.h"

#include <stdlib.h>

/* Bytes in a heap block of exactly their length, so that a sanitizer sees a read behind them. */
static uint8_t *packet_create(uint8_t first, size_t at, unsigned length, size_t len)
{
	uint8_t *packet = len > 0 ? calloc(1, len) : NULL;

	if (len > 0)
		packet[0] = first;
	if (len > at + 1) {
		packet[at] = (uint8_t)(length >> 8);
		packet[at + 1] = (uint8_t)length;
	}
	return packet;
}

static void refuses_lengths_that_lie(void **state)
{
	static const struct {
		uint8_t first;
		unsigned field;
		size_t len, parsed; /* parsed 0: refused */
	} cases[] = {
		/* IPv4: total length */
		{0x45, 20, 0, 0},
		{0x45, 20, 1, 0},
		{0x45, 20, 19, 0},
		{0x45, 20, 20, 20},
		{0x45, 20, 21, 20},
		{0x45, 0, 20, 0},
		{0x45, 19, 20, 0},
		{0x45, 21, 20, 0},
		{0x45, 65535, 1420, 0},
		{0x45, 1419, 1420, 1419},
		{0x45, 1420, 1420, 1420},
		{0x45, 1421, 1420, 0},
		{0x45, 65535, 65534, 0},
		{0x45, 65535, 65535, 65535},
		/* IPv6: payload length, 40 less than all */
		{0x60, 0, 0, 0},
		{0x60, 0, 1, 0},
		{0x60, 0, 39, 0},
		{0x60, 0, 40, 40},
		{0x60, 0, 41, 40},
		{0x60, 1, 40, 0},
		{0x60, 1, 41, 41},
		{0x60, 1380, 1420, 1420},
		{0x60, 1381, 1420, 0},
		/* sums that a 16-bit addition would wrap to 0, 39, 40 and 60 */
		{0x60, 65495, 65535, 65535},
		{0x60, 65496, 65535, 0},
		{0x60, 65496, 65536, 65536},
		{0x60, 65535, 40, 0},
		{0x60, 65535, 65535, 0},
		{0x60, 65535, 65574, 0},
		{0x60, 65535, 65575, 65575},
		{0x60, 65516, 100, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *packet = packet_create(cases[i].first, cases[i].first == 0x45 ? 2 : 4,
			cases[i].field, cases[i].len);
		struct ip_info info;
		bool parsed = ip_parse(packet, cases[i].len, &info);

		if (parsed != (cases[i].parsed != 0) || (parsed && info.len != cases[i].parsed))
			fail_msg("case %zu", i);
		free(packet);
	}
}

static void knows_two_versions(void **state)
{
	(void)state;
	for (unsigned version = 0; version < 16; version++) {
		for (unsigned low = 0; low < 16; low++) {
			uint8_t packet[60] = {(uint8_t)(version << 4 | low), 0, 0, 20};
			struct ip_info info;

			assert_int_equal(ip_parse(packet, sizeof(packet), &info),
				version == 4 || version == 6);
		}
	}
}

static void finds_addresses(void **state)
{
	uint8_t packet[40];
	struct ip_info info;

	(void)state;
	for (unsigned i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)i;
	packet[0] = 0x4f;
	packet[2] = 0;
	packet[3] = 40;
	assert_true(ip_parse(packet, sizeof(packet), &info));
	assert_int_equal(info.family, IP_V4);
	assert_ptr_equal(info.source, packet + 12);
	assert_ptr_equal(info.destination, packet + 16);

	packet[0] = 0x6f;
	packet[4] = packet[5] = 0;
	assert_true(ip_parse(packet, sizeof(packet), &info));
	assert_int_equal(info.family, IP_V6);
	assert_ptr_equal(info.source, packet + 8);
	assert_ptr_equal(info.destination, packet + 24);
}

static void encapsulates_ecn(void **state)
{
	static const uint8_t outer[4] = {0, 1, 2, 2};

	(void)state;
	for (unsigned inner = 0; inner < 256; inner++)
		assert_int_equal(ip_ecn_encapsulate((uint8_t)inner), outer[inner & 3]);
}

/* RFC 6040, figure 4, by [inner][outer] in codepoints; where it says drop, Linux leaves alone. */
static const uint8_t figure_4[4][4] = {
	{0, 0, 0, 0},
	{1, 1, 1, 3},
	{2, 1, 2, 3},
	{3, 3, 3, 3},
};

static uint16_t header_checksum(const uint8_t *packet)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 20; i += 2)
		sum += i == 10 ? 0 : (uint32_t)packet[i] << 8 | packet[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void checksum_store(uint8_t *packet)
{
	struct be16 sum = be16_store(header_checksum(packet));

	memcpy(packet + 10, &sum, sizeof(sum));
}

static void decapsulates_ecn_v4(void **state)
{
	struct seeded s = seeded_start("ip");

	(void)state;
	for (unsigned i = 0; i < 16 * 1000; i++) {
		unsigned inner = i / 4 % 4, outer = i % 4;
		uint8_t packet[20], expected[20];

		for (unsigned at = 0; at < sizeof(packet); at++)
			packet[at] = (uint8_t)seeded_next(&s);
		packet[0] = 0x45;
		packet[1] = (uint8_t)((packet[1] & ~3u) | inner);
		memcpy(expected, packet, sizeof(packet));
		checksum_store(packet);
		expected[1] = (uint8_t)((expected[1] & ~3u) | figure_4[inner][outer]);
		checksum_store(expected);

		assert_int_equal(ip_ecn(packet), inner);
		/* What the outer byte holds besides ECN does not matter. */
		ip_ecn_decapsulate(packet, (uint8_t)((seeded_next(&s) & ~3ULL) | outer));
		assert_memory_equal(packet, expected, sizeof(packet));
	}
}

/* Sums that come out as 0 or all ones are where incremental updates go wrong. */
static void mends_every_checksum(void **state)
{
	(void)state;
	for (unsigned id = 0; id <= 0xffff; id++) {
		uint8_t packet[20] = {0x45, 2, 0, 20, (uint8_t)(id >> 8), (uint8_t)id};

		checksum_store(packet);
		ip_ecn_decapsulate(packet, id & 1 ? 3 : 1);
		assert_int_equal(packet[1], id & 1 ? 3 : 1);
		assert_int_equal((unsigned)packet[10] << 8 | packet[11], header_checksum(packet));
	}
}

static void decapsulates_ecn_v6(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256 * 4; i++) {
		unsigned class = i / 4, inner = class & 3, outer = i % 4;
		uint8_t packet[40], expected[40];

		memset(packet, 0xa5, sizeof(packet));
		packet[0] = (uint8_t)(0x60 | class >> 4);
		packet[1] = (uint8_t)(class << 4 | 0x9);
		memcpy(expected, packet, sizeof(packet));
		expected[1] = (uint8_t)((expected[1] & 0xcf) | figure_4[inner][outer] << 4);

		assert_int_equal(ip_ecn(packet), inner);
		ip_ecn_decapsulate(packet, (uint8_t)outer);
		assert_memory_equal(packet, expected, sizeof(packet));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_lengths_that_lie),
		cmocka_unit_test(knows_two_versions),
		cmocka_unit_test(finds_addresses),
		cmocka_unit_test(encapsulates_ecn),
		cmocka_unit_test(decapsulates_ecn_v4),
		cmocka_unit_test(mends_every_checksum),
		cmocka_unit_test(decapsulates_ecn_v6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The sum against the book's, at every length and place; and the packets of RFC 1071 and others. */
#include "unit.h"
#include "checksum.h"
#include "seeded.h"

#include <stdlib.h>
#include <string.h>
#include "packet_model.h"
#include "unit_hex.h"

/* Zero has two forms: the model's modulo knows one. */
static uint32_t folded(uint64_t sum)
{
	return checksum_fold(sum) % 65535;
}

static void sums_every_length_at_every_place(void **state)
{
	struct seeded seeded = seeded_start("checksum");
	uint8_t bytes[600 + 32];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)seeded_next(&seeded);
	for (size_t at = 0; at < 32; at++) {
		for (size_t len = 0; len <= 600; len++)
			assert_int_equal(folded(checksum_add(0, bytes + at, len)),
				model_sum(0, bytes + at, len));
	}
}

/* In blocks of exactly their length, so that a sanitizer sees a read behind them. */
static void sums_long_runs(void **state)
{
	static const size_t lens[] = {1, 63, 64, 65, 1399, 1400, 1472, 65535, 65536, 1 << 20};
	static const uint8_t fills[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		for (size_t k = 0; k < sizeof(fills); k++) {
			uint8_t *bytes = malloc(lens[i]);

			assert_non_null(bytes);
			memset(bytes, fills[k], lens[i]);
			assert_int_equal(folded(checksum_add(0, bytes, lens[i])),
				model_sum(0, bytes, lens[i]));
			free(bytes);
		}
	}
}

static void goes_on_with_a_running_sum(void **state)
{
	struct seeded seeded = seeded_start("running");
	uint8_t bytes[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)seeded_next(&seeded);
	for (int round = 0; round < 1000; round++) {
		uint64_t sum = 0;
		size_t at = 0;

		while (at < sizeof(bytes)) {
			size_t len = 2 * (size_t)seeded_below(&seeded, 300);

			if (len > sizeof(bytes) - at)
				len = sizeof(bytes) - at;
			sum = checksum_add(sum, bytes + at, len);
			at += len;
		}
		assert_int_equal(folded(sum), model_sum(0, bytes, sizeof(bytes)));
	}
}

static void folds_whatever_a_sum_is(void **state)
{
	static const struct {
		const char *bytes;
		uint16_t folded;
	} cases[] = {
		{"", 0}, {"0000", 0}, {"ab", 0xab00},
		{"0001f203f4f5f6f7", 0xddf2}, /* RFC 1071, section 3 */
		{"ffff", 0xffff}, {"fffe0001", 0xffff}, {"ffff0001", 0x0001},
		{"ffffffffffffffffffff", 0xffff},
		{"4500003044224000800600008c7c19acae241e2b", 0xbbd1}, /* an IPv4 header */
	};
	uint8_t bytes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = hex_read(cases[i].bytes, bytes, sizeof(bytes));

		assert_int_equal(checksum_fold(checksum_add(0, bytes, len)), cases[i].folded);
	}
	assert_int_equal(checksum_fold(UINT64_MAX), 0xffff);
	/* 0x0001 at each 16-bit place, in either byte order. */
	for (int shift = 0; shift < 64; shift += 16)
		assert_int_equal(checksum_fold((uint64_t)0x0101 << shift), 0x0101);
}

static void sums_the_pseudo_header(void **state)
{
	static const size_t lens[] = {0, 1, 8, 20, 255, 256, 1400, 65535};
	struct packet_spec spec = {.protocol = MODEL_UDP, .source = 200, .destination = 3};
	uint8_t packet[64];

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lens) / sizeof(lens[0]); i++) {
		spec.version = i % 2 ? 6 : 4;
		packet_build(&spec, packet);
		assert_int_equal(folded(checksum_pseudo(packet, 17, lens[i / 2])),
			model_pseudo(packet, 17, lens[i / 2]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_every_length_at_every_place),
		cmocka_unit_test(sums_long_runs),
		cmocka_unit_test(goes_on_with_a_running_sum),
		cmocka_unit_test(folds_whatever_a_sum_is),
		cmocka_unit_test(sums_the_pseudo_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Prefix masks: one line a case. */
#include "unit.h"
#include "addr.h"

static void masks_host_bits(void **state)
{
	static const struct {
		uint8_t bits;
		uint8_t first[4], after[4];
	} cases[] = {
		{0, {255, 255, 255, 255}, {0, 0, 0, 0}},
		{1, {255, 255, 255, 255}, {128, 0, 0, 0}},
		{8, {10, 1, 2, 3}, {10, 0, 0, 0}},
		{20, {10, 1, 0xff, 3}, {10, 1, 0xf0, 0}},
		{31, {10, 1, 2, 3}, {10, 1, 2, 2}},
		{32, {10, 1, 2, 3}, {10, 1, 2, 3}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_prefix p = {.addr = {.family = IP_V4}, .bits = cases[i].bits};

		memcpy(p.addr.b, cases[i].first, 4);
		prefix_mask(&p);
		assert_memory_equal(p.addr.b, cases[i].after, 4);
	}
}

static void masks_every_ipv6_length(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits <= 128; bits++) {
		struct ip_prefix p = {.addr = {.family = IP_V6}, .bits = (uint8_t)bits};
		unsigned ones = 0;

		memset(p.addr.b, 0xff, 16);
		prefix_mask(&p);
		for (unsigned i = 0; i < 128; i++)
			ones += p.addr.b[i / 8] >> (7 - i % 8) & 1;
		assert_int_equal(ones, bits);
	}
}

static void endpoints_compare_by_remote(void **state)
{
	struct endpoint a = {.addr = {.family = IP_V4, .b = {1, 2, 3, 4}}, .port = 5};
	struct endpoint b = a;

	(void)state;
	b.local.family = IP_V4;
	assert_true(endpoint_same_remote(&a, &b));
	b.port = 6;
	assert_false(endpoint_same_remote(&a, &b));
	b = a;
	b.addr.b[3] = 5;
	assert_false(endpoint_same_remote(&a, &b));
	b = a;
	b.scope_id = 1;
	assert_false(endpoint_same_remote(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_host_bits),
		cmocka_unit_test(masks_every_ipv6_length),
		cmocka_unit_test(endpoints_compare_by_remote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

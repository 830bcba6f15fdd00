/* Timestamps: rounding, order, and clocks that stand, carry or go back. */
#include "unit.h"
#include "tai64n.h"
#include "seeded.h"
#include "limits.h"

#include <string.h>

static const struct tai64n none = {{0}};

static struct tai64n stamp_at(uint64_t sec, uint64_t nsec)
{
	return tai64n_next(
		(struct wall_time){sec + nsec / NS_PER_S, (uint32_t)(nsec % NS_PER_S)}, &none);
}

static void assert_stamp(struct tai64n stamp, uint64_t label, uint32_t nsec)
{
	struct be64 be_label = be64_store(label);
	struct be32 be_nsec = be32_store(nsec);

	assert_memory_equal(stamp.b, be_label.b, 8);
	assert_memory_equal(stamp.b + 8, be_nsec.b, 4);
}

static void writes_tai64n(void **state)
{
	(void)state;
	assert_stamp(stamp_at(0, 0), 0x400000000000000a, 0);
	assert_stamp(stamp_at(1700000000, 999999999), 0x400000000000000a + 1700000000, 59 << 24);
	assert_stamp(stamp_at(1ULL << 33, 1 << 24), 0x400000020000000a, 1 << 24);
}

static void rounds_down(void **state)
{
	static const struct {
		uint64_t more;
		bool is_newer;
	} cases[] = {
		{10, false},
		{10 * 1000, false},
		{NS_PER_MS, false},
		{10 * NS_PER_MS, false},
		{20 * NS_PER_MS, true},
	};
	struct tai64n first = stamp_at(1, 123456789);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tai64n then = stamp_at(1, 123456789 + cases[i].more);

		assert_int_equal(tai64n_newer(&then, &first), cases[i].is_newer);
		assert_false(tai64n_newer(&first, &then));
		if (!cases[i].is_newer)
			assert_memory_equal(&first, &then, sizeof(first));
	}
}

static void compares_as_bytes(void **state)
{
	(void)state;
	for (size_t at = 0; at < WIRE_TIMESTAMP_LEN; at++) {
		struct tai64n low = {{0}}, high = {{0}};

		memset(low.b + at, 0xff, sizeof(low.b) - at);
		low.b[at] = 0x7f;
		high.b[at] = 0x80;
		assert_true(tai64n_newer(&high, &low));
		assert_false(tai64n_newer(&low, &high));
		assert_false(tai64n_newer(&low, &low));
	}
}

static void steps_when_the_clock_stands(void **state)
{
	struct wall_time now = {1000, 500};
	struct tai64n last = tai64n_next(now, &none);

	(void)state;
	for (unsigned i = 1; i <= 59; i++) {
		last = tai64n_next(now, &last);
		assert_stamp(last, 0x400000000000000a + 1000, i << 24);
	}
	/* The sixtieth step would pass the end of the second. */
	last = tai64n_next(now, &last);
	assert_stamp(last, 0x400000000000000a + 1001, 0);
	last = tai64n_next(now, &last);
	assert_stamp(last, 0x400000000000000a + 1001, 1 << 24);
}

static void steps_when_the_clock_goes_back(void **state)
{
	struct tai64n last = tai64n_next((struct wall_time){7200, 0}, &none);
	struct tai64n next = tai64n_next((struct wall_time){3600, 999999999}, &last);

	(void)state;
	assert_stamp(next, 0x400000000000000a + 7200, 1 << 24);
	next = tai64n_next((struct wall_time){0, 0}, &next);
	assert_stamp(next, 0x400000000000000a + 7200, 2 << 24);
	/* The clock is right again: no memory of the steps but the order. */
	next = tai64n_next((struct wall_time){7201, 0}, &next);
	assert_stamp(next, 0x400000000000000a + 7201, 0);
}

static void is_always_newer(void **state)
{
	struct seeded s = seeded_start("tai64n");
	struct tai64n last = none;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct wall_time now = {
			1000000 + seeded_below(&s, 100), seeded_below(&s, (uint32_t)NS_PER_S)};
		struct tai64n next = tai64n_next(now, &last);
		struct be32 nsec;

		assert_true(tai64n_newer(&next, &last));
		memcpy(&nsec, next.b + 8, sizeof(nsec));
		assert_true(be32_load(nsec) < NS_PER_S);
		assert_int_equal(be32_load(nsec) % TIMESTAMP_STEP_NS, 0);
		last = next;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_tai64n),
		cmocka_unit_test(rounds_down),
		cmocka_unit_test(compares_as_bytes),
		cmocka_unit_test(steps_when_the_clock_stands),
		cmocka_unit_test(steps_when_the_clock_goes_back),
		cmocka_unit_test(is_always_newer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

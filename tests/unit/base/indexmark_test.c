/* The mark of session indices: one in 256 has it, each number leads to another one, and what a filter reads. */
#include "unit.h"
#include "indexmark.h"

#include <stdlib.h>

enum { MARKS = 8, NUMBERS = 1 << 16, BLOCKS = 256 };

/* Some of all kinds, also what is not random at all. */
static struct index_mark mark_number(unsigned i)
{
	static const struct index_mark plain[] = {
		{0, {0, 0}}, {UINT32_MAX, {UINT32_MAX, UINT32_MAX}}, {1, {2, 1U << 31}}};
	uint32_t z = i * 0x9e3779b9;

	if (i < sizeof(plain) / sizeof(plain[0]))
		return plain[i];
	return (struct index_mark){z, {z * 0x85ebca6b ^ z >> 13, z * 0xc2b2ae35 ^ z >> 16}};
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void puts_another_one_for_each_number(void **state)
{
	static uint32_t indices[NUMBERS];

	(void)state;
	for (unsigned m = 0; m < MARKS; m++) {
		struct index_mark mark = mark_number(m);

		for (uint32_t i = 0; i < NUMBERS; i++) {
			indices[i] = index_mark_put(&mark, i * 251);
			assert_true(index_mark_is_on(&mark, indices[i]));
			assert_int_equal(index_mark_put(&mark, i * 251 | 0x5a000000), indices[i]);
		}
		qsort(indices, NUMBERS, sizeof(indices[0]), by_value);
		for (uint32_t i = 1; i < NUMBERS; i++)
			assert_int_not_equal(indices[i], indices[i - 1]);
	}
}

/* Not more often than a guess may be right, also beside one that is. */
static void is_on_one_in_256(void **state)
{
	(void)state;
	for (unsigned m = 3; m < MARKS; m++) {
		struct index_mark mark = mark_number(m);
		uint32_t known = index_mark_put(&mark, m * 12345);
		unsigned anywhere = 0, beside = 0;

		for (uint32_t i = 1; i <= NUMBERS; i++) {
			anywhere += index_mark_is_on(&mark, i * 65521);
			beside += index_mark_is_on(&mark, known + i);
		}
		assert_in_range(anywhere, NUMBERS / 512, NUMBERS / 128);
		assert_in_range(beside, NUMBERS / 512, NUMBERS / 128);
	}
}

/* The table of indices looks where their low bits say, so these have to be spread. */
static void low_bits_are_spread(void **state)
{
	(void)state;
	for (unsigned m = 3; m < MARKS; m++) {
		struct index_mark mark = mark_number(m);
		unsigned counts[BLOCKS] = {0};

		for (uint32_t i = 0; i < NUMBERS; i++)
			counts[index_mark_put(&mark, i * 40503) % BLOCKS]++;
		for (unsigned i = 0; i < BLOCKS; i++)
			assert_in_range(counts[i], NUMBERS / BLOCKS / 2, NUMBERS / BLOCKS * 2);
	}
}

/* Worked out by hand: 0x01020304 on the wire is the index 0x04030201. */
static void is_of_the_bytes_as_a_filter_reads_them(void **state)
{
	/* Plus 0x00fdfcfc is 0x02000000, thrice that 0x06000000, folded 0x06000600, times 5 0x1e001e00. */
	struct index_mark mark = {0x00fdfcfc, {3, 5}};

	(void)state;
	assert_false(index_mark_is_on(&mark, 0x04030201));
	/* 0x00010000, 0x00030000, 0x00030003, 0x000f000f: eight zeros and more. */
	mark.offset = 0x00010000 - 0x01020304U;
	assert_true(index_mark_is_on(&mark, 0x04030201));
	assert_int_equal(index_mark_put(&mark, 0x000f000f), 0x04030201);
	/* 0x00555555, 0x00ffffff, 0x00ffff00, 0x04fffb00. */
	mark.offset = 0x00555555 - 0x01020304U;
	assert_false(index_mark_is_on(&mark, 0x04030201));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_another_one_for_each_number),
		cmocka_unit_test(is_on_one_in_256),
		cmocka_unit_test(low_bits_are_spread),
		cmocka_unit_test(is_of_the_bytes_as_a_filter_reads_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Counters out of /proc/net/dev. */
#include "unit.h"
#include "netdev.h"

#include <stdio.h>

#define HEAD                                                                                       \
	"Inter-|   Receive                                                |  Transmit\n"           \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs " \
	"drop fifo colls carrier compressed\n"

static const char usual[] = HEAD "    lo:  1  2 3 4 5 6 7 8  9 10 11 12 13 14 15 16\n"
				 "  wg0: 100 200 300 400 0 0 0 0 500 600 700 800 0 0 0 0\n"
				 "wg0:1:7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7\n"
				 "full: 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0";

static void finds_a_link(void **state)
{
	static const struct {
		const char *link;
		uint64_t counters[NETDEV_COUNTERS];
	} cases[] = {
		{"lo", {1, 2, 3, 4, 9, 10, 11, 12}},
		{"wg0", {100, 200, 300, 400, 500, 600, 700, 800}},
		{"wg0:1", {7, 7, 7, 7, 7, 7, 7, 7}},
		{"full", {UINT64_MAX}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t counters[NETDEV_COUNTERS];

		assert_true(netdev_find(span_of(usual), cases[i].link, counters));
		assert_memory_equal(counters, cases[i].counters, sizeof(counters));
	}
}

static void finds_nothing_else(void **state)
{
	static const struct {
		const char *text, *link;
	} cases[] = {
		{"", "wg0"},
		{usual, ""},
		{usual, "wg"},
		{usual, "wg00"},
		{usual, " face |bytes"},
		{"wg0:", "wg0"},
		{"wg0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", "wg0"},
		{"wg0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x", "wg0"},
		{"wg0: 18446744073709551616 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "wg0"},
		{"wg0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "wg0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t counters[NETDEV_COUNTERS];

		assert_false(netdev_find(span_of(cases[i].text), cases[i].link, counters));
	}
}

static void reads_the_kernels_own(void **state)
{
	uint64_t counters[NETDEV_COUNTERS];
	char text[65536];
	FILE *file = fopen("/proc/net/dev", "r");
	size_t len;

	(void)state;
	if (!file)
		skip();
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_true(netdev_find((struct span){text, len}, "lo", counters));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_link),
		cmocka_unit_test(finds_nothing_else),
		cmocka_unit_test(reads_the_kernels_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

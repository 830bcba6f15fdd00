/* The microbenchmarks' clock, and which of them run. Arguments: rounds, and sections' names. */
#include "micro.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "crypto_init.h"

static const struct {
	const char *name;
	void (*run)(size_t rounds);
} sections[] = {
	{"cipher", micro_cipher},
	{"operations", micro_operations},
	{"handshakes", micro_handshakes},
	{"allowed-ips", micro_allowed_ips},
	{"replay", micro_replay},
	{"packets", micro_packets},
};

enum { SECTIONS = sizeof(sections) / sizeof(sections[0]), ROUNDS = 51 };

/* The thread's own time: what others take of the machine does not count. */
double micro_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double micro_median(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), by_value);
	return values[count / 2];
}

void micro_measure(const char *name, micro_run *run, void *context, uint64_t times, size_t rounds)
{
	static double values[MICRO_ROUNDS_MAX];

	for (size_t round = 0; round < rounds; round++) {
		double start = micro_now_ns();

		run(context, times);
		values[round] = (micro_now_ns() - start) / (double)times;
	}
	printf("%-44s%12.1f\n", name, micro_median(values, rounds));
	fflush(stdout);
}

/* SplitMix64. */
uint64_t micro_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void micro_fill(uint64_t *state, void *bytes, size_t len)
{
	uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)micro_random(state);
}

static bool is_section(const char *word)
{
	for (size_t i = 0; i < SECTIONS; i++)
		if (strcmp(word, sections[i].name) == 0)
			return true;
	return false;
}

static int explain(void)
{
	fprintf(stderr, "usage: micro [ROUNDS] [SECTION...]\nROUNDS: 1 to %d (%d). SECTION:",
		MICRO_ROUNDS_MAX, ROUNDS);
	for (size_t i = 0; i < SECTIONS; i++)
		fprintf(stderr, " %s", sections[i].name);
	fprintf(stderr, "\n");
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	int first = rounds > 0 ? 2 : 1;

	for (int i = first; i < argc; i++)
		if (!is_section(argv[i]))
			return explain();
	if (rounds == 0)
		rounds = ROUNDS;
	if (!crypto_init() || rounds > MICRO_ROUNDS_MAX)
		return explain();
	printf("%-44s%12s\n", "medians", "ns");
	for (size_t i = 0; i < SECTIONS; i++) {
		bool is_chosen = first >= argc;

		for (int j = first; j < argc; j++)
			is_chosen |= strcmp(argv[j], sections[i].name) == 0;
		if (is_chosen)
			sections[i].run(rounds);
	}
	return EXIT_SUCCESS;
}

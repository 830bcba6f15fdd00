/*
 * Random numbers for model tests. Every run takes another seed and prints it; CULVERT_TEST_SEED
 * brings a run back.
 */
#ifndef CULVERT_TESTS_SEEDED_H
#define CULVERT_TESTS_SEEDED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct seeded {
	uint64_t state;
};

static inline struct seeded seeded_start(const char *test)
{
	const char *given = getenv("CULVERT_TEST_SEED");
	struct seeded s = {0};

	if (given != NULL)
		s.state = strtoull(given, NULL, 0);
	else if (getrandom(&s.state, sizeof(s.state), 0) != sizeof(s.state))
		abort();
	printf("# %s: CULVERT_TEST_SEED=0x%llx\n", test, (unsigned long long)s.state);
	fflush(stdout);
	return s;
}

/* SplitMix64. */
static inline uint64_t seeded_next(struct seeded *s)
{
	uint64_t z = s->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* A number below n; n is not 0. */
static inline uint32_t seeded_below(struct seeded *s, uint32_t n)
{
	return (uint32_t)(seeded_next(s) % n);
}

#endif

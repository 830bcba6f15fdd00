/* The clocks and random bytes: that they are what they say. */
#include "unit.h"
#include "clock.h"

#include <string.h>
#include <time.h>
#include "entropy.h"

static void goes_with_the_systems_clocks(void **state)
{
	struct timespec before, after;
	struct instant last = clock_now();
	struct wall_time wall;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct instant now = clock_now();

		assert_true(now.ns >= last.ns);
		last = now;
	}
	clock_gettime(CLOCK_BOOTTIME, &before);
	last = clock_now();
	clock_gettime(CLOCK_BOOTTIME, &after);
	assert_true(last.ns >= (uint64_t)before.tv_sec * NS_PER_S + (uint64_t)before.tv_nsec);
	assert_true(last.ns <= (uint64_t)after.tv_sec * NS_PER_S + (uint64_t)after.tv_nsec);
	wall = clock_wall();
	assert_true(wall.sec + 60 > (uint64_t)time(NULL) && wall.sec < (uint64_t)time(NULL) + 60);
	assert_true(wall.nsec < NS_PER_S);
}

static void fills_every_byte(void **state)
{
	unsigned char bytes[700], ever[700] = {0};

	(void)state;
	/* A byte that is zero nine times in a row is not filled. */
	for (int i = 0; i < 9; i++) {
		memset(bytes, 0, sizeof(bytes));
		entropy_fill(bytes + 1, sizeof(bytes) - 2);
		for (size_t n = 0; n < sizeof(bytes); n++)
			ever[n] |= bytes[n];
	}
	assert_int_equal(ever[0], 0);
	assert_int_equal(ever[sizeof(ever) - 1], 0);
	for (size_t n = 1; n < sizeof(ever) - 1; n++)
		assert_int_not_equal(ever[n], 0);
	entropy_fill(bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_with_the_systems_clocks),
		cmocka_unit_test(fills_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

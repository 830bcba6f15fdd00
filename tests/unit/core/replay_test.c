/* The replay window: one line a counter, then against a plain list of what was seen. */
#include "unit.h"
#include "replay.h"
#include "seeded.h"

#include <string.h>

/* First distance that is outside of the window. */
#define L (REPLAY_WINDOW + 1ULL)

#define LAST (REJECT_AFTER_MESSAGES - 1)

struct step {
	uint64_t counter;
	bool accepted;
};

static void assert_steps(const struct step *steps, size_t n)
{
	struct replay replay;

	replay_init(&replay);
	for (size_t i = 0; i < n; i++)
		if (replay_accept(&replay, steps[i].counter) != steps[i].accepted)
			fail_msg("step %zu, counter %llu", i, (unsigned long long)steps[i].counter);
}

#define ASSERT_STEPS(steps) assert_steps(steps, sizeof(steps) / sizeof((steps)[0]))

static void accepts_each_counter_once(void **state)
{
	/* clang-format off */
	static const struct step steps[] = {
		{0, true}, {0, false},
		{1, true}, {1, false},
		{9, true}, {8, true}, {7, true},
		{7, false}, {8, false}, {9, false},
		{L, true}, {L - 1, true}, {L - 1, false}, {L - 2, true}, {2, true}, {2, false},
		{L + 16, true}, {3, false}, {L + 16, false},
		{4 * L, true}, {4 * L - (L - 1), true}, {10, false},
		{4 * L - L, false}, {4 * L - (L + 1), false}, {4 * L - (L - 2), true},
		{4 * L + 1 - L, false}, {0, false},
		{REJECT_AFTER_MESSAGES, false},
		{REJECT_AFTER_MESSAGES - 1, true}, {REJECT_AFTER_MESSAGES, false},
		{REJECT_AFTER_MESSAGES - 1, false}, {REJECT_AFTER_MESSAGES - 2, true},
		{REJECT_AFTER_MESSAGES + 1, false}, {REJECT_AFTER_MESSAGES + 2, false},
		{REJECT_AFTER_MESSAGES - 2, false}, {REJECT_AFTER_MESSAGES - 3, true},
		{0, false}, {UINT64_MAX, false},
	};
	/* clang-format on */

	(void)state;
	ASSERT_STEPS(steps);
}

static void ends_before_the_last_counters(void **state)
{
	/* clang-format off */
	static const struct step steps[] = {
		{UINT64_MAX, false}, {UINT64_MAX - 1, false}, {REJECT_AFTER_MESSAGES, false},
		{LAST, true}, {LAST - REPLAY_WINDOW, true}, {LAST - L, false},
		{LAST - REPLAY_WINDOW, false}, {UINT64_MAX, false}, {0, false},
	};
	/* clang-format on */

	(void)state;
	assert_true(REJECT_AFTER_MESSAGES == 0xffffffffffffe03e);
	ASSERT_STEPS(steps);
}

/* Differences that are zero, small or negative when cut to fewer bits. */
static void compares_all_64_bits(void **state)
{
	for (unsigned bit = 14; bit < 64; bit++) {
		const uint64_t far = 1ULL << bit;
		const struct step steps[] = {
			{5, true},
			{far + 5, true},
			{5, false},
			{6, false},
			{far + 6, true},
			{far + 5, false},
			{far - 6, true},
			{0, false},
		};

		ASSERT_STEPS(steps);
	}
	(void)state;
}

/* Runs of counters, up, down and from behind, each just as long as the window or longer. */
static void passes_long_runs(void **state)
{
	static const struct {
		uint64_t first, last;
		int step;
		uint64_t then;
		bool then_accepted;
	} runs[] = {
		{1, REPLAY_WINDOW, 1, 0, true},
		{1, REPLAY_WINDOW, 1, REPLAY_WINDOW, false},
		{2, REPLAY_WINDOW + 1, 1, 1, true},
		{2, REPLAY_WINDOW + 1, 1, 0, false},
		{REPLAY_WINDOW + 1, 1, -1, 0, false},
		{REPLAY_WINDOW + 1, 1, -1, REPLAY_WINDOW + 2, true},
		{REPLAY_WINDOW, 0, -1, REPLAY_WINDOW + 1, true},
		{REPLAY_WINDOW, 1, -1, 0, true},
		{0, 5 * REPLAY_BITS, 1, 5 * REPLAY_BITS - L, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		struct replay replay;
		uint64_t counter = runs[i].first;

		replay_init(&replay);
		assert_true(replay_accept(&replay, counter));
		while (counter != runs[i].last) {
			counter += runs[i].step;
			assert_true(replay_accept(&replay, counter));
		}
		assert_int_equal(replay_accept(&replay, runs[i].then), runs[i].then_accepted);
	}
}

/* seen[d]: the counter d below the highest was accepted. */
struct model {
	uint64_t next;
	bool seen[REPLAY_WINDOW + 1];
};

static bool model_accept(struct model *m, uint64_t counter)
{
	if (counter >= REJECT_AFTER_MESSAGES)
		return false;
	if (counter >= m->next) {
		uint64_t by = counter + 1 - m->next;

		if (by < sizeof(m->seen)) {
			memmove(m->seen + by, m->seen, sizeof(m->seen) - by);
			memset(m->seen, 0, by);
		} else {
			memset(m->seen, 0, sizeof(m->seen));
		}
		m->next = counter + 1;
	}
	if (m->next - 1 - counter > REPLAY_WINDOW || m->seen[m->next - 1 - counter])
		return false;
	m->seen[m->next - 1 - counter] = true;
	return true;
}

static uint64_t next_counter(struct seeded *s, uint64_t next)
{
	switch (seeded_below(s, 16)) {
	case 0:
		return next + (seeded_next(s) >> (4 + seeded_below(s, 60)));
	case 1:
		return seeded_next(s);
	case 2:
		return next + 64 * seeded_below(s, 140) - 1;
	case 3:
		return next - 1 - REPLAY_WINDOW + seeded_below(s, 3);
	case 4:
	case 5:
	case 6:
		return next - seeded_below(s, REPLAY_BITS + 100);
	case 7:
		return UINT64_MAX - seeded_below(s, 2 * REPLAY_BITS);
	default:
		return next + seeded_below(s, 80) - 20;
	}
}

static void agrees_with_a_shift_register(void **state)
{
	struct seeded s = seeded_start("replay");

	(void)state;
	for (int round = 0; round < 100; round++) {
		static struct model model;
		struct replay replay;

		memset(&model, 0, sizeof(model));
		replay_init(&replay);
		for (int i = 0; i < 500; i++) {
			uint64_t counter = next_counter(&s, model.next);
			bool expected = model_accept(&model, counter);

			if (replay_accept(&replay, counter) != expected)
				fail_msg("round %d, step %d, counter %llu", round, i,
					(unsigned long long)counter);
		}
		assert_true(replay.next == model.next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_each_counter_once),
		cmocka_unit_test(ends_before_the_last_counters),
		cmocka_unit_test(compares_all_64_bits),
		cmocka_unit_test(passes_long_runs),
		cmocka_unit_test(agrees_with_a_shift_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is let in of floods of all sizes, beside much, little and no data. */
#include "unit.h"
#include "thinner.h"

static const struct instant start = {NS_PER_S};

/* One window of so many datagrams a second; the loop rests, or never did. */
static void pass(
	struct thinner *thinner, struct instant *now, uint64_t sent, uint64_t data, bool rests)
{
	struct thinner_class *class = &thinner->classes[THINNER_FIRST];

	now->ns += THINNER_WINDOW_NS;
	class->strangers += (uint32_t)((sent >> class->level) * THINNER_WINDOW_NS / NS_PER_S);
	thinner->data += (uint32_t)(data * THINNER_WINDOW_NS / NS_PER_S);
	thinner_judge(thinner, rests ? *now : start, *now);
}

/* The level that a steady flood has, after the first window and after many. */
static void level_is(uint64_t sent, uint64_t data, bool rests, unsigned expected)
{
	struct instant now = start;
	struct thinner thinner = {.since = now};

	for (unsigned i = 0; i < 50; i++) {
		pass(&thinner, &now, sent, data, rests);
		if (thinner.classes[THINNER_FIRST].level != expected)
			fail_msg("%llu beside %llu: level %u and not %u after %u windows",
				(unsigned long long)sent, (unsigned long long)data,
				thinner.classes[THINNER_FIRST].level, expected, i + 1);
	}
}

static void strangers_have_their_share(void **state)
{
	(void)state;
	/* No flood, however fast data flows. */
	level_is(0, 1000000, true, 0);
	level_is(4000, 0, true, 0);
	level_is(15000, 1000000, false, 0);
	/* Nobody else needs the time: up to a rate, what comes is looked at. */
	level_is(65000, 0, true, 0);
	level_is(65000, 30000, true, 0);
	level_is(131000, 0, true, 1);
	level_is(132000, 0, true, 2);
	/* Data flows fast. */
	level_is(4000, 40000, true, 0);
	level_is(5000, 40000, true, 1);
	level_is(50000, 40000, true, 4);
	/* The faster, the more strangers are allowed. */
	level_is(50000, 400000, true, 3);
	level_is(50000, 800000, true, 2);
	level_is(50000, 4000000, true, 0);
	/* The loop does not keep up. */
	level_is(60000, 0, false, 4);
	level_is(131000, 0, false, 5);
	/* So many that luck is of no use; and never all. */
	level_is(132000, 0, false, THINNER_LEVEL_MAX);
	level_is(2000000, 0, true, 5);
	level_is(2200000, 0, true, THINNER_LEVEL_MAX);
	level_is(100000000, 0, false, THINNER_LEVEL_MAX);
}

static void is_not_judged_before_its_time(void **state)
{
	struct instant now = start;
	struct thinner thinner = {.since = now, .classes[THINNER_FIRST].strangers = 1000000};

	(void)state;
	now.ns += THINNER_WINDOW_NS - 1;
	assert_false(thinner_judge(&thinner, now, now));
	assert_int_equal(thinner_when(&thinner).ns, INSTANT_NEVER.ns);
	now.ns++;
	assert_true(thinner_judge(&thinner, now, now));
	assert_int_not_equal(thinner.classes[THINNER_FIRST].level, 0);
	assert_int_equal(thinner_when(&thinner).ns, now.ns + THINNER_WINDOW_NS);
}

/* Between its own level and the next it does not swing. */
static void keeps_its_level(void **state)
{
	struct instant now = start;
	struct thinner thinner = {.since = now};

	(void)state;
	pass(&thinner, &now, 140000, 0, true);
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 2);
	/* Half of it would do, but barely. */
	pass(&thinner, &now, 110000, 0, true);
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 2);
	pass(&thinner, &now, 90000, 0, true);
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 1);
}

/* When the flood ends everything is let in again; when the data ends, a second later. */
static void lets_in_again(void **state)
{
	struct instant now = start;
	struct thinner thinner = {.since = now};

	(void)state;
	pass(&thinner, &now, 40000, 40000, true);
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 4);
	for (unsigned i = 0; i < THINNER_BUSY_HOLD_NS / THINNER_WINDOW_NS - 1; i++) {
		pass(&thinner, &now, 40000, 0, true);
		assert_int_equal(thinner.classes[THINNER_FIRST].level, 4);
	}
	pass(&thinner, &now, 40000, 0, true);
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 0);

	pass(&thinner, &now, 1000000, 40000, true);
	assert_int_not_equal(thinner.classes[THINNER_FIRST].level, 0);
	pass(&thinner, &now, 0, 40000, true);
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 0);
	assert_int_equal(thinner_when(&thinner).ns, INSTANT_NEVER.ns);
}

/* After hours without a turn, counts of a moment are no flood. */
static void a_long_sleep_is_no_flood(void **state)
{
	struct instant now = start;
	struct thinner thinner = {.since = now, .classes[THINNER_FIRST].strangers = 100000};

	(void)state;
	now.ns += 3600 * NS_PER_S;
	assert_false(thinner_judge(&thinner, start, now));
	assert_int_equal(thinner.classes[THINNER_FIRST].level, 0);
}

/* A cookie has a share of its own, and so have the known. */
static void counts_by_what_it_is(void **state)
{
	static struct {
		uint8_t first;
		size_t len;
		bool has_cookie, is_known;
		enum thinner_kind expected;
	} cases[] = {
		{1, INITIATION_LEN, false, false, THINNER_FIRST},
		{1, INITIATION_LEN, true, false, THINNER_WITH_COOKIE},
		{1, INITIATION_LEN - 1, true, false, THINNER_FIRST},
		{1, 4, false, false, THINNER_FIRST},
		{5, INITIATION_LEN, true, false, THINNER_FIRST},
		{0, 0, false, false, THINNER_FIRST},
		{1, INITIATION_LEN, false, true, THINNER_KNOWN},
		{1, INITIATION_LEN, true, true, THINNER_KNOWN},
		{5, 4, false, true, THINNER_KNOWN},
		{2, 12, false, false, THINNER_ASTRAY},
		{3, 8, false, false, THINNER_ASTRAY},
		{4, 8, false, false, THINNER_ASTRAY},
		{4, 8, false, true, THINNER_ASTRAY},
		{2, 11, false, false, THINNER_FIRST},
		{4, 7, false, false, THINNER_FIRST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[INITIATION_LEN] = {cases[i].first};
		struct thinner thinner = {.data = 0};

		bytes[INITIATION_LEN - 1] = 1;
		bytes[INITIATION_LEN - WIRE_MAC_LEN + 2] = cases[i].has_cookie;
		thinner_count(&thinner, bytes, cases[i].len, cases[i].is_known);
		for (unsigned c = 0; c < THINNER_CLASSES; c++)
			assert_int_equal(thinner.classes[c].strangers, c == cases[i].expected);
	}
}

/* A flood of one kind leaves the others alone; while there is one, the known are looked up again. */
static void judges_the_kinds_apart(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < THINNER_CLASSES; kind++) {
		struct instant now = start;
		struct thinner thinner = {.since = now};
		unsigned told = 0;

		for (unsigned i = 0; i < THINNER_KNOWN_NS / THINNER_WINDOW_NS * 4; i++) {
			for (unsigned c = 0; c < THINNER_CLASSES; c++)
				thinner.classes[c].strangers =
					c == kind ? 10000 >> thinner.classes[c].level : 10;
			now.ns += THINNER_WINDOW_NS;
			told += thinner_judge(&thinner, now, now);
			for (unsigned c = 0; c < THINNER_CLASSES; c++)
				assert_int_equal(thinner.classes[c].level, c == kind);
			assert_true(thinner_is_at_work(&thinner));
		}
		assert_int_equal(told, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_have_their_share),
		cmocka_unit_test(is_not_judged_before_its_time),
		cmocka_unit_test(keeps_its_level),
		cmocka_unit_test(lets_in_again),
		cmocka_unit_test(a_long_sleep_is_no_flood),
		cmocka_unit_test(counts_by_what_it_is),
		cmocka_unit_test(judges_the_kinds_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

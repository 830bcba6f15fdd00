/* The timers on a clock of the test's own: what each event does to each deadline, rule by rule. */
#include "unit.h"
#include "limits.h"
#include "timers.h"

enum {
	OFF = -1,
	STEPS_MAX = 5,
	PERSISTENT_S = 25,
};

static const struct instant start = {50 * NS_PER_S};

static struct instant at_ms(uint64_t ms)
{
	return instant_after(start, ms * NS_PER_MS);
}

/* In milliseconds after the start; OFF: not armed. */
static int64_t due_ms(const struct timers *timers, enum timer timer)
{
	struct instant due = timers->due[timer];

	return due.ns == INSTANT_NEVER.ns ? OFF : (int64_t)((due.ns - start.ns) / NS_PER_MS);
}

struct step {
	uint32_t ms;
	enum timer_event event;
};

#define END                                                                                        \
	{                                                                                          \
		0, TIMER_EVENTS                                                                    \
	}

/* Deadlines in the order of enum timer: retransmit, keepalive, new handshake, zero keys. */
static const struct {
	struct step steps[STEPS_MAX];
	int64_t due[TIMER_PERSISTENT];
} rules[] = {
	{{END}, {OFF, OFF, OFF, OFF}},
	/* Sending data expects an answer within 15 s of the first. */
	{{{0, EVENT_DATA_SENT}, END}, {OFF, OFF, 15000, OFF}},
	{{{0, EVENT_DATA_SENT}, {3000, EVENT_DATA_SENT}, END}, {OFF, OFF, 15000, OFF}},
	{{{0, EVENT_DATA_SENT}, {3000, EVENT_ANY_RECEIVED}, END}, {OFF, OFF, OFF, OFF}},
	{{{0, EVENT_DATA_SENT}, {3000, EVENT_ANY_SENT}, END}, {OFF, OFF, 15000, OFF}},
	{{{0, EVENT_DATA_SENT}, {3000, EVENT_ANY_RECEIVED}, {4000, EVENT_DATA_SENT}, END},
		{OFF, OFF, 19000, OFF}},
	/* Receiving data promises an answer within 10 s of the first. */
	{{{0, EVENT_DATA_RECEIVED}, END}, {OFF, 10000, OFF, OFF}},
	{{{0, EVENT_DATA_RECEIVED}, {4000, EVENT_DATA_RECEIVED}, END}, {OFF, 10000, OFF, OFF}},
	{{{0, EVENT_DATA_RECEIVED}, {4000, EVENT_ANY_SENT}, END}, {OFF, OFF, OFF, OFF}},
	{{{0, EVENT_DATA_RECEIVED}, {4000, EVENT_ANY_RECEIVED}, END}, {OFF, 10000, OFF, OFF}},
	/* A keepalive is any message and no data: it promises nothing and expects nothing. */
	{{{0, EVENT_ANY_RECEIVED}, END}, {OFF, OFF, OFF, OFF}},
	{{{0, EVENT_ANY_SENT}, END}, {OFF, OFF, OFF, OFF}},
	/* An initiation is repeated after 5 s, until the handshake is complete. */
	{{{0, EVENT_INITIATION_SENT}, END}, {5000, OFF, OFF, OFF}},
	{{{0, EVENT_INITIATION_SENT}, {5100, EVENT_INITIATION_SENT}, END}, {10100, OFF, OFF, OFF}},
	{{{0, EVENT_INITIATION_SENT}, {90, EVENT_ANY_RECEIVED}, END}, {5000, OFF, OFF, OFF}},
	{{{0, EVENT_INITIATION_SENT}, {90, EVENT_HANDSHAKE_COMPLETE}, END}, {OFF, OFF, OFF, OFF}},
	/* One that came too early is put off to its first moment, unless a retry comes anyhow. */
	{{{200, EVENT_INITIATION_PUT_OFF}, END}, {5200, OFF, OFF, OFF}},
	{{{0, EVENT_INITIATION_SENT}, {200, EVENT_INITIATION_PUT_OFF}, END}, {5000, OFF, OFF, OFF}},
	{{{200, EVENT_INITIATION_PUT_OFF}, {300, EVENT_HANDSHAKE_COMPLETE}, END},
		{OFF, OFF, OFF, OFF}},
	/* Keys go 540 s after the last session. */
	{{{0, EVENT_SESSION_DERIVED}, END}, {OFF, OFF, OFF, 540000}},
	{{{0, EVENT_SESSION_DERIVED}, {120000, EVENT_SESSION_DERIVED}, END},
		{OFF, OFF, OFF, 660000}},
	/* Giving up stops the promise, and lets keys go if nothing did already. */
	{{{0, EVENT_DATA_RECEIVED}, {100, EVENT_GIVEN_UP}, END}, {OFF, OFF, OFF, 540100}},
	{{{0, EVENT_SESSION_DERIVED}, {105000, EVENT_GIVEN_UP}, END}, {OFF, OFF, OFF, 540000}},
};

static void follow_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct timers timers;

		timers_init(&timers);
		for (const struct step *s = rules[i].steps; s->event != TIMER_EVENTS; s++)
			timers_on(&timers, s->event, at_ms(s->ms), 0);
		for (unsigned t = 0; t < TIMER_PERSISTENT; t++)
			assert_int_equal(due_ms(&timers, (enum timer)t), rules[i].due[t]);
		assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), OFF);
	}
}

/* Only the two that both ends could start at the same moment. */
static void jitter_where_both_ends_might_collide(void **state)
{
	static const uint32_t jitters[] = {0, 1, 332999999, 333000000, UINT32_MAX};
	struct timers timers;

	(void)state;
	for (size_t i = 0; i < sizeof(jitters) / sizeof(jitters[0]); i++) {
		uint64_t extra = jitters[i] % REKEY_JITTER_NS;

		assert_true(extra < 333 * NS_PER_MS);
		timers_init(&timers);
		for (unsigned event = 0; event < TIMER_EVENTS; event++)
			if (event != EVENT_HANDSHAKE_COMPLETE && event != EVENT_ANY_SENT &&
				event != EVENT_ANY_RECEIVED && event != EVENT_GIVEN_UP)
				timers_on(&timers, (enum timer_event)event, start, jitters[i]);
		assert_true(timers.due[TIMER_RETRANSMIT].ns == start.ns + 5 * NS_PER_S + extra);
		assert_true(timers.due[TIMER_NEW_HANDSHAKE].ns == start.ns + 15 * NS_PER_S + extra);
		assert_true(timers.due[TIMER_KEEPALIVE].ns == start.ns + 10 * NS_PER_S);
		assert_true(timers.due[TIMER_ZERO_KEYS].ns == start.ns + 540 * NS_PER_S);
	}
}

/* 10 s after data that came unanswered; again if more came meanwhile; then silence. */
static void answer_with_one_keepalive_or_two(void **state)
{
	struct timers timers;

	(void)state;
	timers_init(&timers);
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(0), 0);
	assert_int_equal(timers_take_due(&timers, at_ms(9999)), TIMER_NONE);
	assert_int_equal(timers_take_due(&timers, at_ms(10000)), TIMER_KEEPALIVE);
	assert_int_equal(timers_take_due(&timers, at_ms(10000)), TIMER_NONE);
	assert_true(timers_next(&timers).ns == INSTANT_NEVER.ns);

	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(20000), 0);
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(20001), 0);
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(29999), 0);
	assert_int_equal(timers_take_due(&timers, at_ms(30000)), TIMER_KEEPALIVE);
	assert_int_equal(due_ms(&timers, TIMER_KEEPALIVE), 40000);
	assert_int_equal(timers_take_due(&timers, at_ms(40000)), TIMER_KEEPALIVE);
	assert_int_equal(due_ms(&timers, TIMER_KEEPALIVE), OFF);
}

/* Any message either way starts the interval again; without an interval nothing does. */
static void keep_the_persistent_interval(void **state)
{
	struct timers timers;

	(void)state;
	timers_init(&timers);
	timers_on(&timers, EVENT_TRAVERSAL, at_ms(0), 0);
	assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), OFF);
	timers_set_persistent(&timers, PERSISTENT_S, false, at_ms(0));
	assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), OFF);
	timers_start(&timers, at_ms(1000));
	assert_int_equal(timers_take_due(&timers, at_ms(1000)), TIMER_PERSISTENT);
	/* Although nothing could be sent. */
	assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), 26000);
	assert_int_equal(timers_take_due(&timers, at_ms(26100)), TIMER_PERSISTENT);
	assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), 51100);
	for (uint32_t ms = 1000; ms < 100000; ms += 7000) {
		timers_on(&timers, EVENT_TRAVERSAL, at_ms(ms), 0);
		assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), ms + 25000);
	}
	timers_stop(&timers);
	assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), OFF);
	timers_start(&timers, at_ms(200000));
	assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), 200000);
}

static void send_a_keepalive_when_the_interval_is_switched_on(void **state)
{
	static const struct {
		uint16_t before, after;
		bool is_up;
		int64_t due;
	} cases[] = {
		{0, 25, true, 500},
		{0, 25, false, OFF},
		{0, 1, true, 500},
		{0, 65535, true, 500},
		{25, 0, true, OFF},
		{25, 10, true, 25000}, /* with the next message */
		{25, 25, true, 25000},
		{0, 0, true, OFF},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timers timers;

		timers_init(&timers);
		timers_set_persistent(&timers, cases[i].before, false, at_ms(0));
		timers_on(&timers, EVENT_TRAVERSAL, at_ms(0), 0);
		timers_set_persistent(&timers, cases[i].after, cases[i].is_up, at_ms(500));
		assert_int_equal(due_ms(&timers, TIMER_PERSISTENT), cases[i].due);
	}
}

/* The caller counts the tries; a complete handshake starts the count anew. */
static void forget_tries_when_the_handshake_completes(void **state)
{
	struct timers timers;

	(void)state;
	timers_init(&timers);
	timers.retries = 7;
	timers.asked_on_receive = true;
	timers_on(&timers, EVENT_INITIATION_SENT, at_ms(0), 0);
	timers_on(&timers, EVENT_ANY_RECEIVED, at_ms(0), 0);
	timers_on(&timers, EVENT_SESSION_DERIVED, at_ms(0), 0);
	assert_int_equal(timers.retries, 7);
	assert_true(timers.asked_on_receive);
	timers_on(&timers, EVENT_HANDSHAKE_COMPLETE, at_ms(0), 0);
	assert_int_equal(timers.retries, 0);
	assert_false(timers.asked_on_receive);
}

static void fire_each_once_in_turn(void **state)
{
	struct timers timers;
	unsigned seen = 0;

	(void)state;
	timers_init(&timers);
	timers_on(&timers, EVENT_INITIATION_SENT, at_ms(0), 0);
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(0), 0);
	timers_on(&timers, EVENT_DATA_SENT, at_ms(0), 0);
	timers_on(&timers, EVENT_SESSION_DERIVED, at_ms(0), 0);
	assert_true(timers_next(&timers).ns == at_ms(5000).ns);
	for (enum timer t; (t = timers_take_due(&timers, at_ms(540000))) != TIMER_NONE;) {
		assert_false(seen & 1u << t);
		seen |= 1u << t;
	}
	assert_int_equal(seen, 1u << TIMER_RETRANSMIT | 1u << TIMER_KEEPALIVE |
				       1u << TIMER_NEW_HANDSHAKE | 1u << TIMER_ZERO_KEYS);
}

static void stop_keeps_nothing_but_the_interval(void **state)
{
	struct timers timers;

	(void)state;
	timers_init(&timers);
	timers_set_persistent(&timers, PERSISTENT_S, true, at_ms(0));
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(0), 0);
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(0), 0);
	timers_on(&timers, EVENT_SESSION_DERIVED, at_ms(0), 0);
	timers.retries = 3;
	timers_stop(&timers);
	assert_true(timers_next(&timers).ns == INSTANT_NEVER.ns);
	assert_int_equal(timers.persistent_s, PERSISTENT_S);
	assert_int_equal(timers.retries, 0);
	timers_on(&timers, EVENT_DATA_RECEIVED, at_ms(1000), 0);
	assert_int_equal(timers_take_due(&timers, at_ms(11000)), TIMER_KEEPALIVE);
	assert_int_equal(due_ms(&timers, TIMER_KEEPALIVE), OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follow_the_rules),
		cmocka_unit_test(jitter_where_both_ends_might_collide),
		cmocka_unit_test(answer_with_one_keepalive_or_two),
		cmocka_unit_test(keep_the_persistent_interval),
		cmocka_unit_test(send_a_keepalive_when_the_interval_is_switched_on),
		cmocka_unit_test(forget_tries_when_the_handshake_completes),
		cmocka_unit_test(fire_each_once_in_turn),
		cmocka_unit_test(stop_keeps_nothing_but_the_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

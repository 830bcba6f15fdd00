/* What each timer asks for when it fires, and giving up. */
#include "duo.h"
#include "schedule.h"
#include "tick.h"

static void each_timer_asks_for_its_effect(void **state)
{
	static const struct {
		enum timer timer;
		unsigned effects;
		bool forgets_source, wipes_keys;
	} cases[] = {
		{TIMER_RETRANSMIT, EFFECT_RETRY, true, false},
		{TIMER_KEEPALIVE, EFFECT_KEEPALIVE, false, false},
		{TIMER_NEW_HANDSHAKE, EFFECT_INITIATE, true, false},
		{TIMER_ZERO_KEYS, EFFECT_NONE, false, true},
		{TIMER_PERSISTENT, EFFECT_KEEPALIVE, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct duo d;
		struct peer *peer;
		uint32_t slot;
		unsigned effects;

		duo_init(&d);
		duo_handshake(&d);
		peer = device_peer(d.a, 0);
		timers_stop(&peer->timers);
		peer->timers.due[cases[i].timer] = d.now.at;
		device_reschedule(d.a, 0);
		peer->endpoint.local.family = IP_V4;
		peer->endpoint.local_ifindex = 2;
		assert_true(tick_next(d.a, d.now.at, &slot, &effects));
		assert_int_equal(slot, 0);
		assert_int_equal(effects, cases[i].effects);
		assert_int_equal(peer->endpoint.local.family == IP_NONE, cases[i].forgets_source);
		assert_int_equal(peer->endpoint.local_ifindex == 0, cases[i].forgets_source);
		assert_int_equal(peer->keyring.current == SESSION_NONE, cases[i].wipes_keys);
		assert_false(tick_next(d.a, d.now.at, &slot, &effects));
		duo_fini(&d);
	}
}

/* One initiation and nineteen retries; then the packets are given up, the keys 540 s later. */
static void the_twentieth_initiation_is_the_last(void **state)
{
	struct duo d;
	struct peer *peer;
	struct handshake_job job;
	uint32_t slot;
	unsigned effects, sent = 1;

	(void)state;
	duo_init(&d);
	peer = device_peer(d.a, 0);
	duo_initiation(&d);
	for (;;) {
		d.now.at = tick_when(d.a);
		assert_true(tick_next(d.a, d.now.at, &slot, &effects));
		if (effects != EFFECT_RETRY)
			break;
		assert_int_equal(duo_prepare(&d, d.a, true, &job), VERDICT_OK);
		assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_OK);
		sent++;
	}
	assert_int_equal(effects, EFFECT_DROP_STAGED);
	assert_int_equal(sent, 20);
	assert_true(peer->timers.due[TIMER_RETRANSMIT].ns == INSTANT_NEVER.ns);
	assert_true(peer->timers.due[TIMER_ZERO_KEYS].ns == d.now.at.ns + ZERO_KEYS_AFTER_NS);
	assert_true(peer->has_handshake); /* a late response would still do */

	/* A new packet starts with twenty tries again. */
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
	assert_int_equal(peer->timers.retries, 0);
	assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_OK);
	duo_fini(&d);
}

static void an_idle_device_is_never_due(void **state)
{
	struct duo d;
	uint32_t slot;
	unsigned effects;

	(void)state;
	duo_init(&d);
	assert_true(tick_when(d.a).ns == INSTANT_NEVER.ns);
	assert_false(tick_next(d.a, d.now.at, &slot, &effects));
	duo_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_timer_asks_for_its_effect),
		cmocka_unit_test(the_twentieth_initiation_is_the_last),
		cmocka_unit_test(an_idle_device_is_never_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

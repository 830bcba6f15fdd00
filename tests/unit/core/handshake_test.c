/*
 * Handshakes step by step: what each message changes in a device's state, and what becomes of one
 * when the world has moved on between its steps.
 */
#include "duo.h"
#include "lifecycle.h"
#include "members.h"
#include "tick.h"
#include "wipe.h"

static void a_handshake_leaves_both_ends_with_keys(void **state)
{
	struct duo d;
	struct handshake_message initiation, response;
	struct handshake_job job;
	const struct peer *a, *b;
	const struct session *current, *next;
	unsigned effects;

	(void)state;
	duo_init(&d);
	a = device_peer(d.a, 0);
	b = device_peer(d.b, 0);
	initiation = duo_initiation(&d);
	assert_true(a->has_handshake);
	assert_int_equal(initiation.bytes[0], MESSAGE_INITIATION);
	assert_true(cookie_check_mac1(&d.b->checker, initiation.bytes, initiation.len));
	assert_true(a->timers.due[TIMER_RETRANSMIT].ns >= d.now.at.ns + REKEY_TIMEOUT_NS);

	duo_pass(&d, 30 * NS_PER_MS);
	response = duo_response(&d, &initiation);
	assert_true(cookie_check_mac1(&d.a->checker, response.bytes, response.len));
	assert_memory_equal(response.bytes + 8, initiation.bytes + 4, 4);
	assert_int_equal(b->keyring.current, SESSION_NONE);
	next = &device_sessions(d.b, 0)[b->keyring.next];
	assert_false(next->is_initiator);
	assert_int_equal(b->received_bytes, INITIATION_LEN);
	assert_int_equal(b->last_handshake.sec, 0);
	assert_true(endpoint_same_remote(&b->endpoint, &initiation.source));
	assert_true(b->timers.due[TIMER_ZERO_KEYS].ns == d.now.at.ns + ZERO_KEYS_AFTER_NS);

	duo_pass(&d, 30 * NS_PER_MS);
	assert_int_equal(duo_receive(&d, d.a, &response, &job, &effects), VERDICT_OK);
	assert_int_equal(effects, EFFECT_FLUSH | EFFECT_KEEPALIVE);
	assert_int_equal(job.peer.slot, 0);
	current = duo_current(d.a);
	assert_true(current->is_initiator && current->may_send);
	assert_memory_equal(&current->keys.send, &next->keys.receive, KEY_LEN);
	assert_memory_equal(&current->keys.receive, &next->keys.send, KEY_LEN);
	assert_int_equal(current->remote_index, next->local_index);
	assert_int_equal(current->local_index, next->remote_index);
	assert_false(a->has_handshake);
	assert_true(bytes_zero_ct(&a->handshake, sizeof(a->handshake)));
	assert_int_equal(a->received_bytes, RESPONSE_LEN);
	assert_int_equal(a->last_handshake.sec, d.now.wall.sec);
	assert_true(a->timers.due[TIMER_RETRANSMIT].ns == INSTANT_NEVER.ns);

	/* The same response again answers nothing any more. */
	assert_int_equal(duo_receive(&d, d.a, &response, &job, &effects), VERDICT_NO_HANDSHAKE);
	duo_fini(&d);
}

static void a_preshared_key_must_be_the_same(void **state)
{
	static const struct {
		uint8_t a, b;
		enum verdict verdict;
	} cases[] = {
		{0, 0, VERDICT_OK},
		{7, 7, VERDICT_OK},
		{7, 8, VERDICT_BAD_HANDSHAKE},
		{0, 7, VERDICT_BAD_HANDSHAKE},
		{7, 0, VERDICT_BAD_HANDSHAKE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct duo d;
		struct handshake_message initiation, response;
		struct handshake_job job;
		unsigned effects;

		duo_init(&d);
		device_peer(d.a, 0)->psk.b[31] = cases[i].a;
		device_peer(d.b, 0)->psk.b[31] = cases[i].b;
		initiation = duo_initiation(&d);
		response = duo_response(&d, &initiation);
		assert_int_equal(duo_receive(&d, d.a, &response, &job, &effects), cases[i].verdict);
		duo_fini(&d);
	}
}

/* One initiation in five seconds, counted from the last handshake message of ours. */
static void initiations_are_five_seconds_apart(void **state)
{
	struct duo d;
	struct handshake_message message;
	struct handshake_job job, second;
	unsigned effects;

	(void)state;
	duo_init(&d);
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
	/* While it is computed, however long that takes. */
	duo_pass(&d, 6 * NS_PER_S);
	assert_int_equal(duo_prepare(&d, d.a, true, &second), VERDICT_NOT_NOW);
	assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_OK);
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
	assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_OK);
	duo_pass(&d, REKEY_TIMEOUT_NS - 1);
	assert_int_equal(duo_prepare(&d, d.a, true, &job), VERDICT_NOT_NOW);
	duo_pass(&d, 1);
	message = duo_initiation(&d);

	/* A response counts, too. */
	duo_response(&d, &message);
	duo_pass(&d, REKEY_TIMEOUT_NS - 1);
	assert_int_equal(duo_prepare(&d, d.b, false, &job), VERDICT_NOT_NOW);
	assert_true(device_peer(d.b, 0)->timers.due[TIMER_RETRANSMIT].ns > d.now.at.ns);
	assert_true(device_peer(d.b, 0)->timers.due[TIMER_RETRANSMIT].ns <=
		    d.now.at.ns + 1 + REKEY_JITTER_NS);
	duo_pass(&d, 1);
	assert_int_equal(duo_prepare(&d, d.b, false, &job), VERDICT_OK);
	duo_fini(&d);
}

static void only_a_packet_starts_the_tries_anew(void **state)
{
	struct duo d;
	struct handshake_job job;

	(void)state;
	duo_init(&d);
	device_peer(d.a, 0)->timers.retries = 5;
	assert_int_equal(duo_prepare(&d, d.a, true, &job), VERDICT_OK);
	assert_int_equal(device_peer(d.a, 0)->timers.retries, 5);
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_NOT_NOW);
	assert_int_equal(device_peer(d.a, 0)->timers.retries, 0);
	duo_fini(&d);
}

/* Nothing can leave, but what is missing may come: the tries go on. */
static void it_waits_for_a_key_and_an_endpoint(void **state)
{
	static const struct private_key none;
	struct duo d;
	struct handshake_job job;

	(void)state;
	duo_init(&d);
	device_peer(d.a, 0)->endpoint.addr.family = IP_NONE;
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_NO_ENDPOINT);
	assert_true(device_peer(d.a, 0)->timers.due[TIMER_RETRANSMIT].ns != INSTANT_NEVER.ns);
	device_set_private_key(d.b, &none);
	assert_int_equal(duo_prepare(&d, d.b, false, &job), VERDICT_NO_IDENTITY);
	assert_true(device_peer(d.b, 0)->timers.due[TIMER_RETRANSMIT].ns != INSTANT_NEVER.ns);
	device_set_up(d.b, false, d.now.at);
	assert_int_equal(duo_prepare(&d, d.b, false, &job), VERDICT_NOT_NOW);
	duo_fini(&d);
}

/* The administrator's clock: forward, back an hour, a day, and standing. */
static void own_stamps_are_always_newer(void **state)
{
	static const int64_t steps_s[] = {0, 3600, -3600, -86400, 0, -1, 86400, -86400};
	struct duo d;
	struct tai64n last = {{0}};

	(void)state;
	duo_init(&d);
	for (size_t i = 0; i < sizeof(steps_s) / sizeof(steps_s[0]); i++) {
		struct handshake_message initiation;

		d.now.at = instant_after(d.now.at, REKEY_TIMEOUT_NS);
		d.now.wall.sec = (uint64_t)((int64_t)d.now.wall.sec + steps_s[i]);
		initiation = duo_initiation(&d);
		assert_true(tai64n_newer(&device_peer(d.a, 0)->stamp_sent, &last));
		last = device_peer(d.a, 0)->stamp_sent;
		duo_response(&d, &initiation);
	}
	duo_fini(&d);
}

/* One end keeps its own initiation when two cross, the other does not: by the keys' order. */
static void of_two_crossing_initiations_one_is_kept(void **state)
{
	struct duo d;
	struct handshake_message ours, theirs, response;
	struct handshake_job job;
	struct device *keeper, *yielder;
	unsigned effects;

	(void)state;
	duo_init(&d);
	ours = duo_initiation(&d);
	assert_int_equal(duo_prepare(&d, d.b, false, &job), VERDICT_OK);
	assert_int_equal(duo_run(&d, d.b, &job, &effects), VERDICT_OK);
	theirs = duo_message(&job, 2);
	keeper = memcmp(&d.a->identity.public_key, &d.b->identity.public_key, KEY_LEN) > 0 ? d.a
											   : d.b;
	yielder = keeper == d.a ? d.b : d.a;

	assert_int_equal(duo_receive(&d, keeper, keeper == d.a ? &theirs : &ours, &job, &effects),
		VERDICT_OK);
	response = duo_message(&job, keeper == d.a ? 1 : 2);
	assert_true(device_peer(keeper, 0)->has_handshake);
	assert_int_equal(duo_receive(&d, yielder, keeper == d.a ? &ours : &theirs, &job, &effects),
		VERDICT_OK);
	assert_false(device_peer(yielder, 0)->has_handshake);
	assert_int_equal(duo_receive(&d, yielder, &response, &(struct handshake_job){0}, &effects),
		VERDICT_NO_HANDSHAKE);

	response = duo_message(&job, keeper == d.a ? 2 : 1);
	assert_int_equal(duo_receive(&d, keeper, &response, &job, &effects), VERDICT_OK);
	assert_memory_equal(&duo_current(keeper)->keys.send,
		&device_sessions(yielder, 0)[device_peer(yielder, 0)->keyring.next].keys.receive,
		KEY_LEN);
	duo_fini(&d);
}

/* We answered while our own initiation was still being computed: it does not go out. */
static void an_answer_overtakes_an_initiation(void **state)
{
	struct duo d;
	struct handshake_message initiation;
	struct handshake_job job;
	unsigned effects;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	assert_int_equal(duo_prepare(&d, d.b, false, &job), VERDICT_OK);
	duo_pass(&d, NS_PER_MS);
	duo_response(&d, &initiation);
	assert_int_equal(duo_run(&d, d.b, &job, &effects), VERDICT_NOT_NOW);
	assert_int_equal(effects, EFFECT_NONE);
	assert_false(device_peer(d.b, 0)->has_handshake);
	/* Should that handshake fail, ours is tried when its time comes. */
	assert_true(device_peer(d.b, 0)->timers.due[TIMER_RETRANSMIT].ns != INSTANT_NEVER.ns);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	assert_int_equal(duo_prepare(&d, d.b, true, &job), VERDICT_OK);
	duo_fini(&d);
}

/* The machine slept while an initiation was computed: who wants one meanwhile waits for that one. */
static void a_wish_during_a_long_job_waits(void **state)
{
	struct duo d;
	struct handshake_job job, second;
	unsigned effects;
	uint32_t slot;

	(void)state;
	duo_init(&d);
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
	duo_pass(&d, 30 * NS_PER_S);
	assert_int_equal(duo_prepare(&d, d.a, false, &second), VERDICT_NOT_NOW);
	/* Else it would be tried again and again, and given up, all at this moment. */
	assert_false(tick_next(d.a, d.now.at, &slot, &effects));
	assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_OK);
	assert_int_equal(effects, EFFECT_SEND);
	assert_false(tick_next(d.a, d.now.at, &slot, &effects));
	duo_pass(&d, REKEY_TIMEOUT_NS + REKEY_JITTER_NS);
	assert_true(tick_next(d.a, d.now.at, &slot, &effects));
	assert_int_equal(effects, EFFECT_RETRY);
	assert_int_equal(device_peer(d.a, 0)->timers.retries, 1);
	duo_fini(&d);
}

static void the_static_secret_is_computed_once(void **state)
{
	struct duo d;
	struct handshake_job job;
	struct peer *peer;

	(void)state;
	duo_init(&d);
	peer = device_peer(d.a, 0);
	assert_int_equal(peer->static_static_state, STATIC_STATIC_UNKNOWN);
	assert_int_equal(device_peer(d.b, 0)->static_static_state, STATIC_STATIC_UNKNOWN);
	duo_handshake(&d);
	assert_int_equal(peer->static_static_state, STATIC_STATIC_KNOWN);
	assert_memory_equal(&peer->static_static, &device_peer(d.b, 0)->static_static, KEY_LEN);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
	assert_true(job.is_static_static_known);
	duo_fini(&d);
}

enum change { REMOVED, REPLACED, NEW_KEY, NO_KEY, DOWN, DOWN_AND_UP, CHANGES };

static void change(struct duo *d, struct device *device, enum change what)
{
	const struct private_key other = duo_private_key(9), none = {{0}};
	struct public_key key = device_peer(device, 0)->public_key;

	if (what == REMOVED || what == REPLACED)
		device_remove_peer(device, 0);
	if (what == REPLACED) {
		key.b[0] ^= 1;
		assert_int_equal(duo_add_peer(device, &key, 3), 0);
	}
	if (what == NEW_KEY || what == NO_KEY)
		device_set_private_key(device, what == NEW_KEY ? &other : &none);
	if (what == DOWN || what == DOWN_AND_UP)
		device_set_up(device, false, d->now.at);
	if (what == DOWN_AND_UP)
		device_set_up(device, true, d->now.at);
}

/* The world moves on between prepare and finish: the job's result is nobody's. */
static void a_change_meanwhile_makes_a_job_void(void **state)
{
	/* Of the device coming up again an opened initiation does not care: it is still genuine. */
	static const enum verdict verdicts[CHANGES][4] = {
		[REMOVED] = {VERDICT_GONE, VERDICT_UNKNOWN_PEER, VERDICT_GONE, VERDICT_GONE},
		[REPLACED] = {VERDICT_GONE, VERDICT_UNKNOWN_PEER, VERDICT_GONE, VERDICT_GONE},
		[NEW_KEY] = {VERDICT_GONE, VERDICT_GONE, VERDICT_GONE, VERDICT_GONE},
		[NO_KEY] = {VERDICT_GONE, VERDICT_GONE, VERDICT_GONE, VERDICT_GONE},
		[DOWN] = {VERDICT_GONE, VERDICT_GONE, VERDICT_GONE, VERDICT_GONE},
		[DOWN_AND_UP] = {VERDICT_NOT_NOW, VERDICT_OK, VERDICT_OK, VERDICT_NO_HANDSHAKE},
	};

	(void)state;
	for (unsigned i = 0; i < 4 * CHANGES; i++) {
		enum handshake_step step = (enum handshake_step)(i % 4);
		struct duo d;
		struct device *at;
		struct handshake_job job = {0};
		struct handshake_message message;
		unsigned effects;

		duo_init(&d);
		at = step == STEP_OPEN || step == STEP_RESPOND ? d.b : d.a;
		if (step == STEP_INITIATE) {
			assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
		} else {
			message = duo_initiation(&d);
			if (step == STEP_COMPLETE)
				message = duo_response(&d, &message);
			assert_int_equal(handshake_prepare_message(at, &message, d.now.at, &job),
				VERDICT_OK);
		}
		if (step == STEP_RESPOND) {
			handshake_run(&job);
			assert_int_equal(duo_finish(&d, at, &job, &effects), VERDICT_OK);
		}
		assert_int_equal(job.step, step);
		handshake_run(&job);
		change(&d, at, (enum change)(i / 4));
		assert_int_equal(duo_finish(&d, at, &job, &effects), verdicts[i / 4][step]);
		if (verdicts[i / 4][step] != VERDICT_OK)
			assert_int_equal(effects, EFFECT_NONE);
		if (at->peers_count > 0)
			assert_false(device_peer(at, at->first_peer)->is_initiating);
		handshake_job_fini(&job);
		assert_true(bytes_zero_ct(&job, sizeof(job)));
		duo_fini(&d);
	}
}

/* What the device makes of a drawn number. */
static uint32_t drawn(const struct device *device, const struct chance *chance, unsigned i)
{
	return index_mark_put(&device->mark, le32_load(chance->indices[i]));
}

/* Chance gives an index that is taken: the next one is drawn; when all are, there is no message. */
static void indices_never_collide(void **state)
{
	struct duo d;
	struct handshake_job job;
	struct chance chance;
	struct peer *peer;
	struct index_entry entry;
	unsigned effects;

	(void)state;
	duo_init(&d);
	peer = device_peer(d.a, 0);
	chance = duo_chance(&d);
	for (uint32_t i = 0; i < CHANCE_INDICES - 1; i++)
		assert_true(index_insert(device_indices(d.a), drawn(d.a, &chance, i),
			(struct index_entry){.peer = 3}));
	assert_int_equal(duo_prepare(&d, d.a, false, &job), VERDICT_OK);
	handshake_run(&job);
	assert_int_equal(handshake_finish(d.a, &job, d.now, &chance, &effects), VERDICT_OK);
	assert_int_equal(peer->handshake_index, drawn(d.a, &chance, CHANCE_INDICES - 1));

	/* Its own old one does not count: it is freed first. */
	duo_pass(&d, REKEY_TIMEOUT_NS);
	assert_int_equal(duo_prepare(&d, d.a, true, &job), VERDICT_OK);
	handshake_run(&job);
	assert_int_equal(handshake_finish(d.a, &job, d.now, &chance, &effects), VERDICT_OK);

	device_clear_handshake(d.a, 0);
	assert_true(index_insert(device_indices(d.a), drawn(d.a, &chance, CHANCE_INDICES - 1),
		(struct index_entry){.peer = 3}));
	duo_pass(&d, REKEY_TIMEOUT_NS);
	assert_int_equal(duo_prepare(&d, d.a, true, &job), VERDICT_OK);
	handshake_run(&job);
	assert_int_equal(handshake_finish(d.a, &job, d.now, &chance, &effects), VERDICT_GONE);
	assert_int_equal(effects, EFFECT_NONE);
	assert_false(peer->has_handshake);
	assert_true(peer->timers.due[TIMER_RETRANSMIT].ns != INSTANT_NEVER.ns);
	for (uint32_t i = 0; i < CHANCE_INDICES; i++) {
		assert_true(index_lookup(device_indices(d.a), drawn(d.a, &chance, i), &entry));
		assert_int_equal(entry.peer, 3);
		index_remove(device_indices(d.a), drawn(d.a, &chance, i));
	}
	duo_fini(&d);
}

/* The same for the answer: without an index there is no session. */
static void an_answer_without_an_index_is_none(void **state)
{
	struct duo d;
	struct handshake_message initiation;
	struct handshake_job job = {0};
	struct chance chance;
	unsigned effects;

	(void)state;
	duo_init(&d);
	chance = duo_chance(&d);
	for (uint32_t i = 0; i < CHANCE_INDICES; i++)
		assert_true(index_insert(device_indices(d.b), drawn(d.b, &chance, i),
			(struct index_entry){.peer = 3}));
	initiation = duo_initiation(&d);
	assert_int_equal(handshake_prepare_message(d.b, &initiation, d.now.at, &job), VERDICT_OK);
	handshake_run(&job);
	assert_int_equal(handshake_finish(d.b, &job, d.now, &chance, &effects), VERDICT_OK);
	handshake_run(&job);
	assert_int_equal(handshake_finish(d.b, &job, d.now, &chance, &effects), VERDICT_GONE);
	assert_int_equal(effects, EFFECT_NONE);
	assert_int_equal(device_peer(d.b, 0)->keyring.next, SESSION_NONE);
	for (uint32_t i = 0; i < CHANCE_INDICES; i++)
		index_remove(device_indices(d.b), drawn(d.b, &chance, i));
	duo_fini(&d);
}

/* All of them, of initiations and of sessions at either end; and two devices have not the same mark. */
static void indices_bear_the_mark(void **state)
{
	struct duo d;

	(void)state;
	duo_init(&d);
	for (unsigned i = 0; i < 4; i++) {
		const struct session *of_a, *of_b;

		duo_handshake(&d);
		of_a = &device_sessions(d.a, 0)[device_peer(d.a, 0)->keyring.current];
		of_b = &device_sessions(d.b, 0)[device_peer(d.b, 0)->keyring.next];
		assert_true(index_mark_is_on(&d.a->mark, of_a->local_index));
		assert_true(index_mark_is_on(&d.b->mark, of_b->local_index));
		duo_pass(&d, REKEY_TIMEOUT_NS);
	}
	assert_memory_not_equal(&d.a->mark, &d.b->mark, sizeof(d.a->mark));
	duo_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_leaves_both_ends_with_keys),
		cmocka_unit_test(a_preshared_key_must_be_the_same),
		cmocka_unit_test(initiations_are_five_seconds_apart),
		cmocka_unit_test(only_a_packet_starts_the_tries_anew),
		cmocka_unit_test(it_waits_for_a_key_and_an_endpoint),
		cmocka_unit_test(own_stamps_are_always_newer),
		cmocka_unit_test(of_two_crossing_initiations_one_is_kept),
		cmocka_unit_test(an_answer_overtakes_an_initiation),
		cmocka_unit_test(a_wish_during_a_long_job_waits),
		cmocka_unit_test(the_static_secret_is_computed_once),
		cmocka_unit_test(a_change_meanwhile_makes_a_job_void),
		cmocka_unit_test(indices_never_collide),
		cmocka_unit_test(indices_bear_the_mark),
		cmocka_unit_test(an_answer_without_an_index_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

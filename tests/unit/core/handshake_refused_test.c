/* Handshake messages that are refused, and that nothing changes because of them. */
#include "duo.h"
#include "lifecycle.h"
#include "low_order.h"
#include "members.h"
#include "wipe.h"

/* All that a refused message must leave alone. */
struct snapshot {
	struct peer peer;
	struct session sessions[SESSIONS_PER_PEER];
};

static struct snapshot snapshot_of(struct device *device)
{
	struct snapshot s;

	memcpy(&s.peer, device_peer(device, 0), sizeof(s.peer));
	memcpy(s.sessions, device_sessions(device, 0), sizeof(s.sessions));
	return s;
}

/* The static-static secret may be learnt from any handshake: it is the same for all. */
static void assert_unchanged(struct device *device, const struct snapshot *before)
{
	struct snapshot after = snapshot_of(device);

	after.peer.static_static = before->peer.static_static;
	after.peer.static_static_state = before->peer.static_static_state;
	assert_memory_equal(&after, before, sizeof(after));
}

static uint64_t counted(const struct device *device, enum verdict verdict)
{
	return device->verdicts[verdict];
}

static void without_a_private_key_nothing_is_admitted(void **state)
{
	static const struct private_key none;
	struct duo d;
	struct handshake_message initiation;
	struct wire_cookie_reply reply;
	struct handshake_job job;
	struct chance chance;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	chance = duo_chance(&d);
	device_set_private_key(d.b, &none);
	assert_int_equal(handshake_admit(d.b, &initiation, false, d.now.at, &chance, &reply),
		VERDICT_NO_IDENTITY);
	assert_int_equal(
		handshake_prepare_message(d.b, &initiation, d.now.at, &job), VERDICT_NO_IDENTITY);
	duo_fini(&d);
}

static void a_wrong_mac1_is_not_admitted(void **state)
{
	struct duo d;
	struct handshake_message initiation, response;
	struct wire_cookie_reply reply;
	struct chance chance;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	response = duo_response(&d, &initiation);
	chance = duo_chance(&d);
	for (size_t at = 0; at < (size_t)INITIATION_LEN - WIRE_MAC_LEN; at++) {
		initiation.bytes[at] ^= 1;
		assert_int_equal(handshake_admit(d.b, &initiation, true, d.now.at, &chance, &reply),
			VERDICT_BAD_MAC1);
		initiation.bytes[at] ^= 1;
	}
	assert_int_equal(
		handshake_admit(d.b, &initiation, false, d.now.at, &chance, &reply), VERDICT_OK);
	assert_int_equal(counted(d.b, VERDICT_BAD_MAC1), INITIATION_LEN - WIRE_MAC_LEN);
	/* What is for a, and good, is not for b. */
	for (size_t at = offsetof(struct wire_response, ephemeral);
		at < (size_t)RESPONSE_LEN - WIRE_MAC_LEN; at++) {
		response.bytes[at] ^= 1;
		assert_int_equal(handshake_admit(d.a, &response, true, d.now.at, &chance, &reply),
			VERDICT_BAD_MAC1);
		response.bytes[at] ^= 1;
	}
	assert_int_equal(
		handshake_admit(d.a, &response, false, d.now.at, &chance, &reply), VERDICT_OK);
	assert_int_equal(handshake_admit(d.b, &response, false, d.now.at, &chance, &reply),
		VERDICT_NO_HANDSHAKE);
	duo_fini(&d);
}

/* A flood of responses costs no macs, and nobody is sent a cookie for one. */
static void a_response_to_nothing_is_not_admitted(void **state)
{
	struct duo d;
	struct handshake_message initiation, response;
	struct wire_cookie_reply reply;
	struct chance chance;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	response = duo_response(&d, &initiation);
	chance = duo_chance(&d);
	response.bytes[offsetof(struct wire_response, receiver)] ^= 1;
	duo_stamp(&response, d.a);
	assert_int_equal(handshake_admit(d.a, &response, true, d.now.at, &chance, &reply),
		VERDICT_NO_HANDSHAKE);
	assert_int_equal(counted(d.a, VERDICT_NO_HANDSHAKE), 1);
	/* It did not count as load either. */
	response.bytes[offsetof(struct wire_response, receiver)] ^= 1;
	duo_stamp(&response, d.a);
	assert_int_equal(
		handshake_admit(d.a, &response, false, d.now.at, &chance, &reply), VERDICT_OK);
	duo_fini(&d);
}

/* Busy, and a second after: only with a cookie, and not too often with one. */
static void under_load_senders_prove_their_address(void **state)
{
	struct duo d;
	struct handshake_message initiation;
	struct wire_cookie_reply reply;
	struct handshake_job job;
	struct chance chance;
	unsigned effects, allowed = 0;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	chance = duo_chance(&d);
	assert_int_equal(handshake_admit(d.b, &initiation, true, d.now.at, &chance, &reply),
		VERDICT_COOKIE_NEEDED);
	duo_pass(&d, NS_PER_S - 1);
	assert_int_equal(handshake_admit(d.b, &initiation, false, d.now.at, &chance, &reply),
		VERDICT_COOKIE_NEEDED);
	duo_pass(&d, 1);
	assert_int_equal(
		handshake_admit(d.b, &initiation, false, d.now.at, &chance, &reply), VERDICT_OK);

	assert_int_equal(handshake_consume_cookie_reply(d.a, &reply, d.now.at), VERDICT_OK);
	/* One reply for one mac1. */
	assert_int_equal(handshake_consume_cookie_reply(d.a, &reply, d.now.at), VERDICT_BAD_COOKIE);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	assert_int_equal(duo_prepare(&d, d.a, true, &job), VERDICT_OK);
	assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_OK);
	initiation = duo_message(&job, 1);
	for (unsigned i = 0; i < 10; i++)
		allowed += handshake_admit(d.b, &initiation, true, d.now.at, &chance, &reply) ==
			   VERDICT_OK;
	assert_int_equal(allowed, RATE_BURST);
	assert_int_equal(counted(d.b, VERDICT_RATE_LIMITED), 10 - RATE_BURST);
	duo_fini(&d);
}

static void cookie_replies_must_answer_something(void **state)
{
	struct duo d;
	struct handshake_message initiation, response;
	struct wire_cookie_reply reply, forged;
	struct handshake_job job;
	struct chance chance;
	unsigned effects;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	chance = duo_chance(&d);
	handshake_admit(d.b, &initiation, true, d.now.at, &chance, &reply);
	forged = reply;
	forged.receiver.b[0] ^= 1;
	assert_int_equal(
		handshake_consume_cookie_reply(d.a, &forged, d.now.at), VERDICT_NO_HANDSHAKE);
	for (size_t at = 0; at < sizeof(reply.sealed_cookie); at++) {
		forged = reply;
		forged.sealed_cookie[at] ^= 1;
		assert_int_equal(
			handshake_consume_cookie_reply(d.a, &forged, d.now.at), VERDICT_BAD_COOKIE);
	}
	assert_int_equal(handshake_consume_cookie_reply(d.a, &reply, d.now.at), VERDICT_OK);

	/* A responder is refused when it holds a session already. */
	duo_pass(&d, 2 * NS_PER_S);
	response = duo_response(&d, &initiation);
	assert_int_equal(handshake_admit(d.a, &response, true, d.now.at, &chance, &reply),
		VERDICT_COOKIE_NEEDED);
	assert_int_equal(handshake_consume_cookie_reply(d.b, &reply, d.now.at), VERDICT_OK);
	assert_int_equal(duo_receive(&d, d.a, &response, &job, &effects), VERDICT_OK);
	duo_fini(&d);
}

/* Every byte of the initiation behind its type, with mac1 made good again. */
static void a_changed_initiation_changes_nothing(void **state)
{
	struct duo d;
	struct handshake_message good, bad;
	struct handshake_job job;
	struct snapshot before;
	unsigned effects;

	(void)state;
	duo_init(&d);
	good = duo_initiation(&d);
	before = snapshot_of(d.b);
	for (size_t at = offsetof(struct wire_initiation, ephemeral);
		at < offsetof(struct wire_initiation, macs); at++) {
		bad = good;
		bad.bytes[at] ^= 1;
		duo_stamp(&bad, d.b);
		assert_int_equal(duo_receive(&d, d.b, &bad, &job, &effects), VERDICT_BAD_HANDSHAKE);
		assert_unchanged(d.b, &before);
	}
	assert_int_equal(d.b->heap_count, 0);
	duo_response(&d, &good);
	duo_fini(&d);
}

/* A forged response leaves the pending handshake untouched: the real one still counts. */
static void a_changed_response_changes_nothing(void **state)
{
	struct duo d;
	struct handshake_message initiation, good, bad;
	struct handshake_job job;
	struct snapshot before;
	unsigned effects;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	good = duo_response(&d, &initiation);
	before = snapshot_of(d.a);
	assert_true(before.peer.has_handshake);
	for (size_t at = offsetof(struct wire_response, receiver);
		at < offsetof(struct wire_response, macs); at++) {
		bad = good;
		bad.bytes[at] ^= 1;
		duo_stamp(&bad, d.a);
		assert_int_equal(duo_receive(&d, d.a, &bad, &job, &effects),
			at < offsetof(struct wire_response, ephemeral) ? VERDICT_NO_HANDSHAKE
								       : VERDICT_BAD_HANDSHAKE);
		assert_unchanged(d.a, &before);
	}
	assert_int_equal(duo_receive(&d, d.a, &good, &job, &effects), VERDICT_OK);
	duo_fini(&d);
}

static void a_stranger_is_not_answered(void **state)
{
	struct duo d;
	struct handshake_message initiation;
	struct handshake_job job;
	unsigned effects;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	device_remove_peer(d.b, 0);
	assert_int_equal(duo_receive(&d, d.b, &initiation, &job, &effects), VERDICT_UNKNOWN_PEER);
	assert_int_equal(effects, EFFECT_NONE);
	duo_fini(&d);
}

/* The same and older ones; also when another came between the steps. */
static void old_timestamps_are_refused(void **state)
{
	struct duo d;
	struct handshake_message first, second;
	struct handshake_job early, job;
	struct snapshot before;
	unsigned effects;

	(void)state;
	duo_init(&d);
	first = duo_initiation(&d);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	second = duo_initiation(&d);
	memset(&early, 0, sizeof(early));
	assert_int_equal(handshake_prepare_message(d.b, &first, d.now.at, &early), VERDICT_OK);
	handshake_run(&early);
	assert_int_equal(duo_finish(&d, d.b, &early, &effects), VERDICT_OK);
	assert_int_equal(effects, EFFECT_RUN_AGAIN);
	handshake_run(&early);

	duo_response(&d, &second);
	duo_pass(&d, INITIATION_INTERVAL_NS);
	before = snapshot_of(d.b);
	assert_int_equal(duo_finish(&d, d.b, &early, &effects), VERDICT_OLD_TIMESTAMP);
	assert_int_equal(duo_receive(&d, d.b, &first, &job, &effects), VERDICT_OLD_TIMESTAMP);
	assert_int_equal(duo_receive(&d, d.b, &second, &job, &effects), VERDICT_OLD_TIMESTAMP);
	assert_unchanged(d.b, &before);
	assert_int_equal(effects, EFFECT_NONE);
	duo_fini(&d);
}

/* Two genuine ones within 20 ms: as if the peer's clock ran wild. */
static void initiations_are_consumed_20_ms_apart(void **state)
{
	static const struct {
		uint64_t apart_ns;
		enum verdict verdict;
	} cases[] = {
		{0, VERDICT_INITIATION_FLOOD},
		{INITIATION_INTERVAL_NS - 1, VERDICT_INITIATION_FLOOD},
		{INITIATION_INTERVAL_NS, VERDICT_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct duo d;
		struct handshake_message first, second;
		struct handshake_job job;
		unsigned effects;

		duo_init(&d);
		first = duo_initiation(&d);
		duo_pass(&d, REKEY_TIMEOUT_NS);
		second = duo_initiation(&d);
		duo_response(&d, &first);
		duo_pass(&d, cases[i].apart_ns);
		assert_int_equal(duo_receive(&d, d.b, &second, &job, &effects), cases[i].verdict);
		duo_fini(&d);
	}
}

/* They may be configured; no message ever leaves for them, and none of theirs is answered. */
static void peers_with_low_order_keys_get_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < LOW_ORDER_KEYS; i++) {
		struct duo d;
		struct handshake_job job;
		struct peer *peer;
		unsigned effects;

		duo_init(&d);
		device_remove_peer(d.a, 0);
		assert_int_equal(duo_add_peer(d.a, &low_order_keys[i], 2), 0);
		peer = device_peer(d.a, 0);
		for (unsigned n = 0; n < 3; n++) {
			assert_int_equal(duo_prepare(&d, d.a, n > 0, &job), VERDICT_OK);
			assert_int_equal(duo_run(&d, d.a, &job, &effects), VERDICT_BAD_HANDSHAKE);
			assert_int_equal(effects, EFFECT_NONE);
			assert_false(peer->has_handshake || peer->is_initiating);
			duo_pass(&d, REKEY_TIMEOUT_NS);
		}
		/* Its zero secret is remembered, and as useless as before. */
		assert_int_equal(peer->static_static_state, STATIC_STATIC_KNOWN);
		assert_true(bytes_zero_ct(&peer->static_static, sizeof(peer->static_static)));
		assert_int_equal(peer->sent_bytes, 0);
		duo_fini(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_private_key_nothing_is_admitted),
		cmocka_unit_test(a_wrong_mac1_is_not_admitted),
		cmocka_unit_test(a_response_to_nothing_is_not_admitted),
		cmocka_unit_test(under_load_senders_prove_their_address),
		cmocka_unit_test(cookie_replies_must_answer_something),
		cmocka_unit_test(a_changed_initiation_changes_nothing),
		cmocka_unit_test(a_changed_response_changes_nothing),
		cmocka_unit_test(a_stranger_is_not_answered),
		cmocka_unit_test(old_timestamps_are_refused),
		cmocka_unit_test(initiations_are_consumed_20_ms_apart),
		cmocka_unit_test(peers_with_low_order_keys_get_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

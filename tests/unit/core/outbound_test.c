/* Packets out: whom they are for, counters, padding, and what sealing writes. */
#include "duo.h"
#include "engine.h"
#include "lifecycle.h"
#include "members.h"
#include "outbound.h"
#include "schedule.h"
#include "wipe.h"
#include "wireguard_vectors.h"

static void packets_are_routed_by_destination(void **state)
{
	static const struct {
		uint8_t packet[40];
		size_t len;
		enum verdict verdict;
	} cases[] = {
		{{0x45, 0, 0, 20, [16] = 10, 0, 0, 2}, 20, VERDICT_OK},
		{{0x45, 0, 0, 20, [16] = 10, 0, 0, 3}, 20, VERDICT_NO_PEER},
		{{0x45, 0, 0, 20, [16] = 10, 0, 0, 4}, 20, VERDICT_NO_ENDPOINT},
		{{0x60, [24] = 0xfd, [39] = 2}, 40, VERDICT_OK},
		{{0x60, [24] = 0xfd, [39] = 3}, 40, VERDICT_NO_PEER},
		{{0x45, 0, 0, 20, [16] = 10, 0, 0, 2}, 19, VERDICT_BAD_PACKET},
		{{0x45, 0, 0, 21, [16] = 10, 0, 0, 2}, 20, VERDICT_BAD_PACKET},
		{{0x60, [24] = 0xfd, [39] = 2}, 39, VERDICT_BAD_PACKET},
		{{0x75, 0, 0, 20, [16] = 10, 0, 0, 2}, 20, VERDICT_BAD_PACKET},
		{{0}, 0, VERDICT_BAD_PACKET},
	};
	const struct ip_prefix v6 = {.addr = {.family = IP_V6, .b = {0xfd, [15] = 2}}, .bits = 128};
	const struct public_key other = {{5}};
	struct duo d;
	uint32_t slot;

	(void)state;
	duo_init(&d);
	assert_true(device_add_allowed_ip(d.a, 0, &v6));
	assert_int_equal(duo_add_peer(d.a, &other, 4), 1);
	device_peer(d.a, 1)->endpoint.addr.family = IP_NONE;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t counted = d.a->verdicts[cases[i].verdict];

		slot = 77;
		assert_int_equal(outbound_route(d.a, cases[i].packet, cases[i].len, &slot),
			cases[i].verdict);
		if (cases[i].verdict == VERDICT_OK)
			assert_int_equal(slot, 0);
		else
			assert_int_equal(d.a->verdicts[cases[i].verdict], counted + 1);
		if (cases[i].verdict == VERDICT_NO_ENDPOINT)
			assert_int_equal(slot, 1);
	}
	duo_fini(&d);
}

static void padding_is_to_sixteen_but_never_past_the_mtu(void **state)
{
	static const struct {
		size_t len, mtu, padded;
	} cases[] = {
		{0, 1420, 0},
		{1, 1420, 16},
		{16, 1420, 16},
		{17, 1420, 32},
		{1408, 1420, 1408},
		{1409, 1420, 1420},
		{1420, 1420, 1420},
		{1297, 1299, 1299}, /* an odd MTU does not grow */
		{1296, 1299, 1296},
		{1299, 1299, 1299},
		{1, 0, 16}, /* no MTU: no limit */
		{1421, 0, 1424},
		{65535, 0, 65536},
		{2, 2, 2},
		/* Longer than the MTU: its last part counts. */
		{1421, 1420, 1420 + 16},
		{1420 + 1409, 1420, 1420 + 1420},
		{2840, 1420, 2840},
		{3, 2, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(outbound_padded_len(cases[i].len, cases[i].mtu), cases[i].padded);
	for (size_t mtu = 0; mtu < 1500; mtu += 7) {
		for (size_t len = 0; len < 1600; len++) {
			size_t padded = outbound_padded_len(len, mtu);

			assert_true(padded >= len && padded - len < PADDING_MULTIPLE);
			if (mtu != 0 && len <= mtu)
				assert_true(padded <= mtu);
		}
	}
}

static void counters_are_never_given_twice(void **state)
{
	struct duo d;
	struct outbound_grant grant;
	uint64_t expected = 0;

	(void)state;
	duo_init(&d);
	assert_int_equal(outbound_reserve(d.a, 0, 1, d.now.at, &grant), VERDICT_NO_KEY);
	duo_handshake(&d);
	for (uint32_t count = 1; count < 100; count++) {
		assert_int_equal(outbound_reserve(d.a, 0, count, d.now.at, &grant), VERDICT_OK);
		assert_int_equal(grant.count, count);
		assert_true(grant.first_counter == expected);
		expected += count;
		assert_memory_equal(&grant.key, &duo_current(d.a)->keys.send, KEY_LEN);
		assert_int_equal(grant.receiver, duo_current(d.a)->remote_index);
		assert_true(endpoint_same_remote(&grant.endpoint, &device_peer(d.a, 0)->endpoint));
	}
	/* The responder must wait for its first packet. */
	assert_int_equal(outbound_reserve(d.b, 0, 1, d.now.at, &grant), VERDICT_NO_KEY);

	duo_current(d.a)->send_counter = REJECT_AFTER_MESSAGES - 2;
	assert_int_equal(outbound_reserve(d.a, 0, 5, d.now.at, &grant), VERDICT_OK);
	assert_int_equal(grant.count, 2);
	assert_int_equal(outbound_reserve(d.a, 0, 3, d.now.at, &grant), VERDICT_NO_KEY);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	duo_handshake(&d);
	duo_pass(&d, REJECT_AFTER_TIME_NS - 1);
	assert_int_equal(outbound_reserve(d.a, 0, 1, d.now.at, &grant), VERDICT_OK);
	duo_pass(&d, 1);
	assert_int_equal(outbound_reserve(d.a, 0, 1, d.now.at, &grant), VERDICT_NO_KEY);
	outbound_grant_fini(&grant);
	assert_true(bytes_zero_ct(&grant.key, sizeof(grant.key)));
	duo_fini(&d);
}

/* Whole messages of an independent computation. */
static void messages_are_sealed_as_the_vectors_say(void **state)
{
	struct outbound_grant grant = {.receiver = 0x0a0b0c0d, .count = 1};
	struct outbound_grant back = {.receiver = 0x01020304, .count = 3};
	uint8_t out[sizeof(vector_data_r2i_ctr0_16_zero_bytes)] = {0}, in_place[sizeof(out)] = {0};
	const uint8_t zeros[16] = {0};

	(void)state;
	memcpy(grant.key.b, vector_key_init_to_resp, KEY_LEN);
	memcpy(back.key.b, vector_key_resp_to_init, KEY_LEN);
	outbound_seal(engine, &grant, 0, out, 0, out);
	assert_memory_equal(out, vector_keepalive_i2r_ctr0, KEEPALIVE_LEN);
	outbound_seal(engine, &back, 0, zeros, sizeof(zeros), out);
	assert_memory_equal(out, vector_data_r2i_ctr0_16_zero_bytes, sizeof(out));
	outbound_seal(engine, &back, 0, in_place + DATA_HEADER_LEN, sizeof(zeros), in_place);
	assert_memory_equal(in_place, out, sizeof(out));

	/* Message i of a grant has the i-th counter. */
	outbound_seal(engine, &back, 2, zeros, sizeof(zeros), out);
	back.first_counter = 2;
	outbound_seal(engine, &back, 0, zeros, sizeof(zeros), in_place);
	assert_memory_equal(in_place, out, sizeof(out));
	assert_int_equal(out[8], 2);
}

static void sending_moves_the_timers(void **state)
{
	struct duo d;
	struct outbound_grant grant;
	const struct timers *timers;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	timers = &device_peer(d.a, 0)->timers;
	device_set_persistent(d.a, 0, 25, d.now.at);
	assert_int_equal(outbound_reserve(d.a, 0, 1, d.now.at, &grant), VERDICT_OK);
	device_timer_event(d.a, 0, EVENT_DATA_RECEIVED, d.now.at, 0);
	assert_int_equal(outbound_finish(d.a, &grant, false, d.now.at, 5), EFFECT_NONE);
	assert_true(timers->due[TIMER_PERSISTENT].ns == d.now.at.ns + 25 * NS_PER_S);
	assert_true(timers->due[TIMER_KEEPALIVE].ns == INSTANT_NEVER.ns);
	assert_true(timers->due[TIMER_NEW_HANDSHAKE].ns == INSTANT_NEVER.ns);
	assert_int_equal(outbound_finish(d.a, &grant, true, d.now.at, 5), EFFECT_NONE);
	assert_true(timers->due[TIMER_NEW_HANDSHAKE].ns == d.now.at.ns + NEW_HANDSHAKE_NS + 5);

	/* A peer that is gone has no timers. */
	device_remove_peer(d.a, 0);
	assert_int_equal(outbound_finish(d.a, &grant, true, d.now.at, 5), EFFECT_NONE);
	assert_int_equal(device_first_due(d.a), PEER_NONE);
	duo_fini(&d);
}

static void sending_renews_the_key_in_time(void **state)
{
	static const struct {
		uint64_t age_ns, counter;
		unsigned effects;
	} cases[] = {
		{REKEY_AFTER_TIME_NS - 1, 0, EFFECT_NONE},
		{REKEY_AFTER_TIME_NS, 0, EFFECT_INITIATE},
		{0, REKEY_AFTER_MESSAGES, EFFECT_INITIATE}, /* one more than that is reserved */
		{0, REKEY_AFTER_MESSAGES - 1, EFFECT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct duo d;
		struct outbound_grant grant;

		duo_init(&d);
		duo_handshake(&d);
		duo_pass(&d, cases[i].age_ns);
		duo_current(d.a)->send_counter = cases[i].counter;
		assert_int_equal(outbound_reserve(d.a, 0, 1, d.now.at, &grant), VERDICT_OK);
		assert_int_equal(outbound_finish(d.a, &grant, true, d.now.at, 0), cases[i].effects);
		duo_fini(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_routed_by_destination),
		cmocka_unit_test(padding_is_to_sixteen_but_never_past_the_mtu),
		cmocka_unit_test(counters_are_never_given_twice),
		cmocka_unit_test(messages_are_sealed_as_the_vectors_say),
		cmocka_unit_test(sending_moves_the_timers),
		cmocka_unit_test(sending_renews_the_key_in_time),
	};

	return cmocka_run_group_tests(tests, engine_open, engine_close);
}

/*
 * mac1, mac2 and cookies: the known answers, every bit that may be flipped, who else may not use
 * a cookie, and when it ends.
 */
#include "unit.h"
#include "cookie.h"
#include "limits.h"
#include "wireguard_vectors.h"

#include <string.h>

/* Soon after the machine started: what was born at zero would be young. */
static const struct instant start = {NS_PER_S};
static const struct endpoint source_v4 = {
	.addr = {.family = IP_V4, .b = {192, 0, 2, 1}}, .port = 51820};
static const struct endpoint source_v6 = {
	.addr = {.family = IP_V6, .b = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, .port = 51820};

/* The responder's checker with the vectors' secret, and the initiator's maker for it. */
static struct cookie_checker checker;
static struct cookie_maker maker;
static uint8_t initiation[INITIATION_LEN];
static struct wire_cookie_reply reply;

static void reply_to_initiation(const struct endpoint *source, struct instant now)
{
	cookie_create_reply(&checker, initiation, sizeof(initiation), source, now,
		vector_cookie_secret, vector_cookie_reply + 8, &reply);
}

/* Both sides as they are when the first initiation was just sent. */
static int both_sides(void **state)
{
	struct public_key responder;

	(void)state;
	memcpy(responder.b, vector_resp_static_pub, sizeof(responder.b));
	cookie_checker_init(&checker, &responder);
	cookie_maker_init(&maker, &responder);
	memcpy(initiation, vector_initiation, sizeof(initiation));
	memset(initiation + 116, 0xa5, 32);
	cookie_stamp(&maker, initiation, sizeof(initiation), start);
	memset(&reply, 0xa5, sizeof(reply));
	return 0;
}

/* ... when the initiator has a cookie too and sent again: mac2 is good. */
static int with_cookie(void **state)
{
	both_sides(state);
	reply_to_initiation(&source_v4, start);
	if (!cookie_consume_reply(&maker, &reply, start))
		return -1;
	cookie_stamp(&maker, initiation, sizeof(initiation), start);
	return 0;
}

static bool mac2_is_good(const struct endpoint *source, uint64_t after_ns)
{
	return cookie_check_mac2(
		&checker, initiation, sizeof(initiation), source, instant_after(start, after_ns));
}

static bool mac1_is_good(void)
{
	return cookie_check_mac1(&checker, initiation, sizeof(initiation));
}

static void derives_known_keys(void **state)
{
	struct public_key initiator;

	(void)state;
	assert_memory_equal(checker.mac1_key.b, vector_mac1_key_resp, 32);
	assert_memory_equal(checker.cookie_key.b, vector_cookie_key_resp, 32);
	assert_memory_equal(maker.mac1_key.b, vector_mac1_key_resp, 32);
	assert_memory_equal(maker.cookie_key.b, vector_cookie_key_resp, 32);
	memcpy(initiator.b, vector_init_static_pub, sizeof(initiator.b));
	cookie_checker_init(&checker, &initiator);
	assert_memory_equal(checker.mac1_key.b, vector_mac1_key_init, 32);
}

static void stamps_the_known_messages(void **state)
{
	struct public_key initiator;
	uint8_t response[RESPONSE_LEN];

	(void)state;
	assert_memory_equal(initiation, vector_initiation, sizeof(initiation));

	memcpy(initiator.b, vector_init_static_pub, sizeof(initiator.b));
	cookie_maker_init(&maker, &initiator);
	cookie_checker_init(&checker, &initiator);
	memcpy(response, vector_response, sizeof(response));
	memset(response + 60, 0xa5, 32);
	cookie_stamp(&maker, response, sizeof(response), start);
	assert_memory_equal(response, vector_response, sizeof(response));
	assert_true(cookie_check_mac1(&checker, response, sizeof(response)));
}

static void makes_the_known_reply_and_takes_it(void **state)
{
	(void)state;
	reply_to_initiation(&source_v4, start);
	assert_memory_equal(&reply, vector_cookie_reply, sizeof(reply));
	assert_true(cookie_consume_reply(&maker, &reply, start));
	assert_memory_equal(maker.cookie, vector_cookie_192_0_2_1_51820, WIRE_COOKIE_LEN);
	cookie_stamp(&maker, initiation, sizeof(initiation), start);
	assert_memory_equal(initiation, vector_initiation_with_mac2, sizeof(initiation));
	assert_true(mac1_is_good());
	assert_true(mac2_is_good(&source_v4, 0));
}

static void makes_the_known_ipv6_cookie(void **state)
{
	(void)state;
	reply_to_initiation(&source_v6, start);
	assert_true(cookie_consume_reply(&maker, &reply, start));
	assert_memory_equal(maker.cookie, vector_cookie_2001_db8__1_51820, WIRE_COOKIE_LEN);
	cookie_stamp(&maker, initiation, sizeof(initiation), start);
	assert_true(mac2_is_good(&source_v6, 0));
	assert_false(mac2_is_good(&source_v4, 0));
}

static void refuses_any_bit_before_a_mac(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 8 * INITIATION_LEN; bit++) {
		uint8_t *byte = &initiation[bit / 8];

		*byte ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(mac1_is_good(), bit >= 8 * 132);
		assert_false(mac2_is_good(&source_v4, 0));
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(mac1_is_good() && mac2_is_good(&source_v4, 0));
}

static void refuses_any_bit_of_a_reply(void **state)
{
	const struct cookie_maker before = maker;

	(void)state;
	reply_to_initiation(&source_v4, start);
	/* Type and receiver are not under the seal: whose handshake it is, the index says. */
	for (unsigned bit = 8 * 8; bit < 8 * COOKIE_REPLY_LEN; bit++) {
		uint8_t *byte = (uint8_t *)&reply + bit / 8;

		*byte ^= (uint8_t)(1u << bit % 8);
		assert_false(cookie_consume_reply(&maker, &reply, start));
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	assert_memory_equal(&maker, &before, sizeof(maker));
	/* None of these took the one reply that may come. */
	assert_true(cookie_consume_reply(&maker, &reply, start));
}

static void binds_to_address_and_port(void **state)
{
	struct endpoint other;

	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		other = source_v4;
		other.addr.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(mac2_is_good(&other, 0));
	}
	for (unsigned bit = 0; bit < 16; bit++) {
		other = source_v4;
		other.port ^= (uint16_t)(1u << bit);
		assert_false(mac2_is_good(&other, 0));
	}
	/* Where it came in does not matter. */
	other = source_v4;
	other.local = source_v6.addr;
	other.local_ifindex = 3;
	assert_true(mac2_is_good(&other, 0));
}

/* A checker that drew no secret yet holds zeros: no cookie made with them may pass. */
static void accepts_no_cookie_without_a_secret(void **state)
{
	static const uint8_t zeros[32];
	const struct cookie_checker fresh = checker;

	(void)state;
	cookie_create_reply(&checker, initiation, sizeof(initiation), &source_v4, start, zeros,
		vector_cookie_reply + 8, &reply);
	assert_true(cookie_consume_reply(&maker, &reply, start));
	cookie_stamp(&maker, initiation, sizeof(initiation), start);
	assert_true(mac2_is_good(&source_v4, 0));
	checker = fresh;
	assert_memory_equal(checker.secret, zeros, 32);
	assert_false(mac2_is_good(&source_v4, 0));
	assert_false(mac2_is_good(&source_v4, UINT64_MAX));
}

static void renews_its_secret_after_120_s(void **state)
{
	const uint64_t age = COOKIE_SECRET_AGE_NS;
	uint8_t fresh[32];

	(void)state;
	memset(fresh, 0x77, sizeof(fresh));
	assert_true(mac2_is_good(&source_v4, age - 1));
	assert_false(mac2_is_good(&source_v4, age));

	cookie_create_reply(&checker, initiation, sizeof(initiation), &source_v4,
		instant_after(start, age - 1), fresh, vector_cookie_reply + 8, &reply);
	assert_memory_equal(checker.secret, vector_cookie_secret, 32);
	cookie_create_reply(&checker, initiation, sizeof(initiation), &source_v4,
		instant_after(start, age), fresh, vector_cookie_reply + 8, &reply);
	assert_memory_equal(checker.secret, fresh, 32);
	/* The cookie of before is worth nothing. */
	assert_false(mac2_is_good(&source_v4, age));
	assert_true(cookie_consume_reply(&maker, &reply, instant_after(start, age)));
	cookie_stamp(&maker, initiation, sizeof(initiation), instant_after(start, age));
	assert_true(mac2_is_good(&source_v4, 2 * age - 1));
	assert_false(mac2_is_good(&source_v4, 2 * age));
}

static void uses_a_cookie_below_115_s(void **state)
{
	static const uint8_t zeros[WIRE_MAC_LEN];
	const uint8_t *mac2 = initiation + INITIATION_LEN - WIRE_MAC_LEN;

	(void)state;
	assert_true(COOKIE_USE_NS == 115 * NS_PER_S);
	cookie_stamp(
		&maker, initiation, sizeof(initiation), instant_after(start, COOKIE_USE_NS - 1));
	assert_memory_not_equal(mac2, zeros, WIRE_MAC_LEN);
	assert_true(mac2_is_good(&source_v4, COOKIE_USE_NS - 1));
	cookie_stamp(&maker, initiation, sizeof(initiation), instant_after(start, COOKIE_USE_NS));
	assert_memory_equal(mac2, zeros, WIRE_MAC_LEN);
	assert_true(mac1_is_good());
}

static void takes_one_reply_for_each_mac1(void **state)
{
	struct cookie_maker fresh;
	struct public_key responder;
	struct instant later = instant_after(start, 5 * NS_PER_S);

	(void)state;
	reply_to_initiation(&source_v4, start);
	memcpy(responder.b, vector_resp_static_pub, sizeof(responder.b));
	cookie_maker_init(&fresh, &responder);
	assert_false(cookie_consume_reply(&fresh, &reply, start)); /* nothing was sent */
	assert_true(cookie_consume_reply(&maker, &reply, start));
	assert_false(cookie_consume_reply(&maker, &reply, start));

	/* The next message has another mac1: the old reply does not fit, a new one does. */
	initiation[4] ^= 1;
	cookie_stamp(&maker, initiation, sizeof(initiation), later);
	assert_false(cookie_consume_reply(&maker, &reply, later));
	reply_to_initiation(&source_v4, later);
	assert_true(cookie_consume_reply(&maker, &reply, later));
	assert_true(maker.cookie_born.ns == later.ns);
	assert_false(cookie_consume_reply(&maker, &reply, later));
}

static void forgets_when_finished(void **state)
{
	static const uint8_t zeros[32];

	(void)state;
	cookie_checker_fini(&checker);
	assert_memory_equal(checker.mac1_key.b, zeros, 32);
	assert_memory_equal(checker.cookie_key.b, zeros, 32);
	assert_memory_equal(checker.secret, zeros, 32);
	assert_false(mac2_is_good(&source_v4, 0));
	cookie_maker_fini(&maker);
	assert_memory_equal(maker.mac1_key.b, zeros, 32);
	assert_memory_equal(maker.cookie_key.b, zeros, 32);
	assert_memory_equal(maker.cookie, zeros, WIRE_COOKIE_LEN);
	assert_false(maker.may_accept_reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(derives_known_keys, both_sides),
		cmocka_unit_test_setup(stamps_the_known_messages, both_sides),
		cmocka_unit_test_setup(makes_the_known_reply_and_takes_it, both_sides),
		cmocka_unit_test_setup(makes_the_known_ipv6_cookie, both_sides),
		cmocka_unit_test_setup(refuses_any_bit_before_a_mac, with_cookie),
		cmocka_unit_test_setup(refuses_any_bit_of_a_reply, both_sides),
		cmocka_unit_test_setup(binds_to_address_and_port, with_cookie),
		cmocka_unit_test_setup(accepts_no_cookie_without_a_secret, both_sides),
		cmocka_unit_test_setup(renews_its_secret_after_120_s, with_cookie),
		cmocka_unit_test_setup(uses_a_cookie_below_115_s, with_cookie),
		cmocka_unit_test_setup(takes_one_reply_for_each_mac1, both_sides),
		cmocka_unit_test_setup(forgets_when_finished, with_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

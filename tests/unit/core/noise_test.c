/*
 * WireGuard's handshake: whole messages with fixed keys against an independent computation, and
 * everything that must be refused.
 */
#include "unit.h"
#include <string.h>
#include "low_order.h"
#include "noise.h"
#include "wireguard_vectors.h"
#include "x25519.h"

/* Both ends of the vectors' handshake. */
struct pair {
	struct identity init, resp;
	struct private_key init_ephemeral, resp_ephemeral;
	struct shared_secret static_static;
	struct preshared_key psk;
	struct tai64n stamp;
	struct noise_handshake sent; /* the initiator's, after the initiation */
	struct wire_initiation initiation;
	struct wire_response response;
	struct noise_keys resp_keys;
};

static void create_initiation(struct pair *p)
{
	memcpy(p->init.private_key.b, vector_init_static_priv, KEY_LEN);
	memcpy(p->init.public_key.b, vector_init_static_pub, KEY_LEN);
	memcpy(p->resp.private_key.b, vector_resp_static_priv, KEY_LEN);
	memcpy(p->resp.public_key.b, vector_resp_static_pub, KEY_LEN);
	memcpy(p->init_ephemeral.b, vector_init_eph_priv, KEY_LEN);
	memcpy(p->resp_ephemeral.b, vector_resp_eph_priv, KEY_LEN);
	memcpy(p->psk.b, vector_psk, KEY_LEN);
	memcpy(p->stamp.b, vector_timestamp, sizeof(p->stamp.b));
	assert_true(x25519_shared(&p->init.private_key, &p->resp.public_key, &p->static_static));
	assert_true(noise_create_initiation(&p->init, &p->resp.public_key, &p->static_static,
		&p->init_ephemeral, &p->stamp, &p->sent, &p->initiation));
}

static void create_response(struct pair *p)
{
	struct noise_handshake handshake;
	struct public_key claimed;
	struct tai64n stamp;

	assert_true(noise_open_initiation(&p->resp, &p->initiation, &handshake, &claimed));
	assert_memory_equal(claimed.b, vector_init_static_pub, KEY_LEN);
	assert_true(noise_accept_initiation(&handshake, &p->static_static, &p->initiation, &stamp));
	assert_memory_equal(stamp.b, vector_timestamp, sizeof(stamp.b));
	assert_true(noise_create_response(
		&handshake, &claimed, &p->psk, &p->resp_ephemeral, &p->response, &p->resp_keys));
	assert_memory_equal(handshake.transcript.hash.b, vector_handshake_hash, HASH_LEN);
	assert_memory_equal(handshake.transcript.chain.b, vector_chaining_key, HASH_LEN);
}

static void makes_the_initiation(void **state)
{
	struct pair p = {0};

	(void)state;
	create_initiation(&p);
	assert_memory_equal(&p.initiation.ephemeral, vector_initiation + 8, 116 - 8);
}

static void makes_the_response_and_both_keys(void **state)
{
	struct pair p = {0};
	struct noise_keys init_keys;

	(void)state;
	create_initiation(&p);
	create_response(&p);
	assert_memory_equal(p.response.ephemeral, vector_response + 12, 60 - 12);
	assert_memory_equal(p.resp_keys.receive.b, vector_key_init_to_resp, KEY_LEN);
	assert_memory_equal(p.resp_keys.send.b, vector_key_resp_to_init, KEY_LEN);

	assert_true(noise_consume_response(&p.init, &p.sent, &p.psk, &p.response, &init_keys));
	assert_memory_equal(p.sent.transcript.hash.b, vector_handshake_hash, HASH_LEN);
	assert_memory_equal(p.sent.transcript.chain.b, vector_chaining_key, HASH_LEN);
	assert_memory_equal(init_keys.send.b, vector_key_init_to_resp, KEY_LEN);
	assert_memory_equal(init_keys.receive.b, vector_key_resp_to_init, KEY_LEN);
}

static bool opens_and_accepts(const struct pair *p, const struct wire_initiation *initiation)
{
	struct noise_handshake handshake;
	struct public_key claimed;
	struct tai64n stamp;

	return noise_open_initiation(&p->resp, initiation, &handshake, &claimed) &&
	       noise_accept_initiation(&handshake, &p->static_static, initiation, &stamp);
}

static void refuses_an_initiation_with_one_bit_changed(void **state)
{
	struct pair p = {0};

	(void)state;
	create_initiation(&p);
	assert_true(opens_and_accepts(&p, &p.initiation));
	for (size_t at = offsetof(struct wire_initiation, ephemeral);
		at < offsetof(struct wire_initiation, macs); at++) {
		struct wire_initiation changed = p.initiation;

		((uint8_t *)&changed)[at] ^= 1;
		assert_false(opens_and_accepts(&p, &changed));
	}
}

static void refuses_a_response_with_one_bit_changed(void **state)
{
	struct pair p = {0};
	struct noise_keys keys;

	(void)state;
	create_initiation(&p);
	create_response(&p);
	for (size_t at = offsetof(struct wire_response, ephemeral);
		at < offsetof(struct wire_response, macs); at++) {
		struct noise_handshake copy = p.sent;
		struct wire_response changed = p.response;

		((uint8_t *)&changed)[at] ^= 1;
		assert_false(noise_consume_response(&p.init, &copy, &p.psk, &changed, &keys));
	}
}

static void refuses_other_keys(void **state)
{
	struct pair p = {0};
	struct noise_handshake copy;
	struct preshared_key psk;
	struct identity other;
	struct noise_keys keys;

	(void)state;
	create_initiation(&p);
	create_response(&p);
	copy = p.sent;
	psk = p.psk;
	psk.b[31] ^= 1;
	assert_false(noise_consume_response(&p.init, &copy, &psk, &p.response, &keys));
	copy = p.sent;
	other = p.init;
	other.private_key.b[5] ^= 1;
	assert_false(noise_consume_response(&other, &copy, &p.psk, &p.response, &keys));
	other = p.resp;
	other.private_key.b[5] ^= 1;
	p.resp = other;
	assert_false(opens_and_accepts(&p, &p.initiation));
}

static void sends_nothing_to_a_low_order_key(void **state)
{
	struct pair p = {0};
	struct shared_secret zero = {0};

	(void)state;
	create_initiation(&p);
	for (size_t i = 0; i < LOW_ORDER_KEYS; i++)
		assert_false(noise_create_initiation(&p.init, &low_order_keys[i], &p.static_static,
			&p.init_ephemeral, &p.stamp, &p.sent, &p.initiation));
	assert_false(noise_create_initiation(&p.init, &p.resp.public_key, &zero, &p.init_ephemeral,
		&p.stamp, &p.sent, &p.initiation));
}

/* An initiation for everybody's eyes: sealed with the all-zero secret of a low-order ephemeral. */
static void seal_with_zero_secret(const struct pair *p, const struct public_key *ephemeral,
	struct wire_initiation *initiation)
{
	struct shared_secret zero = {0};
	struct symmetric_key key;
	struct transcript t;

	memcpy(initiation->ephemeral, ephemeral->b, KEY_LEN);
	transcript_init(&t, &p->resp.public_key);
	transcript_mix_ephemeral(&t, ephemeral);
	transcript_mix_secret(&t, &zero, &key);
	transcript_seal(&t, &key, p->init.public_key.b, KEY_LEN, initiation->sealed_static);
	transcript_mix_secret(&t, &p->static_static, &key);
	transcript_seal(&t, &key, p->stamp.b, sizeof(p->stamp.b), initiation->sealed_timestamp);
}

static void refuses_low_order_ephemerals(void **state)
{
	struct pair p = {0};
	struct noise_keys keys;

	(void)state;
	create_initiation(&p);
	create_response(&p);
	for (size_t i = 0; i < LOW_ORDER_KEYS; i++) {
		struct noise_handshake handshake = p.sent;
		struct public_key claimed;

		memcpy(p.response.ephemeral, low_order_keys[i].b, KEY_LEN);
		assert_false(
			noise_consume_response(&p.init, &handshake, &p.psk, &p.response, &keys));
		seal_with_zero_secret(&p, &low_order_keys[i], &p.initiation);
		assert_false(noise_open_initiation(&p.resp, &p.initiation, &handshake, &claimed));
	}
}

/* A peer whose configured key is of low order: its static-static secret is all zero. */
static void accepts_nothing_under_a_zero_static_secret(void **state)
{
	struct pair p = {0};
	struct noise_handshake handshake;
	struct public_key claimed;
	struct tai64n stamp;
	struct shared_secret zero = {0};
	struct noise_keys keys;

	(void)state;
	create_initiation(&p);
	assert_true(noise_open_initiation(&p.resp, &p.initiation, &handshake, &claimed));
	assert_false(noise_accept_initiation(&handshake, &zero, &p.initiation, &stamp));
	for (size_t i = 0; i < LOW_ORDER_KEYS; i++)
		assert_false(noise_create_response(&handshake, &low_order_keys[i], &p.psk,
			&p.resp_ephemeral, &p.response, &keys));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_the_initiation),
		cmocka_unit_test(makes_the_response_and_both_keys),
		cmocka_unit_test(refuses_an_initiation_with_one_bit_changed),
		cmocka_unit_test(refuses_a_response_with_one_bit_changed),
		cmocka_unit_test(refuses_other_keys),
		cmocka_unit_test(sends_nothing_to_a_low_order_key),
		cmocka_unit_test(refuses_low_order_ephemerals),
		cmocka_unit_test(accepts_nothing_under_a_zero_static_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

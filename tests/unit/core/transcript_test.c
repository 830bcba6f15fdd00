/* The Noise state: the published IKpsk2 vector driven token by token, both roles. */
#include "unit_hex.h"
#include "aead.h"
#include "cacophony_ikpsk2.h"
#include "transcript.h"
#include "wireguard_vectors.h"
#include "x25519.h"

enum { MESSAGE_MAX = 256 };

/* One side of the vector's handshake. */
struct side {
	struct transcript t;
	struct private_key ephemeral;
	struct public_key remote_ephemeral, remote_static;
	struct preshared_key psk;
};

static struct private_key private_key(const char *text)
{
	struct private_key key;

	assert_int_equal(hex_read(text, key.b, sizeof(key.b)), KEY_LEN);
	return key;
}

static struct public_key public_of(const char *private_text)
{
	struct private_key key = private_key(private_text);
	struct public_key public_key;

	x25519_public(&key, &public_key);
	return public_key;
}

/* What transcript_init() does, with the vector's prologue in place of WireGuard's identifier. */
static void side_init(struct side *side, const char *ephemeral)
{
	struct public_key responder = public_of(cacophony_resp_static);
	uint8_t prologue[16];
	size_t len = hex_read(cacophony_prologue, prologue, sizeof(prologue));

	blake2s_hash2(CACOPHONY_NAME, strlen(CACOPHONY_NAME), NULL, 0, &side->t.hash);
	side->t.chain = side->t.hash;
	transcript_mix_hash(&side->t, prologue, len);
	transcript_mix_hash(&side->t, responder.b, KEY_LEN);
	side->ephemeral = private_key(ephemeral);
	hex_read(cacophony_psk, side->psk.b, KEY_LEN);
}

static void mix_dh(struct side *side, const struct private_key *private_key,
	const struct public_key *public_key, struct symmetric_key *key)
{
	struct shared_secret secret;

	assert_true(x25519_shared(private_key, public_key, &secret));
	transcript_mix_secret(&side->t, &secret, key);
}

static size_t write_first(struct side *side, uint8_t *out)
{
	struct private_key own = private_key(cacophony_init_static);
	struct public_key own_public = public_of(cacophony_init_static);
	struct public_key ephemeral = public_of(cacophony_init_ephemeral);
	uint8_t payload[MESSAGE_MAX];
	size_t len = hex_read(cacophony_messages[0].payload, payload, sizeof(payload));
	struct symmetric_key key;

	side->remote_static = public_of(cacophony_resp_static);
	memcpy(out, ephemeral.b, KEY_LEN);
	transcript_mix_ephemeral(&side->t, &ephemeral);
	mix_dh(side, &side->ephemeral, &side->remote_static, &key);
	transcript_seal(&side->t, &key, own_public.b, KEY_LEN, out + KEY_LEN);
	mix_dh(side, &own, &side->remote_static, &key);
	transcript_seal(&side->t, &key, payload, len, out + 2 * KEY_LEN + AEAD_TAG_LEN);
	return 2 * KEY_LEN + len + 2 * AEAD_TAG_LEN;
}

static void read_first(struct side *side, const uint8_t *message, size_t len)
{
	struct private_key own = private_key(cacophony_resp_static);
	const size_t payload_at = 2 * KEY_LEN + AEAD_TAG_LEN;
	uint8_t payload[MESSAGE_MAX];
	struct symmetric_key key;

	memcpy(side->remote_ephemeral.b, message, KEY_LEN);
	transcript_mix_ephemeral(&side->t, &side->remote_ephemeral);
	mix_dh(side, &own, &side->remote_ephemeral, &key);
	assert_true(transcript_open(
		&side->t, &key, message + KEY_LEN, KEY_LEN + AEAD_TAG_LEN, side->remote_static.b));
	mix_dh(side, &own, &side->remote_static, &key);
	assert_true(
		transcript_open(&side->t, &key, message + payload_at, len - payload_at, payload));
	hex_assert_equal(payload, len - payload_at - AEAD_TAG_LEN, cacophony_messages[0].payload);
}

static size_t write_second(struct side *side, uint8_t *out)
{
	struct public_key ephemeral = public_of(cacophony_resp_ephemeral);
	uint8_t payload[MESSAGE_MAX];
	size_t len = hex_read(cacophony_messages[1].payload, payload, sizeof(payload));
	struct symmetric_key key;

	memcpy(out, ephemeral.b, KEY_LEN);
	transcript_mix_ephemeral(&side->t, &ephemeral);
	mix_dh(side, &side->ephemeral, &side->remote_ephemeral, NULL);
	mix_dh(side, &side->ephemeral, &side->remote_static, NULL);
	transcript_mix_preshared(&side->t, &side->psk, &key);
	transcript_seal(&side->t, &key, payload, len, out + KEY_LEN);
	return KEY_LEN + len + AEAD_TAG_LEN;
}

static void read_second(struct side *side, const uint8_t *message, size_t len)
{
	struct private_key own = private_key(cacophony_init_static);
	uint8_t payload[MESSAGE_MAX];
	struct symmetric_key key;

	memcpy(side->remote_ephemeral.b, message, KEY_LEN);
	transcript_mix_ephemeral(&side->t, &side->remote_ephemeral);
	mix_dh(side, &side->ephemeral, &side->remote_ephemeral, NULL);
	mix_dh(side, &own, &side->remote_ephemeral, NULL);
	transcript_mix_preshared(&side->t, &side->psk, &key);
	assert_true(transcript_open(&side->t, &key, message + KEY_LEN, len - KEY_LEN, payload));
	hex_assert_equal(payload, len - KEY_LEN - AEAD_TAG_LEN, cacophony_messages[1].payload);
}

static void follows_the_published_vector(void **state)
{
	struct side init = {0}, resp = {0};
	struct symmetric_key keys[2], same[2];
	uint8_t wire[MESSAGE_MAX], payload[MESSAGE_MAX];
	size_t len;

	(void)state;
	hex_assert_equal(public_of(cacophony_resp_static).b, KEY_LEN, cacophony_resp_static_public);
	side_init(&init, cacophony_init_ephemeral);
	side_init(&resp, cacophony_resp_ephemeral);
	len = write_first(&init, wire);
	hex_assert_equal(wire, len, cacophony_messages[0].ciphertext);
	read_first(&resp, wire, len);
	assert_memory_equal(resp.remote_static.b, public_of(cacophony_init_static).b, KEY_LEN);
	len = write_second(&resp, wire);
	hex_assert_equal(wire, len, cacophony_messages[1].ciphertext);
	read_second(&init, wire, len);
	hex_assert_equal(init.t.hash.b, HASH_LEN, cacophony_handshake_hash);
	hex_assert_equal(resp.t.hash.b, HASH_LEN, cacophony_handshake_hash);

	transcript_split(&init.t, &keys[0], &keys[1]);
	transcript_split(&resp.t, &same[0], &same[1]);
	assert_memory_equal(keys, same, sizeof(keys));
	for (size_t i = 2; i < 6; i++) {
		len = hex_read(cacophony_messages[i].payload, payload, sizeof(payload));
		aead_seal(&keys[i % 2], i / 2 - 1, NULL, 0, payload, len, wire);
		hex_assert_equal(wire, len + AEAD_TAG_LEN, cacophony_messages[i].ciphertext);
	}
}

static void begins_with_wireguards_names(void **state)
{
	struct public_key responder;
	struct transcript t;
	struct hash expected;

	(void)state;
	memcpy(responder.b, vector_resp_static_pub, KEY_LEN);
	transcript_init(&t, &responder);
	assert_memory_equal(t.chain.b, vector_c0, HASH_LEN);
	blake2s_hash2(vector_h0, HASH_LEN, vector_resp_static_pub, KEY_LEN, &expected);
	assert_memory_equal(t.hash.b, expected.b, HASH_LEN);
}

static void is_unchanged_by_what_does_not_open(void **state)
{
	struct public_key responder = {{9}};
	struct symmetric_key key = {{1}};
	struct transcript sender, receiver, before;
	uint8_t sealed[4 + AEAD_TAG_LEN], plain[4];

	(void)state;
	transcript_init(&sender, &responder);
	before = receiver = sender;
	transcript_seal(&sender, &key, "abcd", 4, sealed);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x80;
		assert_false(transcript_open(&receiver, &key, sealed, sizeof(sealed), plain));
		assert_memory_equal(&receiver, &before, sizeof(before));
		sealed[i] ^= 0x80;
	}
	assert_false(transcript_open(&receiver, &key, sealed, AEAD_TAG_LEN - 1, plain));
	assert_true(transcript_open(&receiver, &key, sealed, sizeof(sealed), plain));
	assert_memory_equal(plain, "abcd", 4);
	assert_memory_equal(&receiver, &sender, sizeof(sender));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_published_vector),
		cmocka_unit_test(begins_with_wireguards_names),
		cmocka_unit_test(is_unchanged_by_what_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

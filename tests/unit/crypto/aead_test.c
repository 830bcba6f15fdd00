/*
 * The ciphers of handshakes: RFC 8439 appendix A.5, draft-irtf-cfrg-xchacha-03 A.3.1, messages of
 * WireGuard, and refusal of every changed byte. (The vector of RFC 8439 section 2.8.2 has a nonce
 * that does not begin with zeros, so WireGuard cannot say it; the draft's has the same text.)
 */
#include "unit_hex.h"
#include "aead.h"
#include "wireguard_vectors.h"

static const char draft_text[] =
	"Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
	"replaced, or obsoleted by other documents at any time. It is inappropriate to use "
	"Internet-Drafts as reference material or to cite them other than as "
	"/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";

static const char sunscreen_text[] = "Ladies and Gentlemen of the class of '99: If I could offer "
				     "you only one tip for the future, "
				     "sunscreen would be it.";

static void seals_and_opens_rfc8439_a5(void **state)
{
	struct symmetric_key key;
	uint8_t ad[12], sealed[512], opened[512];
	size_t len = sizeof(draft_text) - 1;

	(void)state;
	hex_read(
		"1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", key.b, KEY_LEN);
	hex_read("f33388860000000000004e91", ad, sizeof(ad));
	aead_seal(&key, 0x0807060504030201, ad, sizeof(ad), draft_text, len, sealed);
	hex_assert_equal(sealed, len + AEAD_TAG_LEN,
		"64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
		"4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
		"332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
		"9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
		"b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
		"af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
		"0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
		"49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
		"a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38");
	assert_true(aead_open(
		&key, 0x0807060504030201, ad, sizeof(ad), sealed, len + AEAD_TAG_LEN, opened));
	assert_memory_equal(opened, draft_text, len);
}

static void seals_and_opens_xchacha_a31(void **state)
{
	struct symmetric_key key;
	uint8_t ad[12], nonce[XAEAD_NONCE_LEN], sealed[256], opened[256];
	size_t len = sizeof(sunscreen_text) - 1;

	(void)state;
	hex_read(
		"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", key.b, KEY_LEN);
	hex_read("404142434445464748494a4b4c4d4e4f5051525354555657", nonce, sizeof(nonce));
	hex_read("50515253c0c1c2c3c4c5c6c7", ad, sizeof(ad));
	xaead_seal(&key, nonce, ad, sizeof(ad), sunscreen_text, len, sealed);
	hex_assert_equal(sealed, len + AEAD_TAG_LEN,
		"bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
		"731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
		"2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
		"21f9664c97637da9768812f615c68b13b52e"
		"c0875924c1c7987947deafd8780acf49");
	assert_true(xaead_open(&key, nonce, ad, sizeof(ad), sealed, len + AEAD_TAG_LEN, opened));
	assert_memory_equal(opened, sunscreen_text, len);
}

static void makes_what_wireguard_asks(void **state)
{
	static const uint8_t zeros[16] = {0};
	struct symmetric_key key;
	uint8_t out[64];

	(void)state;
	memcpy(key.b, vector_key_init_to_resp, KEY_LEN);
	aead_seal(&key, 0, NULL, 0, NULL, 0, out);
	assert_memory_equal(out, vector_keepalive_i2r_ctr0 + 16, 16);
	assert_true(aead_open(&key, 0, NULL, 0, vector_keepalive_i2r_ctr0 + 16, 16, out));
	assert_true(aead_open(&key, 1ULL << 32, NULL, 0, vector_data_i2r_ctr_2pow32 + 16, 48, out));

	memcpy(key.b, vector_key_resp_to_init, KEY_LEN);
	aead_seal(&key, 0, NULL, 0, zeros, sizeof(zeros), out);
	assert_memory_equal(out, vector_data_r2i_ctr0_16_zero_bytes + 16, 32);
}

/* Type, receiver, nonce of 24 bytes, sealed cookie; the mac1 of the refused message is its ad. */
static void makes_a_cookie_reply(void **state)
{
	const uint8_t *mac1 = vector_initiation + 116, *nonce = vector_cookie_reply + 8;
	struct symmetric_key key;
	uint8_t out[32];

	(void)state;
	memcpy(key.b, vector_cookie_key_resp, KEY_LEN);
	xaead_seal(&key, nonce, mac1, 16, vector_cookie_192_0_2_1_51820, 16, out);
	assert_memory_equal(out, vector_cookie_reply + 32, 32);
	assert_true(xaead_open(&key, nonce, mac1, 16, vector_cookie_reply + 32, 32, out));
	assert_memory_equal(out, vector_cookie_192_0_2_1_51820, 16);
}

static void works_in_place(void **state)
{
	struct symmetric_key key = {{1, 2, 3}};
	uint8_t nonce[XAEAD_NONCE_LEN] = {4}, buffer[256];
	size_t len = sizeof(sunscreen_text) - 1;

	(void)state;
	memcpy(buffer, sunscreen_text, len);
	aead_seal(&key, 7, "ad", 2, buffer, len, buffer);
	assert_true(aead_open(&key, 7, "ad", 2, buffer, len + AEAD_TAG_LEN, buffer));
	assert_memory_equal(buffer, sunscreen_text, len);
	xaead_seal(&key, nonce, "ad", 2, buffer, len, buffer);
	assert_true(xaead_open(&key, nonce, "ad", 2, buffer, len + AEAD_TAG_LEN, buffer));
	assert_memory_equal(buffer, sunscreen_text, len);
}

enum { AD_LEN = 12, TEXT_LEN = 33, SEALED_LEN = TEXT_LEN + AEAD_TAG_LEN };

/* Everything that open depends on, as bytes in a row, so that a test can flip each bit in turn. */
struct attempt {
	struct symmetric_key key;
	uint8_t nonce[XAEAD_NONCE_LEN]; /* aead: the counter is the first 8 bytes */
	uint8_t ad[AD_LEN];
	uint8_t sealed[SEALED_LEN];
};

static bool attempt_aead(const struct attempt *attempt)
{
	uint8_t out[TEXT_LEN];
	uint64_t counter;

	memcpy(&counter, attempt->nonce, sizeof(counter));
	return aead_open(
		&attempt->key, counter, attempt->ad, AD_LEN, attempt->sealed, SEALED_LEN, out);
}

static bool attempt_xaead(const struct attempt *attempt)
{
	uint8_t out[TEXT_LEN];

	return xaead_open(&attempt->key, attempt->nonce, attempt->ad, AD_LEN, attempt->sealed,
		SEALED_LEN, out);
}

static void refuses_every_flipped_bit(void **state)
{
	static const uint8_t text[TEXT_LEN] = {0};
	struct attempt plain = {.key = {{1}}}, extended = {.key = {{1}}};

	(void)state;
	aead_seal(&plain.key, 0, plain.ad, AD_LEN, text, TEXT_LEN, plain.sealed);
	xaead_seal(&extended.key, extended.nonce, extended.ad, AD_LEN, text, TEXT_LEN,
		extended.sealed);
	assert_true(attempt_aead(&plain));
	assert_true(attempt_xaead(&extended));
	for (size_t bit = 0; bit < 8 * sizeof(struct attempt); bit++) {
		struct attempt p = plain, x = extended;
		bool is_read = bit / 8 < offsetof(struct attempt, nonce) + 8 ||
			       bit / 8 >= offsetof(struct attempt, ad);

		((uint8_t *)&p)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		((uint8_t *)&x)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(attempt_aead(&p), !is_read);
		assert_false(attempt_xaead(&x));
	}
}

static void refuses_what_is_too_short(void **state)
{
	struct symmetric_key key = {{1}};
	uint8_t nonce[XAEAD_NONCE_LEN] = {0}, sealed[AEAD_TAG_LEN], out[AEAD_TAG_LEN];

	(void)state;
	aead_seal(&key, 0, NULL, 0, NULL, 0, sealed);
	for (size_t len = 0; len < AEAD_TAG_LEN; len++) {
		assert_false(aead_open(&key, 0, NULL, 0, sealed, len, out));
		assert_false(xaead_open(&key, nonce, NULL, 0, sealed, len, out));
	}
	assert_true(aead_open(&key, 0, NULL, 0, sealed, AEAD_TAG_LEN, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seals_and_opens_rfc8439_a5),
		cmocka_unit_test(seals_and_opens_xchacha_a31),
		cmocka_unit_test(makes_what_wireguard_asks),
		cmocka_unit_test(makes_a_cookie_reply),
		cmocka_unit_test(works_in_place),
		cmocka_unit_test(refuses_every_flipped_bit),
		cmocka_unit_test(refuses_what_is_too_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

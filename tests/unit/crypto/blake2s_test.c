/*
 * BLAKE2s: RFC 7693 with its self-test, keyed and HMAC answers of an independent implementation,
 * and what WireGuard makes of them.
 */
#include "unit_hex.h"
#include <blake2.h>
#include "blake2s.h"
#include "wireguard_vectors.h"

static void hashes_as_published(void **state)
{
	static const char abc[] = "abc";
	struct hash out;

	(void)state;
	for (size_t cut = 0; cut <= 3; cut++) {
		blake2s_hash2(abc, cut, abc + cut, 3 - cut, &out);
		hex_assert_equal(out.b, HASH_LEN,
			"508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
	}
	blake2s_hash2(NULL, 0, NULL, 0, &out);
	hex_assert_equal(out.b, HASH_LEN,
		"69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9");
}

/* RFC 7693, appendix E: the sequence that stands for keys and messages. */
static void selftest_sequence(uint8_t *out, size_t len, uint32_t seed)
{
	uint32_t a = 0xdead4bad * seed, b = 1;

	for (size_t i = 0; i < len; i++) {
		uint32_t sum = a + b;

		a = b;
		b = sum;
		out[i] = (uint8_t)(sum >> 24);
	}
}

/*
 * RFC 7693, appendix E. The forms that WireGuard has no use for come from libb2 directly; so this
 * also says that the library's code for this CPU is right.
 */
static void passes_the_self_test(void **state)
{
	static const uint8_t out_lens[] = {16, 20, 28, 32};
	static const uint16_t in_lens[] = {0, 3, 64, 65, 255, 1024};
	uint8_t results[(16 + 20 + 28 + 32) * 6 * 2], in[1024], key[32];
	uint8_t *at = results;
	struct hash out;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint8_t out_len = out_lens[i];

		for (size_t j = 0; j < 6; j++) {
			selftest_sequence(in, in_lens[j], in_lens[j]);
			if (out_len == HASH_LEN)
				blake2s_hash2(in, in_lens[j], NULL, 0, (struct hash *)at);
			else
				blake2s(at, in, NULL, out_len, in_lens[j], 0);
			at += out_len;

			selftest_sequence(key, out_len, out_len);
			if (out_len == MAC_LEN)
				blake2s_mac(key, out_len, in, in_lens[j], (struct mac *)at);
			else
				blake2s(at, in, key, out_len, in_lens[j], out_len);
			at += out_len;
		}
	}
	assert_ptr_equal(at, results + sizeof(results));
	blake2s_hash2(results, sizeof(results), NULL, 0, &out);
	hex_assert_equal(out.b, HASH_LEN,
		"6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe");
}

/* Keys and messages 00, 01, 02 and so on; answers by Python's hashlib. */
static const struct {
	size_t key_len, in_len;
	const char *result;
} macs[] = {
	{1, 64, "2ba2b6488a75dba441264fb7e2aec115"},
	{16, 132, "b03d1196bdcfaad40f911db86b79ac7e"},
	{32, 0, "9536f9b267655743dee97b8a670f9f53"},
	{32, 1, "13bacfb85b48a1223c595f8c1e7e82cb"},
	{32, 64, "f1efa90d2547036841ecd3627fafbc36"},
	{32, 65, "811ff8686d23a435ecbd0bdafcd27b1b"},
	{32, 116, "072e94ffbfc684bd8ab2a1b9dade2fd5"},
	{32, 255, "cd075928ab7e6883e697fe7fd3ac43ee"},
};

static const struct {
	size_t key_len, in_len;
	const char *result;
} hmacs[] = {
	{0, 0, "eaf4bb25938f4d20e72656bbbc7a9bf63c0c18537333c35bdb67db1402661acd"},
	{32, 64, "3b35e945d05ac982850451ac8b6cdfffb98e56f50b95272fab665de081691056"},
	{64, 3, "f798719867f2c152e1327c636fc46b506f42cc60792c8a3de31b1b36c0078eb8"},
};

static void fill(uint8_t bytes[256])
{
	for (size_t i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
}

static void makes_macs(void **state)
{
	uint8_t bytes[256];
	struct mac out;

	(void)state;
	fill(bytes);
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		blake2s_mac(bytes, macs[i].key_len, bytes, macs[i].in_len, &out);
		hex_assert_equal(out.b, MAC_LEN, macs[i].result);
	}
}

static void makes_hmacs(void **state)
{
	uint8_t bytes[256];
	struct hash out;

	(void)state;
	fill(bytes);
	for (size_t i = 0; i < sizeof(hmacs) / sizeof(hmacs[0]); i++) {
		blake2s_hmac(bytes, hmacs[i].key_len, bytes, hmacs[i].in_len, &out);
		hex_assert_equal(out.b, HASH_LEN, hmacs[i].result);
	}
}

/* The table that other implementations of WireGuard test themselves by. */
static const struct {
	const char *key, *in, *t1, *t2, *t3;
} kdfs[] = {
	{"test-key", "test-input",
		"6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
		"df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
		"fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24"},
	{"wireguard", "wireguard",
		"491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
		"1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
		"31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160"},
	{"", "", "8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
		"58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
		"0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e"},
};

static void derives_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kdfs) / sizeof(kdfs[0]); i++) {
		/* An HMAC key with zeros behind it is the same key. */
		uint8_t key[HASH_LEN] = {0}, t1[HASH_LEN], t2[HASH_LEN], t3[HASH_LEN];
		size_t in_len = strlen(kdfs[i].in);

		memcpy(key, kdfs[i].key, strlen(kdfs[i].key));
		blake2s_kdf(key, kdfs[i].in, in_len, t1, t2, t3);
		hex_assert_equal(t1, HASH_LEN, kdfs[i].t1);
		hex_assert_equal(t2, HASH_LEN, kdfs[i].t2);
		hex_assert_equal(t3, HASH_LEN, kdfs[i].t3);
	}
}

static void derives_as_many_keys_as_asked(void **state)
{
	uint8_t key[HASH_LEN] = "test-key", t2[HASH_LEN];

	(void)state;
	blake2s_kdf(key, "test-input", 10, key, NULL, NULL);
	hex_assert_equal(key, HASH_LEN, kdfs[0].t1);

	memset(key, 0, HASH_LEN);
	memcpy(key, "test-key", 8);
	blake2s_kdf(key, "test-input", 10, key, t2, NULL);
	hex_assert_equal(key, HASH_LEN, kdfs[0].t1);
	hex_assert_equal(t2, HASH_LEN, kdfs[0].t2);
}

static void makes_what_wireguard_asks(void **state)
{
	static const uint8_t source_v4[] = {192, 0, 2, 1, 0xca, 0x6c};
	static const uint8_t source_v6[] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xca, 0x6c};
	struct hash hash;
	struct mac mac;

	(void)state;
	blake2s_hash2("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s", 37, NULL, 0, &hash);
	assert_memory_equal(hash.b, vector_c0, HASH_LEN);
	blake2s_hash2(hash.b, HASH_LEN, "WireGuard v1 zx2c4 Jason@zx2c4.com", 34, &hash);
	assert_memory_equal(hash.b, vector_h0, HASH_LEN);

	blake2s_hash2("mac1----", 8, vector_init_static_pub, 32, &hash);
	assert_memory_equal(hash.b, vector_mac1_key_init, HASH_LEN);
	blake2s_hash2("mac1----", 8, vector_resp_static_pub, 32, &hash);
	assert_memory_equal(hash.b, vector_mac1_key_resp, HASH_LEN);
	blake2s_mac(hash.b, HASH_LEN, vector_initiation, 116, &mac);
	assert_memory_equal(mac.b, vector_initiation + 116, MAC_LEN);

	blake2s_mac(vector_cookie_secret, 32, source_v4, sizeof(source_v4), &mac);
	assert_memory_equal(mac.b, vector_cookie_192_0_2_1_51820, MAC_LEN);
	blake2s_mac(mac.b, MAC_LEN, vector_initiation_with_mac2, 132, &mac);
	assert_memory_equal(mac.b, vector_initiation_with_mac2 + 132, MAC_LEN);
	blake2s_mac(vector_cookie_secret, 32, source_v6, sizeof(source_v6), &mac);
	assert_memory_equal(mac.b, vector_cookie_2001_db8__1_51820, MAC_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_published),
		cmocka_unit_test(passes_the_self_test),
		cmocka_unit_test(makes_macs),
		cmocka_unit_test(makes_hmacs),
		cmocka_unit_test(derives_keys),
		cmocka_unit_test(derives_as_many_keys_as_asked),
		cmocka_unit_test(makes_what_wireguard_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

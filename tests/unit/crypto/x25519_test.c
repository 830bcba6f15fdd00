/* X25519: the vectors of RFC 7748, sections 5.2 and 6.1, and every point of low order. */
#include "unit_hex.h"
#include "crypto_init.h"
#include "wireguard_vectors.h"
#include "x25519.h"

static const struct {
	const char *scalar, *point, *result;
} products[] = {
	{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
		"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
	{"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
		"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
		"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
	{"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
		"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
	{"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
		"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
		"4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

/* Order 1, 2, 4 and 8, with the encodings of them that are not reduced. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void multiplies_as_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
		struct private_key scalar;
		struct public_key point;
		struct shared_secret result;

		hex_read(products[i].scalar, scalar.b, KEY_LEN);
		hex_read(products[i].point, point.b, KEY_LEN);
		assert_true(x25519_shared(&scalar, &point, &result));
		hex_assert_equal(result.b, KEY_LEN, products[i].result);
	}
}

static void multiplies_a_thousand_times(void **state)
{
	struct private_key k = {{9}};
	struct public_key u = {{9}};
	struct shared_secret r;

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		assert_true(x25519_shared(&k, &u, &r));
		memcpy(u.b, k.b, KEY_LEN);
		memcpy(k.b, r.b, KEY_LEN);
		if (i == 1)
			hex_assert_equal(k.b, KEY_LEN,
				"422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
	}
	hex_assert_equal(
		k.b, KEY_LEN, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
}

static void finds_the_public_key(void **state)
{
	struct private_key private_key;
	struct public_key public_key;

	(void)state;
	hex_read(products[2].scalar, private_key.b, KEY_LEN);
	x25519_public(&private_key, &public_key);
	hex_assert_equal(public_key.b, KEY_LEN, products[3].point);

	memcpy(private_key.b, vector_init_static_priv, KEY_LEN);
	x25519_public(&private_key, &public_key);
	assert_memory_equal(public_key.b, vector_init_static_pub, KEY_LEN);
}

static void refuses_low_order(void **state)
{
	struct private_key scalar;

	(void)state;
	hex_read(products[0].scalar, scalar.b, KEY_LEN);
	for (size_t i = 0; i < sizeof(low_order) / sizeof(low_order[0]); i++) {
		/* The highest bit does not count. */
		for (unsigned high = 0; high <= 0x80; high += 0x80) {
			struct public_key point;
			struct shared_secret result, zero = {{0}};

			memset(result.b, 0xa5, KEY_LEN);
			hex_read(low_order[i], point.b, KEY_LEN);
			point.b[31] |= (uint8_t)high;
			assert_false(x25519_shared(&scalar, &point, &result));
			assert_memory_equal(result.b, zero.b, KEY_LEN);
		}
	}
}

static void clamps(void **state)
{
	struct private_key ones, zeros = {{0}};

	(void)state;
	memset(ones.b, 0xff, KEY_LEN);
	x25519_clamp(&ones);
	x25519_clamp(&zeros);
	hex_assert_equal(ones.b, KEY_LEN,
		"f8ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
	hex_assert_equal(zeros.b, KEY_LEN,
		"0000000000000000000000000000000000000000000000000000000000000040");
}

static void starts_libsodium_twice(void **state)
{
	(void)state;
	assert_true(crypto_init());
	assert_true(crypto_init());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* In this order: before crypto_init() and after it the results are the same. */
		cmocka_unit_test(multiplies_as_published),
		cmocka_unit_test(refuses_low_order),
		cmocka_unit_test(starts_libsodium_twice),
		cmocka_unit_test(multiplies_as_published),
		cmocka_unit_test(refuses_low_order),
		cmocka_unit_test(multiplies_a_thousand_times),
		cmocka_unit_test(finds_the_public_key),
		cmocka_unit_test(clamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

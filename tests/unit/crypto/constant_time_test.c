/*
 * Nothing branches on a secret or indexes by it. Run by valgrind, with secrets marked as undefined
 * memory: memcheck then reports each such place, in the libraries as well. Opening by libsodium
 * and OpenSSL is left out, for both branch on the verdict, which is public; so is OpenSSL's
 * sealing, because whether the key is another one is public too.
 */
#include "unit.h"
#include <string.h>
#include <valgrind/memcheck.h>
#include "aead.h"
#include "blake2s.h"
#include "bulk.h"
#include "crypto_init.h"
#include "siphash.h"
#include "wipe.h"
#include "x25519.h"

static uint8_t secret[64];

static void run_equal(void)
{
	volatile bool equal = bytes_equal_ct(secret, secret + 32, 32);

	equal = bytes_zero_ct(secret, sizeof(secret));
	(void)equal;
}

static void run_x25519(void)
{
	struct public_key public_key, other = {{9}};
	struct shared_secret shared;
	struct private_key key;
	volatile bool ok;

	memcpy(key.b, secret, KEY_LEN);
	x25519_clamp(&key);
	x25519_public(&key, &public_key);
	ok = x25519_shared(&key, &other, &shared);
	(void)ok;
}

static void run_blake2s(void)
{
	uint8_t t1[HASH_LEN], t2[HASH_LEN], t3[HASH_LEN];
	struct mac mac;

	blake2s_mac(secret, 32, secret + 32, 32, &mac);
	blake2s_kdf(secret, secret + 32, 32, t1, t2, t3);
}

static void run_aead(void)
{
	uint8_t nonce[XAEAD_NONCE_LEN] = {0}, sealed[64 + AEAD_TAG_LEN];
	struct symmetric_key key;

	memcpy(key.b, secret, KEY_LEN);
	aead_seal(&key, 1, "ad", 2, secret, 64, sealed);
	xaead_seal(&key, nonce, "ad", 2, secret, 64, sealed);
}

static void run_siphash(void)
{
	volatile uint64_t result;
	struct siphash_key key;

	memcpy(key.b, secret, sizeof(key.b));
	result = siphash(&key, secret + 16, 16);
	(void)result;
}

static void run_ipsec_mb(void)
{
	static const size_t lens[] = {0, 1, 64, 65, 700, 1420};
	struct bulk_engine *engine = bulk_create(BULK_IPSEC_MB);
	uint8_t packet[1420 + BULK_TAG_LEN] = {0};
	struct symmetric_key key;
	volatile bool ok;

	memcpy(key.b, secret, KEY_LEN);
	for (size_t i = 0; engine && i < sizeof(lens) / sizeof(lens[0]); i++) {
		bulk_seal(engine, &key, 1, packet, lens[i], packet);
		ok = bulk_open(engine, &key, 1, packet, lens[i], packet);
		(void)ok;
	}
	bulk_destroy(engine);
}

/* What must be reported, so that silence means something. */
static void run_branch(void)
{
	if (secret[0] == 1)
		wipe(secret + 1, 1);
}

static unsigned reports_of(void (*run)(void))
{
	unsigned before = (unsigned)VALGRIND_COUNT_ERRORS;

	memset(secret, 0x17, sizeof(secret));
	VALGRIND_MAKE_MEM_UNDEFINED(secret, sizeof(secret));
	run();
	VALGRIND_MAKE_MEM_DEFINED(secret, sizeof(secret));
	return (unsigned)VALGRIND_COUNT_ERRORS - before;
}

static void is_constant_time(void **state)
{
	static void (*const runs[])(void) = {
		run_equal, run_x25519, run_blake2s, run_aead, run_siphash, run_ipsec_mb};

	(void)state;
	if (!RUNNING_ON_VALGRIND)
		skip();
	assert_true(crypto_init());
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		assert_int_equal(reports_of(runs[i]), 0);
}

static void would_report_a_branch(void **state)
{
	(void)state;
	if (!RUNNING_ON_VALGRIND)
		skip();
	assert_int_equal(reports_of(run_branch), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_constant_time),
		cmocka_unit_test(would_report_a_branch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

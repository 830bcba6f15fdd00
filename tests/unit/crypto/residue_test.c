/*
 * After a call and the wiping of its arguments no secret is left anywhere: all writable memory of
 * the process is searched, whoever owns it. The test itself remembers secrets masked, so that it
 * does not find its own memory.
 */
#include "unit.h"
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "aead.h"
#include "blake2s.h"
#include "bulk.h"
#include "crypto_init.h"
#include "ensure.h"
#include "wipe.h"
#include "x25519.h"

enum {
	MASK = 0x5a,
	WORDS = KEY_LEN / 8,
	SECRETS_MAX = 4,
	CHUNK = 64 * 1024,
	STACK_LEN = 256 * 1024,
	MAPPING_MAX = 64 * 1024 * 1024, /* above: the shadow memory of a sanitizer */
};

static uint64_t masked[SECRETS_MAX][WORDS];
static bool begins_word[256]; /* a masked byte: few of memory's words are looked at any closer */
static size_t secrets;

static void remember(const uint8_t secret[KEY_LEN])
{
	ENSURE(secrets < SECRETS_MAX);
	for (size_t i = 0; i < KEY_LEN; i++)
		((uint8_t *)masked[secrets])[i] = secret[i] ^ MASK;
	for (size_t i = 0; i < KEY_LEN; i += 8)
		begins_word[secret[i] ^ MASK] = true;
	secrets++;
}

/* A secret of its own for each number. */
static void make_secret(uint8_t number, uint8_t secret[KEY_LEN])
{
	for (size_t i = 0; i < KEY_LEN; i++)
		secret[i] = (uint8_t)((i + 1) * (number * 2 + 37) ^ i << 3);
}

static bool is_secret_word(uint64_t word)
{
	uint64_t m = word ^ 0x0101010101010101 * MASK;

	for (size_t i = 0; i < secrets; i++)
		for (size_t j = 0; j < WORDS; j++)
			if (m == masked[i][j])
				return true;
	return false;
}

static size_t count_in_mapping(int mem, uint64_t start, uint64_t end)
{
	static uint8_t chunk[CHUNK];
	size_t found = 0;

	for (uint64_t at = start; at < end; at += CHUNK - 8) {
		size_t want = end - at < CHUNK ? (size_t)(end - at) : CHUNK;
		ssize_t got = pread(mem, chunk, want, (off_t)at);

		/* Most of it was never written. */
		if (got > 1 && chunk[0] == 0 && memcmp(chunk, chunk + 1, (size_t)got - 1) == 0)
			continue;
		for (ssize_t i = 0; i + 8 <= got; i++) {
			uint64_t word;

			if (!begins_word[chunk[i] ^ MASK])
				continue;
			memcpy(&word, chunk + i, sizeof(word));
			found += is_secret_word(word);
		}
	}
	return found;
}

/* How often 8 bytes of a remembered secret lie in memory that the process can write. */
static size_t count_residue(void)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	uint64_t start, end;
	char line[512], rights[5];
	size_t found = 0;

	assert_true(mem >= 0 && maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, rights) == 3 &&
			memcmp(rights, "rw", 2) == 0 && end - start <= MAPPING_MAX)
			found += count_in_mapping(mem, start, end);
	fclose(maps);
	close(mem);
	return found;
}

static struct bulk_engine *engine;
static uint8_t *forgotten;

static void run_bulk(uint8_t number)
{
	struct symmetric_key key;
	uint8_t packet[1420 + BULK_TAG_LEN] = {0};

	make_secret(number, key.b);
	bulk_seal(engine, &key, number, packet, 1420, packet);
	ENSURE(bulk_open(engine, &key, number, packet, 1420, packet));
	bulk_forget(engine);
	remember(key.b);
	wipe(&key, sizeof(key));
}

static void run_x25519(uint8_t number)
{
	struct private_key private_key;
	struct public_key public_key;
	struct shared_secret shared;

	make_secret(number, private_key.b);
	x25519_clamp(&private_key);
	x25519_public(&private_key, &public_key);
	ENSURE(x25519_shared(&private_key, &public_key, &shared));
	remember(private_key.b);
	remember(shared.b);
	wipe(&private_key, sizeof(private_key));
	wipe(&shared, sizeof(shared));
}

static void run_aead(uint8_t number)
{
	uint8_t nonce[XAEAD_NONCE_LEN] = {0}, message[100 + AEAD_TAG_LEN] = {0};
	struct symmetric_key key;

	make_secret(number, key.b);
	aead_seal(&key, 0, nonce, 8, message, 100, message);
	ENSURE(aead_open(&key, 0, nonce, 8, message, 116, message));
	xaead_seal(&key, nonce, nonce, 8, message, 100, message);
	ENSURE(xaead_open(&key, nonce, nonce, 8, message, 116, message));
	remember(key.b);
	wipe(&key, sizeof(key));
}

static void run_blake2s(uint8_t number)
{
	uint8_t key[KEY_LEN], t1[HASH_LEN], t2[HASH_LEN], t3[HASH_LEN];
	struct mac mac;

	make_secret(number, key);
	blake2s_mac(key, KEY_LEN, "message", 7, &mac);
	blake2s_kdf(key, "message", 7, t1, t2, t3);
	remember(key);
	remember(t1);
	remember(t2);
	remember(t3);
	wipe(key, KEY_LEN);
	wipe(t1, HASH_LEN);
	wipe(t2, HASH_LEN);
	wipe(t3, HASH_LEN);
}

/* What this test must find: a copy on the heap that its owner forgot. */
static void run_forgetful(uint8_t number)
{
	forgotten = malloc(KEY_LEN);
	assert_non_null(forgotten);
	make_secret(number, forgotten);
	remember(forgotten);
}

/* The first run has other secrets: the linker saves registers on the stack as it binds a name. */
static void *run_twice(void *run)
{
	void (*const *f)(uint8_t number) = run;

	secrets = 0;
	(*f)(1);
	secrets = 0;
	(*f)(2);
	return NULL;
}

/* In a thread, whose stack the search that follows does not use and so does not clean. */
static size_t residue_after(void (*run)(uint8_t number))
{
	pthread_attr_t attr;
	pthread_t thread;
	size_t found;
	void *stack =
		mmap(NULL, STACK_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(stack, MAP_FAILED);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack, STACK_LEN), 0);
	assert_int_equal(pthread_create(&thread, &attr, run_twice, &run), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	found = count_residue();
	pthread_attr_destroy(&attr);
	munmap(stack, STACK_LEN);
	return found;
}

static void finds_a_forgotten_copy(void **state)
{
	(void)state;
	secrets = 0;
	run_forgetful(2);
	assert_true(count_residue() >= WORDS);
	wipe(forgotten, KEY_LEN);
	assert_int_equal(count_residue(), 0);
	free(forgotten);
}

/* Its memory holds the registers, so there is nothing to be tested. */
static bool is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

static void handshakes_leave_nothing(void **state)
{
	(void)state;
	if (is_under_valgrind())
		return;
	if (unit_has_thread_sanitizer())
		skip();
	assert_int_equal(residue_after(run_x25519), 0);
	assert_int_equal(residue_after(run_aead), 0);
	assert_int_equal(residue_after(run_blake2s), 0);
}

static void engines_forget(void **state)
{
	static const enum bulk_kind kinds[] = {BULK_IPSEC_MB, BULK_OPENSSL};

	(void)state;
	if (is_under_valgrind())
		return;
	if (unit_has_thread_sanitizer())
		skip();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		engine = bulk_create(kinds[i]);
		if (engine)
			assert_int_equal(residue_after(run_bulk), 0);
		bulk_destroy(engine);
	}
}

static int init(void **state)
{
	(void)state;
	return crypto_init() ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_forgotten_copy),
		cmocka_unit_test(handshakes_leave_nothing),
		cmocka_unit_test(engines_forget),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}

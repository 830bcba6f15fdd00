/*
 * The engines against the cipher of handshakes, which the published vectors cover: every length,
 * in place and not, with buffers that end where readable memory ends, so that a vector load too
 * far is seen as well as a wrong byte. A test of an engine that this build leaves out does nothing:
 * meson takes cmocka's "not ok # SKIP" for a failure.
 */
#include "unit.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "aead.h"
#include "bulk.h"
#include "wireguard_vectors.h"

enum {
	LEN_EVERY = 2100, /* every length up to here: several strides of the widest vector code */
	ROOM = 128 * 1024,
};

static const size_t long_lens[] = {4095, 4096, 4097, 8192 + 17, 16384, 32767, 65500, BULK_LEN_MAX};

/*
 * An engine, NULL when this build leaves its kind out, and three areas with unreadable pages around
 * each.
 */
struct bench {
	struct bulk_engine *engine;
	uint8_t *end[3];
	uint8_t *map;
};

static size_t map_len(void)
{
	return 3 * ROOM + 4 * (size_t)sysconf(_SC_PAGESIZE);
}

static int bench_create(void **state, enum bulk_kind kind)
{
	static struct bench bench;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	bench.engine = bulk_create(kind);
	bench.map = mmap(NULL, map_len(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bench.map == MAP_FAILED)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		uint8_t *start = bench.map + page + i * (ROOM + page);

		if (mprotect(start, ROOM, PROT_READ | PROT_WRITE) != 0)
			return -1;
		bench.end[i] = start + ROOM;
	}
	*state = &bench;
	return 0;
}

static int bench_ipsec_mb(void **state)
{
	return bench_create(state, BULK_IPSEC_MB);
}

static int bench_openssl(void **state)
{
	return bench_create(state, BULK_OPENSSL);
}

static int bench_end(void **state)
{
	struct bench *bench = *state;

	bulk_destroy(bench->engine);
	return munmap(bench->map, map_len());
}

static void fill(uint8_t *out, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		out[i] = (uint8_t)(seed >> 24);
	}
}

/* One packet of len bytes through seal and open, not in place and in place. */
static void check_len(struct bench *bench, size_t len)
{
	size_t sealed_len = len + BULK_TAG_LEN;
	uint8_t *plain = bench->end[0] - len;
	uint8_t *sealed = bench->end[1] - sealed_len;
	uint8_t *place = bench->end[2] - sealed_len;
	uint64_t counter = len * 0x9e3779b97f4a7c15;
	struct symmetric_key key;
	static uint8_t expected[BULK_LEN_MAX + BULK_TAG_LEN];

	fill(key.b, KEY_LEN, (uint32_t)len);
	fill(plain, len, ~(uint32_t)len);
	aead_seal(&key, counter, NULL, 0, plain, len, expected);

	sealed[-1] = 0xa5;
	bulk_seal(bench->engine, &key, counter, plain, len, sealed);
	assert_memory_equal(sealed, expected, sealed_len);
	memcpy(place, plain, len);
	bulk_seal(bench->engine, &key, counter, place, len, place);
	assert_memory_equal(place, expected, sealed_len);

	assert_true(bulk_open(bench->engine, &key, counter, place, len, place));
	assert_memory_equal(place, plain, len);
	assert_memory_equal(place + len, expected + len, BULK_TAG_LEN);
	memset(plain, 0, len);
	plain[-1] = 0xa5;
	assert_true(bulk_open(bench->engine, &key, counter, sealed, len, plain));
	assert_memory_equal(plain, place, len);
	assert_int_equal(sealed[-1], 0xa5);
	assert_int_equal(plain[-1], 0xa5);
}

static void agrees_at_every_length(void **state)
{
	struct bench *bench = *state;

	if (!bench->engine)
		return;
	for (size_t len = 0; len <= LEN_EVERY; len++)
		check_len(bench, len);
	for (size_t i = 0; i < sizeof(long_lens) / sizeof(long_lens[0]); i++)
		check_len(bench, long_lens[i]);
}

static void agrees_at_every_counter(void **state)
{
	static const uint64_t counters[] = {0, 1, 0xff, 0xffffffff, 1ULL << 32, 1ULL << 60,
		UINT64_MAX - (1ULL << 13), UINT64_MAX};
	struct bench *bench = *state;
	struct symmetric_key key = {{9}};
	uint8_t plain[100] = {0}, sealed[116], expected[116];

	if (!bench->engine)
		return;
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		aead_seal(&key, counters[i], NULL, 0, plain, sizeof(plain), expected);
		bulk_seal(bench->engine, &key, counters[i], plain, sizeof(plain), sealed);
		assert_memory_equal(sealed, expected, sizeof(sealed));
		assert_true(
			bulk_open(bench->engine, &key, counters[i], sealed, sizeof(plain), plain));
		assert_false(bulk_open(
			bench->engine, &key, counters[i] ^ 1, sealed, sizeof(plain), expected));
	}
}

/* Another key each time, at the same address: nothing of the one before may stay. */
static void follows_a_change_of_key(void **state)
{
	struct bench *bench = *state;
	struct symmetric_key key = {{0}};
	uint8_t plain[80] = {1}, sealed[96], expected[96];

	if (!bench->engine)
		return;
	for (size_t bit = 0; bit < 256; bit++) {
		key.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		aead_seal(&key, 5, NULL, 0, plain, sizeof(plain), expected);
		bulk_seal(bench->engine, &key, 5, plain, sizeof(plain), sealed);
		assert_memory_equal(sealed, expected, sizeof(sealed));
		assert_true(bulk_open(bench->engine, &key, 5, sealed, sizeof(plain), plain));
		key.b[31] ^= 0x80;
		assert_false(bulk_open(bench->engine, &key, 5, sealed, sizeof(plain), expected));
		key.b[31] ^= 0x80;
	}
}

static void refuses_every_flipped_bit(void **state)
{
	static const size_t lens[] = {0, 1, 16, 63, 64, 65, 300};
	struct bench *bench = *state;
	struct symmetric_key key = {{3}};
	uint8_t plain[300] = {0}, sealed[316], out[300];

	if (!bench->engine)
		return;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t len = lens[i];

		bulk_seal(bench->engine, &key, 1, plain, len, sealed);
		for (size_t bit = 0; bit < 8 * (len + BULK_TAG_LEN); bit++) {
			sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_false(bulk_open(bench->engine, &key, 1, sealed, len, out));
			sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		/* A refusal leaves nothing behind in the engine. */
		assert_true(bulk_open(bench->engine, &key, 1, sealed, len, out));
	}
}

static void makes_what_wireguard_asks(void **state)
{
	struct bench *bench = *state;
	struct symmetric_key key;
	uint8_t out[32];

	if (!bench->engine)
		return;
	memcpy(key.b, vector_key_init_to_resp, KEY_LEN);
	bulk_seal(bench->engine, &key, 0, NULL, 0, out);
	assert_memory_equal(out, vector_keepalive_i2r_ctr0 + 16, BULK_TAG_LEN);
	assert_true(bulk_open(
		bench->engine, &key, 1ULL << 32, vector_data_i2r_ctr_2pow32 + 16, 32, out));
}

static void makes_the_kind_asked_for(void **state)
{
	struct bulk_engine *ipsec_mb = bulk_create(BULK_IPSEC_MB);
	struct bulk_engine *openssl = bulk_create(BULK_OPENSSL);
	struct bulk_engine *best = bulk_create(BULK_BEST);

	(void)state;
	assert_string_equal(bulk_name(openssl), "openssl");
	if (ipsec_mb)
		assert_string_equal(bulk_name(ipsec_mb), "ipsec-mb");
	assert_string_not_equal(bulk_name(best), "null");
	bulk_destroy(best);
	bulk_destroy(openssl);
	bulk_destroy(ipsec_mb);
	bulk_destroy(NULL);
}

static void null_copies(void **state)
{
	struct bulk_engine *engine = bulk_create(BULK_NULL);
	struct symmetric_key key = {{1}};
	uint8_t sealed[20], out[4] = {0};

	(void)state;
	assert_string_equal(bulk_name(engine), "null");
	memset(sealed, 0xa5, sizeof(sealed));
	bulk_seal(engine, &key, 0, (const uint8_t *)"text", 4, sealed);
	assert_memory_equal(sealed, "text\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	assert_true(bulk_open(engine, &key, 0, sealed, 4, out));
	assert_memory_equal(out, "text", 4);
	bulk_seal(engine, &key, 0, sealed, 4, sealed);
	assert_true(bulk_open(engine, &key, 0, sealed, 4, sealed));
	assert_memory_equal(sealed, "text", 4);
	sealed[19] = 1;
	assert_false(bulk_open(engine, &key, 0, sealed, 4, out));
	bulk_destroy(engine);
}

#define WITH_EACH_CIPHER(test)                                                                     \
	{"ipsec-mb " #test, test, bench_ipsec_mb, bench_end, NULL},                                \
	{                                                                                          \
		"openssl " #test, test, bench_openssl, bench_end, NULL                             \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_EACH_CIPHER(agrees_at_every_length),
		WITH_EACH_CIPHER(agrees_at_every_counter),
		WITH_EACH_CIPHER(follows_a_change_of_key),
		WITH_EACH_CIPHER(refuses_every_flipped_bit),
		WITH_EACH_CIPHER(makes_what_wireguard_asks),
		cmocka_unit_test(makes_the_kind_asked_for),
		cmocka_unit_test(null_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

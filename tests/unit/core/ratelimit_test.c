/* The limit a source: what passes when, who shares a bucket, and what a full table does. */
#include "unit.h"
#include "ratelimit.h"
#include "limits.h"
#include "mapped.h"
#include "seeded.h"

#include <string.h>

static const struct siphash_key key = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

/* Not zero, so that an age since the beginning is not one since the last use. */
static const struct instant start = {1000 * NS_PER_S};

static struct ratelimit *limit_create(uint32_t sources_max)
{
	return ratelimit_init(test_calloc(1, ratelimit_size(sources_max)), sources_max, &key);
}

static struct ip_addr v4(uint32_t n)
{
	return (struct ip_addr){.family = IP_V4,
		.b = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

/* net goes into the first eight bytes, host into the last eight. */
static struct ip_addr v6(uint64_t net, uint64_t host)
{
	struct ip_addr addr = {.family = IP_V6};

	for (unsigned i = 0; i < 8; i++) {
		addr.b[i] = (uint8_t)(net >> (56 - 8 * i));
		addr.b[8 + i] = (uint8_t)(host >> (56 - 8 * i));
	}
	return addr;
}

static void assert_passes(
	struct ratelimit *limit, struct ip_addr addr, uint64_t after_ns, unsigned passes)
{
	for (unsigned i = 0; i < passes; i++)
		assert_true(ratelimit_allow(limit, &addr, instant_after(start, after_ns)));
	assert_false(ratelimit_allow(limit, &addr, instant_after(start, after_ns)));
}

static void passes_five_then_one_each_50_ms(void **state)
{
	static const struct {
		uint64_t after_ms;
		unsigned passes;
	} steps[] = {{0, 5}, {50, 1}, {150, 2}, {199, 0}, {200, 1}, {449, 4}, {700, 5}, {949, 4},
		{1200, 5}, {5000, 5}};
	struct ratelimit *limit = limit_create(16);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_passes(
			limit, v4(0x0a000001), steps[i].after_ms * NS_PER_MS, steps[i].passes);
	test_free(limit);
}

/* Fractions of a price are not lost, nor won, however often one asks. */
static void counts_by_the_nanosecond(void **state)
{
	struct ratelimit *limit = limit_create(16);
	struct ip_addr addr = v4(1);
	unsigned passed = 0;

	(void)state;
	assert_passes(limit, addr, 0, 5);
	assert_passes(limit, addr, RATE_COST_NS - 1, 0);
	assert_passes(limit, addr, RATE_COST_NS, 1);
	for (uint64_t ms = 51; ms <= 10050; ms++)
		passed += ratelimit_allow(limit, &addr, instant_after(start, ms * NS_PER_MS));
	assert_int_equal(passed, 200);
	test_free(limit);
}

static void tells_addresses_apart(void **state)
{
	enum { N = 14 };
	struct ratelimit *limit = limit_create(N);

	(void)state;
	for (unsigned round = 0; round < 5; round++)
		for (uint32_t i = 0; i < N; i++) {
			struct ip_addr addr = i < 7 ? v4(0x0a000000 + i) : v6(0xfd00 + i, 1);

			assert_true(ratelimit_allow(limit, &addr, start));
		}
	for (uint32_t i = 0; i < N; i++)
		assert_passes(limit, i < 7 ? v4(0x0a000000 + i) : v6(0xfd00 + i, 1), 0, 0);
	test_free(limit);
}

static void shares_an_ipv6_64(void **state)
{
	struct ratelimit *limit = limit_create(200);
	uint64_t net = 0x20010db800000001;

	(void)state;
	for (unsigned bit = 0; bit < 5; bit++) {
		struct ip_addr addr = v6(net, 1ULL << (63 - bit));

		assert_true(ratelimit_allow(limit, &addr, start));
	}
	assert_passes(limit, v6(net, 0), 0, 0);
	assert_passes(limit, v6(net, UINT64_MAX), 0, 0);
	/* Each bit of the first half makes another source. */
	for (unsigned bit = 0; bit < 64; bit++)
		assert_passes(limit, v6(net ^ 1ULL << bit, 0), 0, 5);
	test_free(limit);
}

/* An IPv4 address and an IPv6 net of the same bytes. */
static void tells_families_apart(void **state)
{
	struct ratelimit *limit = limit_create(16);

	(void)state;
	assert_passes(limit, v4(0x20010db8), 0, 5);
	assert_passes(limit, v6(0x20010db800000000, 0), 0, 5);
	test_free(limit);
}

static void refuses_when_full(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 100, 1024};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ratelimit *limit = limit_create(sizes[i]);
		struct ip_addr addr;

		for (uint32_t n = 0; n < sizes[i]; n++) {
			addr = v4(n);
			assert_true(ratelimit_allow(limit, &addr, start));
		}
		/* One more is one too many; who is known is served on. */
		assert_passes(limit, v4(sizes[i]), 0, 0);
		assert_passes(limit, v6(0, 0), 0, 0);
		if (sizes[i] > 0)
			assert_passes(limit, v4(0), 0, 4);
		test_free(limit);
	}
}

static void idle_sources_give_way(void **state)
{
	enum { N = 64 };
	struct ratelimit *limit = limit_create(N);
	struct ip_addr addr;

	(void)state;
	for (uint32_t n = 0; n < N; n++)
		assert_passes(limit, v4(n), 0, 5);
	/* Half of them ask again, in vain, and so are not idle. */
	for (uint32_t n = 0; n < N; n += 2)
		assert_passes(limit, v4(n), 1, 0);
	assert_passes(limit, v4(N), RATE_IDLE_NS, 0);
	for (uint32_t n = 0; n < N / 2; n++) {
		addr = v4(1000 + n);
		assert_true(ratelimit_allow(limit, &addr, instant_after(start, RATE_IDLE_NS + 1)));
	}
	assert_passes(limit, v4(N), RATE_IDLE_NS + 1, 0);
	/* The new ones have their four left, the others wait on. */
	for (uint32_t n = 0; n < N / 2; n++)
		assert_passes(limit, v4(1000 + n), RATE_IDLE_NS + 1, 4);
	assert_passes(limit, v4(N), RATE_IDLE_NS + 2, 5);
	test_free(limit);
}

static void bears_clocks_far_ahead_and_back(void **state)
{
	struct ratelimit *limit = limit_create(2);
	struct ip_addr addr = v4(1), other = v4(2), third = v4(3);

	(void)state;
	assert_passes(limit, addr, 0, 5);
	assert_passes(limit, addr, 1ULL << 32, 5);
	assert_passes(limit, addr, UINT64_MAX - start.ns - 1, 5);
	assert_true(ratelimit_allow(limit, &other, (struct instant){UINT64_MAX - 1}));
	/* Back at the start nothing is won, and nobody is idle. */
	assert_passes(limit, addr, 0, 0);
	assert_false(ratelimit_allow(limit, &third, start));
	test_free(limit);
}

/* The model: for each source what it has and when it last asked; idle ones are no more. */
enum {
	MODEL_SOURCES = 40,
	MODEL_MAX = 24,
};

struct model {
	struct {
		uint64_t tokens_ns, last_ns;
		bool is_in;
	} sources[MODEL_SOURCES];
};

static bool model_has_place(const struct model *m, uint64_t now)
{
	unsigned live = 0;

	for (unsigned i = 0; i < MODEL_SOURCES; i++)
		live += m->sources[i].is_in && now - m->sources[i].last_ns <= RATE_IDLE_NS;
	return live < MODEL_MAX;
}

static bool model_allow(struct model *m, uint32_t n, uint64_t now)
{
	const uint64_t full = 250 * NS_PER_MS, price = 50 * NS_PER_MS;
	uint64_t tokens;

	/* One that is idle and still there is full, just as a new one is. */
	if (!m->sources[n].is_in || now - m->sources[n].last_ns > RATE_IDLE_NS) {
		m->sources[n].is_in = model_has_place(m, now);
		if (!m->sources[n].is_in)
			return false;
		tokens = full;
	} else {
		tokens = m->sources[n].tokens_ns + now - m->sources[n].last_ns;
	}
	tokens = tokens < full ? tokens : full;
	m->sources[n].last_ns = now;
	m->sources[n].tokens_ns = tokens >= price ? tokens - price : tokens;
	return tokens >= price;
}

static void agrees_with_a_list(void **state)
{
	static struct model model;
	struct seeded s = seeded_start("ratelimit");
	struct ratelimit *limit = limit_create(MODEL_MAX);
	uint64_t now = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		/* Sometimes few sources often, sometimes all of them, sometimes a pause. */
		uint32_t n = seeded_below(&s, i / 1000 % 2 ? MODEL_SOURCES : 3);
		struct ip_addr addr = v4(n);

		now += seeded_below(&s, 100) ? seeded_below(&s, 40 * NS_PER_MS)
					     : seeded_below(&s, 3 * NS_PER_S);
		if (ratelimit_allow(limit, &addr, instant_after(start, now)) !=
			model_allow(&model, n, now))
			fail_msg("step %u, source %u", i, n);
	}
	test_free(limit);
}

static void may_be_moved(void **state)
{
	enum { N = 50 };
	struct ratelimit *limit = limit_create(N), *moved = test_malloc(ratelimit_size(N));

	(void)state;
	for (uint32_t n = 0; n < N; n++)
		assert_passes(limit, v4(n), 0, 5);
	memcpy(moved, limit, ratelimit_size(N));
	memset(limit, 0xa5, ratelimit_size(N));
	test_free(limit);
	for (uint32_t n = 0; n < N; n++)
		assert_passes(moved, v4(n), RATE_COST_NS, 1);
	assert_passes(moved, v4(N), RATE_COST_NS, 0);
	for (uint32_t n = 0; n < N; n++)
		assert_passes(moved, v4(100 + n), 2 * NS_PER_S, 5);
	test_free(moved);
}

static void touches_what_it_uses(void **state)
{
	size_t size = ratelimit_size(RATE_SOURCES_MAX);
	void *memory = mapped_create(size);
	struct ratelimit *limit = ratelimit_init(memory, RATE_SOURCES_MAX, &key);

	(void)state;
	assert_in_range(mapped_pages(memory, size), 1, 1);
	/* One source at a time: a bucket is used again and again; hash heads are 64 pages. */
	for (uint32_t n = 0; n < 1000; n++)
		assert_passes(limit, v4(n), 2 * n * NS_PER_S, 5);
	assert_in_range(mapped_pages(memory, size), 1, 1 + 65);
	mapped_destroy(memory, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_five_then_one_each_50_ms),
		cmocka_unit_test(counts_by_the_nanosecond),
		cmocka_unit_test(tells_addresses_apart),
		cmocka_unit_test(shares_an_ipv6_64),
		cmocka_unit_test(tells_families_apart),
		cmocka_unit_test(refuses_when_full),
		cmocka_unit_test(idle_sources_give_way),
		cmocka_unit_test(bears_clocks_far_ahead_and_back),
		cmocka_unit_test(agrees_with_a_list),
		cmocka_unit_test(may_be_moved),
		cmocka_unit_test(touches_what_it_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

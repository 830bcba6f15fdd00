/* Queues of waiting packets against lists of packets: what comes out, what is lost, what is free. */
#include "unit.h"
#include "staging.h"

#include <stdlib.h>
#include <string.h>
#include "limits.h"
#include "mapped.h"
#include "seeded.h"

enum {
	PEERS = 24,
	BLOCK_BYTES = STAGING_BLOCK_LEN - 12,
	STEPS = 60000,
};

/* A packet in the model: its bytes follow from its number. */
struct waiting {
	uint32_t number;
	uint32_t len;
};

static struct waiting lists[PEERS][STAGED_PACKETS_MAX];
static unsigned counts[PEERS];
static unsigned free_blocks;
static uint8_t packet[STAGING_PACKET_MAX], got[STAGING_PACKET_MAX];

static struct staging *staging;

static int set_up(void **state)
{
	(void)state;
	staging = staging_init(mapped_create(staging_size(PEERS)), PEERS);
	memset(counts, 0, sizeof(counts));
	free_blocks = STAGING_BLOCKS;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mapped_destroy(staging, staging_size(PEERS));
	return 0;
}

static unsigned blocks_of(size_t len)
{
	return (unsigned)((len + BLOCK_BYTES - 1) / BLOCK_BYTES);
}

static void fill(uint8_t *bytes, const struct waiting *w)
{
	uint32_t x = w->number * 2654435761u + 1;

	for (uint32_t i = 0; i < w->len; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
}

static void model_drop_oldest(unsigned peer)
{
	free_blocks += blocks_of(lists[peer][0].len);
	memmove(lists[peer], lists[peer] + 1, --counts[peer] * sizeof(lists[peer][0]));
}

static unsigned model_push(unsigned peer, const struct waiting *w)
{
	unsigned lost = 0, needed = blocks_of(w->len);

	while (counts[peer] > 0 && (counts[peer] == STAGED_PACKETS_MAX || free_blocks < needed)) {
		model_drop_oldest(peer);
		lost++;
	}
	if (free_blocks < needed)
		return lost + 1;
	free_blocks -= needed;
	lists[peer][counts[peer]++] = *w;
	return lost;
}

static void push(unsigned peer, uint32_t number, uint32_t len)
{
	struct waiting w = {number, len};

	fill(packet, &w);
	assert_int_equal(staging_push(staging, peer, packet, len), model_push(peer, &w));
}

static void pop(unsigned peer)
{
	size_t len = staging_pop(staging, peer, got);

	if (counts[peer] == 0) {
		assert_int_equal(len, 0);
		return;
	}
	assert_int_equal(len, lists[peer][0].len);
	fill(packet, &lists[peer][0]);
	assert_memory_equal(got, packet, len);
	model_drop_oldest(peer);
}

static void drop(unsigned peer)
{
	assert_int_equal(staging_drop(staging, peer), counts[peer]);
	while (counts[peer] > 0)
		model_drop_oldest(peer);
}

/* Every block that was given is there again: one peer may fill the pool with new packets. */
static void check_all_returned(void)
{
	unsigned whole = 2 * BLOCK_BYTES, fit = STAGED_PACKETS_MAX;

	for (unsigned peer = 0; peer < PEERS; peer++)
		drop(peer);
	assert_int_equal(free_blocks, STAGING_BLOCKS);
	for (unsigned i = 0; i < STAGING_BLOCKS / 2; i++)
		push(i / fit, i, whole);
	assert_int_equal(free_blocks, 0);
	for (unsigned peer = 0; peer < PEERS; peer++)
		while (counts[peer] > 0)
			pop(peer);
}

static uint32_t random_len(struct seeded *s)
{
	static const uint32_t edges[] = {1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1,
		2 * BLOCK_BYTES, 65534, STAGING_PACKET_MAX};

	switch (seeded_below(s, 8)) {
	case 0:
		return edges[seeded_below(s, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return 1 + seeded_below(s, STAGING_PACKET_MAX);
	default:
		return 1 + seeded_below(s, 1500);
	}
}

static void agrees_with_lists(void **state)
{
	struct seeded s = seeded_start("staging");

	(void)state;
	for (unsigned i = 0; i < STEPS; i++) {
		/* Few peers are busy at a time, so that queues fill. */
		unsigned peer = seeded_below(&s, i / 5000 % 2 ? PEERS : 3);
		unsigned what = seeded_below(&s, 100);

		if (what < 60)
			push(peer, i, random_len(&s));
		else if (what < 99)
			pop(peer);
		else
			drop(peer);
		assert_int_equal(staging_has(staging, peer), counts[peer] > 0);
	}
	check_all_returned();
}

static void holds_128_a_peer(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < STAGED_PACKETS_MAX; i++) {
		packet[0] = (uint8_t)i;
		assert_int_equal(staging_push(staging, 1, packet, 1), 0);
	}
	packet[0] = STAGED_PACKETS_MAX;
	assert_int_equal(staging_push(staging, 1, packet, 1), 1);
	for (uint32_t i = 1; i <= STAGED_PACKETS_MAX; i++) {
		assert_int_equal(staging_pop(staging, 1, got), 1);
		assert_int_equal(got[0], i);
	}
	assert_int_equal(staging_pop(staging, 1, got), 0);
}

/* An empty pool costs whoever comes, never those who wait already. */
static void takes_nothing_from_others(void **state)
{
	unsigned packets = STAGING_BLOCKS / 65;

	(void)state;
	for (unsigned i = 0; i < packets; i++)
		push(i % 2, i, STAGING_PACKET_MAX);
	assert_true(free_blocks < 65);
	assert_int_equal(staging_push(staging, 2, packet, STAGING_PACKET_MAX), 1);
	assert_false(staging_has(staging, 2));
	/* Its own oldest goes when that helps, as many as it takes. */
	push(3, 1000, 1);
	push(3, 1001, 1);
	assert_int_equal(staging_push(staging, 3, packet, STAGING_PACKET_MAX), 3);
	free_blocks += 2;
	counts[3] = 0;
	push(0, 1002, STAGING_PACKET_MAX);
	assert_int_equal(counts[1], packets / 2);
	for (unsigned peer = 0; peer < 2; peer++)
		while (counts[peer] > 0)
			pop(peer);
	check_all_returned();
}

static void takes_every_length(void **state)
{
	(void)state;
	for (uint32_t len = 1; len <= STAGING_PACKET_MAX; len += len < 5000 ? 1 : 997) {
		push(0, len, len);
		pop(0);
	}
	push(0, 1, STAGING_PACKET_MAX);
	pop(0);
	assert_int_equal(free_blocks, STAGING_BLOCKS);
}

/* What left the pool is not there any more. */
static void wipes_what_it_gives_back(void **state)
{
	const uint8_t *at = (const void *)staging;
	size_t size = staging_size(PEERS);

	(void)state;
	memset(packet, 0xa7, sizeof(packet));
	staging_push(staging, 0, packet, 5000);
	staging_push(staging, 1, packet, 3);
	staging_pop(staging, 0, got);
	staging_drop(staging, 1);
	for (size_t i = 0; i < size; i++)
		assert_int_not_equal(at[i], 0xa7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(agrees_with_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(holds_128_a_peer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_nothing_from_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_every_length, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wipes_what_it_gives_back, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("staging", tests, NULL, NULL);
}

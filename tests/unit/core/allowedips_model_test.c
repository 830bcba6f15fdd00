/* The routing trie against a list that is searched from end to end, and full to its limit. */
#include "unit.h"
#include "allowedips_fixture.h"
#include "allowedips_model.h"
#include "mapped.h"
#include "seeded.h"

enum { MODEL_OWNERS = 12 };

/* Random addresses that share long beginnings: each bit differs from a base with a chance. */
static struct ip_prefix random_prefix(struct seeded *s)
{
	struct ip_prefix p = {.addr.family = seeded_below(s, 2) ? IP_V4 : IP_V6};
	uint32_t flips = seeded_below(s, 4);

	memset(p.addr.b, seeded_below(s, 4) ? 0x5a : 0, ip_bytes(p.addr.family));
	for (uint32_t i = 0; i < flips; i++) {
		uint32_t bit = seeded_below(s, ip_bits_max(p.addr.family));

		p.addr.b[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
	}
	p.bits = (uint8_t)seeded_below(s, ip_bits_max(p.addr.family) + 1u);
	return p;
}

static void model_assert_lists(
	const struct model *m, const struct allowedips *table, const struct allowedips_list *lists)
{
	for (uint32_t owner = 0; owner < MODEL_OWNERS; owner++) {
		static struct ip_prefix own[MODEL_MAX];
		uint32_t n = 0;

		for (uint32_t i = 0; i < m->count; i++)
			if (m->routes[i].owner == owner)
				own[n++] = m->routes[i].prefix;
		assert_list(table, &lists[owner], own, n);
	}
}

/* One random change of both, prefix as given with host bits in it. */
static void model_step(struct model *m, struct allowedips *table, struct allowedips_list *lists,
	struct seeded *s, uint32_t removals_in_16)
{
	struct ip_prefix given = random_prefix(s), prefix = given;
	uint32_t owner = seeded_below(s, MODEL_OWNERS), room = MODEL_MAX - m->count;

	if (m->count > 0 && seeded_below(s, 2))
		given = prefix = m->routes[seeded_below(s, m->count)].prefix;
	prefix_mask(&prefix);
	if (seeded_below(s, 16) < removals_in_16) {
		assert_int_equal(allowedips_remove(table, &given, owner, &lists[owner]),
			model_remove(m, &prefix, owner));
	} else if (seeded_below(s, 200) == 0) {
		allowedips_remove_all(table, &lists[owner]);
		model_remove(m, NULL, owner);
	} else if (room > 0 || allowedips_find(table, &given) != ALLOWEDIPS_NONE) {
		assert_true(insert(table, lists, &given, owner));
		model_insert(m, &prefix, owner);
	} else {
		assert_false(insert(table, lists, &given, owner));
	}
	assert_int_equal(allowedips_room(table), MODEL_MAX - m->count);
	assert_int_equal(allowedips_count(table), m->count);
}

static void model_assert_lookups(
	const struct model *m, const struct allowedips *table, struct seeded *s, int n)
{
	for (int i = 0; i < n; i++) {
		struct ip_addr addr = random_prefix(s).addr;

		assert_int_equal(lookup(table, &addr), model_lookup(m, &addr));
	}
}

static void agrees_with_a_list(void **state)
{
	static struct model model;
	struct seeded s = seeded_start("allowedips");
	struct allowedips *table = table_create(MODEL_MAX);
	struct allowedips_list lists[MODEL_OWNERS];

	(void)state;
	for (uint32_t i = 0; i < MODEL_OWNERS; i++)
		lists[i] = ALLOWEDIPS_LIST_INIT;
	for (int round = 0; round < 20; round++) {
		/* Rounds that fill and rounds that empty. */
		for (int i = 0; i < 500; i++) {
			model_step(&model, table, lists, &s, round % 4 == 3 ? 14 : 2);
			model_assert_lookups(&model, table, &s, 2);
		}
		model_assert_lists(&model, table, lists);
		model_assert_lookups(&model, table, &s, 200);
	}
	for (uint32_t i = 0; i < MODEL_OWNERS; i++)
		allowedips_remove_all(table, &lists[i]);
	assert_int_equal(allowedips_room(table), MODEL_MAX);
	test_free(table);
}

/*
 * Filled to the last with prefixes that need most nodes, again and again and in other places: none
 * may be lost.
 */
static void gets_every_node_back(void **state)
{
	enum { N = 1024 };
	struct allowedips *table = table_create(N);
	struct allowedips_list lists[2] = {ALLOWEDIPS_LIST_INIT, ALLOWEDIPS_LIST_INIT};

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		for (unsigned i = 0; i < N; i++) {
			struct ip_prefix p = {{.family = IP_V4}, 32};

			p.addr.b[0] = (uint8_t)(0x55 << round % 3);
			p.addr.b[1] = (uint8_t)(i >> 8);
			p.addr.b[3] = (uint8_t)i;
			assert_true(allowedips_insert(table, &p, i & 1, &lists[i & 1]));
		}
		assert_int_equal(allowedips_room(table), 0);
		for (unsigned i = 0; i < 2; i++) {
			allowedips_remove_all(table, &lists[(i + round) & 1]);
			assert_int_equal(allowedips_room(table), (i + 1) * N / 2);
		}
	}
	test_free(table);
}

static struct ip_prefix big_prefix(uint32_t i)
{
	struct ip_prefix p = {{.family = i & 1 ? IP_V6 : IP_V4}, i & 1 ? 128 : 32};

	p.addr.b[0] = 10;
	for (unsigned at = 1; at < 4; at++)
		p.addr.b[at] = (uint8_t)(i >> (24 - 8 * at));
	p.addr.b[15] = i & 1 ? 1 : 0;
	return p;
}

static void holds_many_of_one_owner(void **state)
{
	enum { N = 130560 };
	struct allowedips *table = table_create(N);
	struct allowedips_list list = ALLOWEDIPS_LIST_INIT;
	struct ip_prefix found;
	uint32_t cursor;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		struct ip_prefix p = big_prefix(i);

		assert_true(allowedips_insert(table, &p, 7, &list));
	}
	assert_int_equal(list.count, N);
	cursor = list.first;
	for (uint32_t i = 0; i < N; i++) {
		struct ip_prefix p = big_prefix(i);

		cursor = allowedips_next(table, cursor, &found);
		assert_true(prefix_equal(&found, &p));
		assert_int_equal(lookup(table, &p.addr), 7);
	}
	assert_int_equal(cursor, ALLOWEDIPS_NONE);
	allowedips_remove_all(table, &list);
	assert_int_equal(allowedips_room(table), N);
	assert_int_equal(list.count, 0);
	assert_int_equal(lookup(table, &found.addr), ALLOWEDIPS_NONE);
	test_free(table);
}

static void touches_what_it_uses(void **state)
{
	enum { N = 1 << 20 };
	size_t size = allowedips_size(N);
	void *memory = mapped_create(size);
	struct allowedips *table = allowedips_init(memory, N);
	struct allowedips_list list = ALLOWEDIPS_LIST_INIT;

	(void)state;
	assert_in_range(mapped_pages(memory, size), 1, 1);
	/* Up to 200 nodes of 32 and 12 bytes at a time, in two arrays. */
	for (uint32_t round = 0; round < 10; round++) {
		for (uint32_t i = 0; i < 100; i++) {
			struct ip_prefix p = big_prefix(1000 * round + i);

			assert_true(allowedips_insert(table, &p, 7, &list));
		}
		allowedips_remove_all(table, &list);
	}
	assert_in_range(mapped_pages(memory, size), 1, 2 + 2);
	mapped_destroy(memory, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_list),
		cmocka_unit_test(gets_every_node_back),
		cmocka_unit_test(holds_many_of_one_owner),
		cmocka_unit_test(touches_what_it_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

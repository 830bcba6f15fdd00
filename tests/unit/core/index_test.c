/* The index table against a plain array, where probes wrap, grow and shift back. */
#include "unit.h"
#include "index.h"
#include "mapped.h"
#include "seeded.h"

#include <string.h>

static struct index_table *table_create(uint32_t entries_max)
{
	return index_init(test_calloc(1, index_size(entries_max)), entries_max);
}

static struct index_entry entry_of(uint32_t n)
{
	return (struct index_entry){.peer = n * 2654435761u >> 2 & 0xfffff, .slot = n & 3};
}

static void assert_entry(const struct index_table *table, uint32_t index, struct index_entry e)
{
	struct index_entry found;

	assert_true(index_lookup(table, index, &found));
	assert_int_equal(found.peer, e.peer);
	assert_int_equal(found.slot, e.slot);
}

static void assert_missing(const struct index_table *table, uint32_t index)
{
	struct index_entry found;

	assert_false(index_lookup(table, index, &found));
}

static void holds_any_index(void **state)
{
	static const uint32_t indices[] = {0, 1, 511, 512, 0x7fffffff, 0x80000000, UINT32_MAX};
	struct index_table *table = table_create(16);

	(void)state;
	for (uint32_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		assert_missing(table, indices[i]);
		assert_true(index_insert(table, indices[i], entry_of(i)));
		assert_entry(table, indices[i], entry_of(i));
	}
	for (uint32_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
		assert_entry(table, indices[i], entry_of(i));
		index_remove(table, indices[i]);
		assert_missing(table, indices[i]);
	}
	test_free(table);
}

static void refuses_what_is_taken(void **state)
{
	struct index_table *table = table_create(4);

	(void)state;
	assert_true(index_insert(table, 0, entry_of(1)));
	assert_false(index_insert(table, 0, entry_of(2)));
	assert_entry(table, 0, entry_of(1));
	index_replace(table, 0, entry_of(3));
	assert_entry(table, 0, entry_of(3));
	index_remove(table, 0);
	assert_true(index_insert(table, 0, entry_of(2)));
	assert_entry(table, 0, entry_of(2));
	test_free(table);
}

static void holds_peer_zero_and_the_highest(void **state)
{
	struct index_table *table = table_create(8);
	const struct index_entry zero = {0, INDEX_HANDSHAKE};
	const struct index_entry high = {(1u << 30) - 2, INDEX_SESSION_2};

	(void)state;
	assert_true(index_insert(table, 7, zero));
	assert_true(index_insert(table, 8, high));
	assert_entry(table, 7, zero);
	assert_entry(table, 8, high);
	test_free(table);
}

/*
 * Indices whose homes are the last two and first two of 512 cells, in every order of leaving:
 * runs that go round the end, with entries that may move back and others that must not.
 */
static void shifts_back_around_the_end(void **state)
{
	static const uint32_t indices[] = {510, 511, 512 + 511, 512, 1024 + 510, 1};
	enum { N = sizeof(indices) / sizeof(indices[0]) };

	(void)state;
	for (uint32_t code = 0; code < N * N * N * N; code++) {
		struct index_table *table = table_create(N);
		bool is_in[N];

		for (uint32_t i = 0; i < N; i++)
			is_in[i] = index_insert(table, indices[i], entry_of(i));
		for (uint32_t rest = code, left = 0; left < 4; left++, rest /= N) {
			uint32_t leaves = rest % N;

			if (is_in[leaves])
				index_remove(table, indices[leaves]);
			is_in[leaves] = false;
			for (uint32_t i = 0; i < N; i++)
				if (is_in[i])
					assert_entry(table, indices[i], entry_of(i));
				else
					assert_missing(table, indices[i]);
		}
		test_free(table);
	}
}

enum { MODEL_MAX = 3000 };

struct model {
	uint32_t count;
	struct {
		uint32_t index;
		struct index_entry entry;
	} entries[MODEL_MAX];
};

static bool model_find(const struct model *m, uint32_t index, uint32_t *at)
{
	for (*at = 0; *at < m->count; (*at)++)
		if (m->entries[*at].index == index)
			return true;
	return false;
}

static void model_assert_all(const struct model *m, const struct index_table *table)
{
	for (uint32_t i = 0; i < m->count; i++)
		assert_entry(table, m->entries[i].index, m->entries[i].entry);
}

static void model_step(
	struct model *m, struct index_table *table, struct seeded *s, uint32_t index, uint32_t max)
{
	struct index_entry entry = entry_of((uint32_t)seeded_next(s));
	uint32_t at;
	bool known = model_find(m, index, &at);

	if (known && seeded_below(s, 2)) {
		index_remove(table, index);
		m->entries[at] = m->entries[--m->count];
		assert_missing(table, index);
	} else if (known && seeded_below(s, 2)) {
		index_replace(table, index, entry);
		m->entries[at].entry = entry;
	} else if (known || m->count < max) {
		assert_int_equal(index_insert(table, index, entry), !known);
		if (!known) {
			m->entries[m->count].index = index;
			m->entries[m->count++].entry = entry;
		}
	} else {
		assert_missing(table, index);
		at = seeded_below(s, m->count);
		index_remove(table, m->entries[at].index);
		m->entries[at] = m->entries[--m->count];
	}
}

static void agrees_with_a_list(void **state)
{
	static const struct {
		uint32_t max, mask;
	} rounds[] = {
		{1, 3},
		{255, 0xfff},
		{256, 0xfffff},
		{257, UINT32_MAX},
		{300, 0xfffe01ff}, /* many alike in the bits that choose a cell */
		{300, 0xfff001f8},
		{1000, UINT32_MAX},
		{MODEL_MAX, UINT32_MAX},
	};
	struct seeded s = seeded_start("index");

	(void)state;
	for (size_t r = 0; r < sizeof(rounds) / sizeof(rounds[0]); r++) {
		static struct model model;
		struct index_table *table = table_create(rounds[r].max);

		model.count = 0;
		for (uint32_t i = 0; i < 4 * rounds[r].max + 200; i++) {
			uint32_t index = (uint32_t)seeded_next(&s) & rounds[r].mask;

			if (model.count > 0 && seeded_below(&s, 4) == 0)
				index = model.entries[seeded_below(&s, model.count)].index;
			model_step(&model, table, &s, index, rounds[r].max);
			if (i % 64 == 0)
				model_assert_all(&model, table);
		}
		model_assert_all(&model, table);
		while (model.count > 0)
			index_remove(table, model.entries[--model.count].index);
		test_free(table);
	}
}

/* Growing with a run that goes round the end of the smaller table, at each place it may start. */
static void grows_with_a_run_around_the_end(void **state)
{
	enum { N = 300 };

	(void)state;
	for (uint32_t start = 512 - 280; start < 512; start += 3) {
		struct index_table *table = table_create(N);

		for (uint32_t i = 0; i < N; i++)
			assert_true(index_insert(
				table, (start + i / 3) % 512 + 512 * (i % 7 + 7 * i), entry_of(i)));
		for (uint32_t i = 0; i < N; i++)
			assert_entry(
				table, (start + i / 3) % 512 + 512 * (i % 7 + 7 * i), entry_of(i));
		test_free(table);
	}
}

static void fills_to_its_max(void **state)
{
	enum { N = 5000 };
	struct index_table *table = table_create(N);

	(void)state;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < N; i++)
			assert_true(index_insert(table, i * 0x9e3779b1, entry_of(i)));
		for (uint32_t i = 0; i < N; i++)
			assert_entry(table, i * 0x9e3779b1, entry_of(i));
		assert_missing(table, N * 0x9e3779b1);
		for (uint32_t i = 0; i < N; i++)
			index_remove(table, i * 0x9e3779b1);
		for (uint32_t i = 0; i < N; i++)
			assert_missing(table, i * 0x9e3779b1);
	}
	test_free(table);
}

static void may_be_moved(void **state)
{
	enum { N = 600 };
	struct index_table *table = table_create(N), *moved;

	(void)state;
	for (uint32_t i = 0; i < N / 2; i++)
		assert_true(index_insert(table, i * 0x9e3779b1, entry_of(i)));
	moved = test_malloc(index_size(N));
	memcpy(moved, table, index_size(N));
	memset(table, 0xa5, index_size(N));
	test_free(table);
	for (uint32_t i = N / 2; i < N; i++)
		assert_true(index_insert(moved, i * 0x9e3779b1, entry_of(i)));
	for (uint32_t i = 0; i < N; i++)
		assert_entry(moved, i * 0x9e3779b1, entry_of(i));
	test_free(moved);
}

static void touches_what_it_uses(void **state)
{
	enum { N = 524288 };
	size_t size = index_size(N);
	void *memory = mapped_create(size);
	struct index_table *table = index_init(memory, N);

	(void)state;
	assert_in_range(mapped_pages(memory, size), 1, 1);
	for (uint32_t i = 0; i < 256; i++)
		assert_true(index_insert(table, i * 0x9e3779b1, entry_of(i)));
	assert_in_range(mapped_pages(memory, size), 1, 2);
	mapped_destroy(memory, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_any_index),
		cmocka_unit_test(refuses_what_is_taken),
		cmocka_unit_test(holds_peer_zero_and_the_highest),
		cmocka_unit_test(shifts_back_around_the_end),
		cmocka_unit_test(agrees_with_a_list),
		cmocka_unit_test(grows_with_a_run_around_the_end),
		cmocka_unit_test(fills_to_its_max),
		cmocka_unit_test(may_be_moved),
		cmocka_unit_test(touches_what_it_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

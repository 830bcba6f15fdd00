/* Sets of addresses: against a bitmap of a small space, and the examples of the manual. */
#include "unit.h"

#include <stdlib.h>
#include "prefixset.h"
#include "values.h"

/* The model: the 256 addresses of 10.0.0.0/24. */
enum { SPACE = 256 };

static struct ip_prefix prefix_in_space(unsigned first, unsigned bits)
{
	struct ip_prefix prefix = {{IP_V4, {10, 0, 0, (uint8_t)first}}, (uint8_t)bits};

	prefix_mask(&prefix);
	return prefix;
}

static void apply_to_model(bool model[SPACE], const struct ip_prefix *prefix, bool is_added)
{
	unsigned size = 1u << (32 - prefix->bits);

	for (unsigned i = 0; i < size; i++)
		model[prefix->addr.b[3] + i] = is_added;
}

/* The fewest aligned blocks that make up the model. */
static size_t count_blocks(const bool model[SPACE], unsigned first, unsigned size)
{
	unsigned in = 0;

	for (unsigned i = 0; i < size; i++)
		in += model[first + i];
	if (in == size || !in)
		return in != 0;
	return count_blocks(model, first, size / 2) +
	       count_blocks(model, first + size / 2, size / 2);
}

static void assert_is_model(const struct prefix_set *set, const bool model[SPACE])
{
	bool seen[SPACE] = {false};

	for (size_t i = 0; i < set->count; i++) {
		const struct ip_prefix *prefix = &set->list[i];

		if (i)
			assert_true(set->list[i - 1].addr.b[3] < prefix->addr.b[3]);
		apply_to_model(seen, prefix, true);
	}
	assert_memory_equal(seen, model, sizeof(seen));
	assert_int_equal(set->count, count_blocks(model, 0, SPACE));
}

static void is_as_the_model(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 200; round++) {
		struct prefix_set set = {0};
		bool model[SPACE] = {false};

		for (int i = 0; i < 30; i++) {
			struct ip_prefix prefix = prefix_in_space(
				(unsigned)rand() % SPACE, 24 + (unsigned)rand() % 9);
			bool is_added = rand() % 2;

			assert_int_equal(is_added ? prefix_set_add(&set, &prefix)
						  : prefix_set_subtract(&set, &prefix),
				0);
			apply_to_model(model, &prefix, is_added);
			assert_is_model(&set, model);
		}
		prefix_set_fini(&set);
	}
}

static void answers_as_the_manual_says(void **state)
{
	static const struct {
		const char *operations[4];
		const char *result;
	} cases[] = {
		{{"+0.0.0.0/0", "-10.0.0.0/8"}, "0.0.0.0/5,8.0.0.0/7,11.0.0.0/8,12.0.0.0/"
						"6,16.0.0.0/4,32.0.0.0/3,64.0.0.0/2,"
						"128.0.0.0/1,"},
		{{"+0.0.0.0/1", "+128.0.0.0/1"}, "0.0.0.0/0,"},
		{{"+::/0", "-8000::/1", "+0.0.0.0/0"}, "0.0.0.0/0,::/1,"},
		{{"+::/1", "+8000::/1"}, "::/0,"},
		{{"+fd00::/127", "-fd00::1/128"}, "fd00::/128,"},
		{{"+10.0.0.1/32", "-10.0.0.0/8"}, ""},
		{{"-10.0.0.0/8"}, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct prefix_set set = {0};
		struct textbuf out = {0};

		for (int j = 0; j < 4 && cases[i].operations[j]; j++) {
			const char *operation = cases[i].operations[j];
			struct ip_prefix prefix;

			assert_int_equal(
				value_parse_prefix(span_of(operation + 1), &prefix, NULL).code,
				VALUE_OK);
			assert_int_equal(*operation == '+' ? prefix_set_add(&set, &prefix)
							   : prefix_set_subtract(&set, &prefix),
				0);
		}
		textbuf_add(&out, "");
		for (size_t j = 0; j < set.count; j++) {
			value_print_prefix(&out, &set.list[j]);
			textbuf_add(&out, ",");
		}
		assert_string_equal(out.text, cases[i].result);
		textbuf_fini(&out);
		prefix_set_fini(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_as_the_model),
		cmocka_unit_test(answers_as_the_manual_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

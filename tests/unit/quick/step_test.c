/* Steps: the journal's line and back, hostile lines, and taking back. */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "step.h"

static struct step rich_step(enum step_kind kind)
{
	return (struct step){.kind = kind,
		.family = IP_V6,
		.prefix = {.addr = {.family = IP_V6, .b = {0xfd, [15] = 9}}, .bits = 64},
		.table = 51820,
		.mark = 0xffffffff,
		.priority = 32765,
		.value = 1,
		.old_value = 0,
		.name = "tun.wg0",
		.text = strdup("nameserver 10.0.0.1\n# 100% of it\tend")};
}

static struct span line_of(struct textbuf *out, const struct step *step)
{
	textbuf_init(out);
	step_encode(out, step);
	assert_int_equal(textbuf_status(out), 0);
	assert_int_equal(out->text[out->len - 1], '\n');
	assert_null(memchr(out->text, '\n', out->len - 1));
	return (struct span){out->text, out->len - 1};
}

static void comes_back_from_its_line(void **state)
{
	(void)state;
	for (int kind = STEP_NONE + 1; kind < STEP_KINDS; kind++) {
		struct step step = rich_step((enum step_kind)kind), back;
		struct textbuf out;

		assert_true(step_decode(line_of(&out, &step), &back));
		assert_int_equal(back.kind, step.kind);
		assert_int_equal(back.family, step.family);
		assert_int_equal(back.prefix.bits, step.prefix.bits);
		assert_true(ip_addr_equal(&back.prefix.addr, &step.prefix.addr));
		assert_int_equal(back.table, step.table);
		assert_int_equal(back.mark, step.mark);
		assert_int_equal(back.priority, step.priority);
		assert_int_equal(back.value, step.value);
		assert_int_equal(back.old_value, step.old_value);
		assert_string_equal(back.name, step.name);
		assert_string_equal(back.text, step.text);
		textbuf_fini(&out);
		step_fini(&step);
		step_fini(&back);
	}
}

/* Torn anywhere, a line is no step, or (cut in its last word) one with less text. */
static void bears_torn_lines(void **state)
{
	struct step step = rich_step(STEP_DNS_SET), back;
	struct textbuf out;
	struct span line = line_of(&out, &step);
	size_t text_at = span_find_last(line, ' ');

	(void)state;
	for (size_t len = 0; len < line.len; len++) {
		if (step_decode(span_until(line, len), &back))
			assert_true(len > text_at);
		step_fini(&back);
	}
	textbuf_fini(&out);
	step_fini(&step);
}

static void refuses_nonsense(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"none 0 0.0.0.0/0 0 0 0 0 0 = =",
		"no-such-kind 0 0.0.0.0/0 0 0 0 0 0 = =",
		"link-add 5 0.0.0.0/0 0 0 0 0 0 = =",
		"link-add x 0.0.0.0/0 0 0 0 0 0 = =",
		"link-add 44 0.0.0.0/0 0 0 0 0 0 = =",
		"link-add 4 0.0.0.0/33 0 0 0 0 0 = =",
		"link-add 4 0.0.0.0 0 0 0 0 0 = =",
		"link-add 4 0.0.0.0/0 0 0 0 0 4294967296 = =",
		"link-add 4 0.0.0.0/0 0 0 0 0 -1 = =",
		"link-add 4 0.0.0.0/0 0 0 0 0 0 x =",
		"link-add 4 0.0.0.0/0 0 0 0 0 0 = =%",
		"link-add 4 0.0.0.0/0 0 0 0 0 0 = =%4",
		"link-add 4 0.0.0.0/0 0 0 0 0 0 = =%4g",
		("link-add 4 0.0.0.0/0 0 0 0 0 0 "
		 "=0123456789012345678901234567890123456789012345678 "
		 "="),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct step step;

		assert_false(step_decode(span_of(lines[i]), &step));
		step_fini(&step);
	}
}

/* What a step makes, its inverse takes away; and twice inverted it is itself. */
static void inverts_and_knows_its_inverse(void **state)
{
	(void)state;
	for (int kind = STEP_NONE + 1; kind < STEP_KINDS; kind++) {
		struct step step = rich_step((enum step_kind)kind), inverse, twice;

		if (step_invert(&step, &inverse)) {
			assert_true(step_is_undoing(&step) != step_is_undoing(&inverse) ||
				    kind == STEP_MTU || kind == STEP_FWMARK);
			if (step_is_undoing(&inverse))
				assert_true(step_undoes(&inverse, &step));
			if (step_invert(&inverse, &twice)) {
				assert_int_equal(twice.kind, step.kind);
				assert_int_equal(twice.value, step.value);
				step_fini(&twice);
			}
			step_fini(&inverse);
		}
		step_fini(&step);
	}
}

static void undoes_only_its_own(void **state)
{
	struct step add = {
		.kind = STEP_RULE_ADD, .family = IP_V4, .mark = 5, .table = 5, .priority = 9};
	struct step delete = add, other;

	(void)state;
	delete.kind = STEP_RULE_DELETE;
	assert_true(step_undoes(&delete, &add));
	assert_false(step_undoes(&add, &delete));
	other = add, other.family = IP_V6;
	assert_false(step_undoes(&delete, &other));
	other = add, other.mark = 6;
	assert_false(step_undoes(&delete, &other));
	other = add, other.priority = 8;
	assert_false(step_undoes(&delete, &other));
	other = add, other.kind = STEP_ROUTE_ADD;
	assert_false(step_undoes(&delete, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_from_its_line),
		cmocka_unit_test(bears_torn_lines),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(inverts_and_knows_its_inverse),
		cmocka_unit_test(undoes_only_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

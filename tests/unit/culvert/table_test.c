/* Tables: columns line up, colour and UTF-8 have the width that is seen. */
#include "unit.h"
#include "table.h"

static void columns_line_up(void **state)
{
	struct table table = {.alignment = "lrl"};
	struct textbuf out = {0};

	(void)state;
	table_add(&table, "a");
	table_add(&table, "1");
	table_add(&table, "x");
	table_addf(&table, "\x1b[1m%s\x1b[0m", "Zo\u00eb");
	table_add(&table, "100");
	table_add(&table, "yy");
	table_print(&out, &table, "> ");
	assert_string_equal(out.text, "> a      1  x\n> \x1b[1mZo\u00eb\x1b[0m  100  yy\n");
	textbuf_fini(&out);
	table_fini(&table);
}

static void widths(void **state)
{
	(void)state;
	assert_int_equal(table_text_width(""), 0);
	assert_int_equal(table_text_width("abc"), 3);
	assert_int_equal(table_text_width("\x1b[31mred\x1b[0m"), 3);
	assert_int_equal(table_text_width("\u2588\u2581"), 2);
	assert_int_equal(table_text_width("\x1b"), 0);
	assert_int_equal(table_text_width("\x1b[31"), 0);
}

static void no_cells_no_lines(void **state)
{
	struct table table = {.alignment = "l"};
	struct textbuf out = {0};

	(void)state;
	table_print(&out, &table, "");
	assert_int_equal(out.len, 0);
	table_fini(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up),
		cmocka_unit_test(widths),
		cmocka_unit_test(no_cells_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

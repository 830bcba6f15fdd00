/* Ages and sizes as people read them, at every change of unit. */
#include "unit.h"
#include "agetext.h"
#include "terminal.h"

static void assert_text(struct textbuf *out, const char *expected)
{
	terminal_strip_colour(out);
	textbuf_add(out, "");
	assert_int_equal(out->len, strlen(expected));
	assert_memory_equal(out->text, expected, out->len);
	textbuf_clear(out);
}

static void says_ages(void **state)
{
	static const struct {
		int64_t then, now;
		const char *text;
	} cases[] = {
		{100, 100, "Now"},
		{100, 101, "1 second ago"},
		{100, 159, "59 seconds ago"},
		{100, 160, "1 minute ago"},
		{100, 223, "2 minutes, 3 seconds ago"},
		{0, 3600, "1 hour ago"},
		{0, 86399, "23 hours, 59 minutes, 59 seconds ago"},
		{0, 86401, "1 day, 1 second ago"},
		{0, 31536000, "1 year ago"},
		{0, 31535999, "364 days, 23 hours, 59 minutes, 59 seconds ago"},
		{0, 2 * 31536000 + 3 * 86400, "2 years, 3 days ago"},
		{101, 100, "(System clock wound backward; connection problems may ensue.)"},
	};
	struct textbuf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		age_print_since(&out, cases[i].then, cases[i].now);
		assert_text(&out, cases[i].text);
	}
	textbuf_fini(&out);
}

static void says_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.00 KiB"},
		{1536, "1.50 KiB"},
		{1048575, "1024.00 KiB"},
		{1048576, "1.00 MiB"},
		{1073741823, "1024.00 MiB"},
		{1073741824, "1.00 GiB"},
		{1099511627776, "1.00 TiB"},
		{1125899906842624, "1024.00 TiB"},
		{UINT64_MAX, "16777216.00 TiB"},
	};
	struct textbuf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_print(&out, cases[i].bytes);
		assert_text(&out, cases[i].text);
	}
	textbuf_fini(&out);
}

static void takes_colour_out(void **state)
{
	struct textbuf out = {0};

	(void)state;
	textbuf_add(&out, COLOUR_RESET "a" COLOUR_BOLD COLOUR_RED "b" COLOUR_RESET);
	assert_text(&out, "ab");
	textbuf_add(&out, "x\x1b[3");
	assert_text(&out, "x");
	textbuf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_ages),
		cmocka_unit_test(says_sizes),
		cmocka_unit_test(takes_colour_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

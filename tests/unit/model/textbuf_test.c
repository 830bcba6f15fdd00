/* Text that grows and shrinks from the front. */
#include "unit.h"

#include <stdlib.h>
#include "textbuf.h"

static void grows_past_every_doubling(void **state)
{
	struct textbuf buf = {0};

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		textbuf_addf(&buf, "%04u,", i);
	assert_int_equal(textbuf_status(&buf), 0);
	assert_int_equal(buf.len, 50000);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(strtol(buf.text + 5 * i, NULL, 10), i);
	assert_int_equal(buf.text[buf.len], '\0');
	textbuf_fini(&buf);
	assert_null(buf.text);
}

static void drops_what_was_sent(void **state)
{
	struct textbuf buf;

	(void)state;
	textbuf_init(&buf);
	textbuf_drop(&buf, 0);
	textbuf_add(&buf, "hello world");
	textbuf_drop(&buf, 6);
	textbuf_add_span(&buf, (struct span){"!?", 1});
	assert_string_equal(buf.text, "world!");
	textbuf_drop(&buf, 6);
	assert_int_equal(buf.len, 0);
	textbuf_add_span(&buf, (struct span){NULL, 0});
	assert_string_equal(buf.text, "");
	textbuf_clear(&buf);
	textbuf_add(&buf, "x");
	assert_string_equal(buf.text, "x");
	textbuf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_past_every_doubling),
		cmocka_unit_test(drops_what_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Nothing branches on a key's bits or indexes by them while it becomes text or comes from it. Run
 * by valgrind, with the key marked as undefined memory.
 */
#include "unit.h"

#include <string.h>
#include <valgrind/memcheck.h>
#include "keytext.h"

static uint8_t key[KEY_LEN];
static char text[KEY_HEX_LEN + 1];

/* The '=' at its end is no secret; that the rest is a key is what the answer tells. */
static void run_base64(void)
{
	volatile bool is_key;

	key_print_base64(key, text);
	VALGRIND_MAKE_MEM_DEFINED(text + KEY_BASE64_LEN - 1, 1);
	is_key = key_parse_base64((struct span){text, KEY_BASE64_LEN}, key);
	(void)is_key;
}

static void run_hex(void)
{
	volatile bool is_key;

	key_print_hex(key, text);
	is_key = key_parse_hex((struct span){text, KEY_HEX_LEN}, key);
	(void)is_key;
}

/* What must be reported, so that silence means something. */
static void run_branch(void)
{
	if (key[0] == 'A')
		text[0] = 'x';
}

static unsigned reports_of(void (*run)(void))
{
	unsigned before = (unsigned)VALGRIND_COUNT_ERRORS;

	memset(key, 0x17, sizeof(key));
	VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof(key));
	run();
	VALGRIND_MAKE_MEM_DEFINED(key, sizeof(key));
	VALGRIND_MAKE_MEM_DEFINED(text, sizeof(text));
	return (unsigned)VALGRIND_COUNT_ERRORS - before;
}

static void is_constant_time(void **state)
{
	(void)state;
	if (!RUNNING_ON_VALGRIND)
		skip();
	assert_int_equal(reports_of(run_base64), 0);
	assert_int_equal(reports_of(run_hex), 0);
}

static void would_report_a_branch(void **state)
{
	(void)state;
	if (!RUNNING_ON_VALGRIND)
		skip();
	assert_int_equal(reports_of(run_branch), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_constant_time),
		cmocka_unit_test(would_report_a_branch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

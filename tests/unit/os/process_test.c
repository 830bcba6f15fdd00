/* Running programs: what comes back, how much, and with which status. */
#include "unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "process.h"

static struct process_result run(const char *script, const char *input, bool capture)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct process_result result;

	assert_int_equal(
		process_run(
			&(struct process){
				.argv = argv, .input = input, .capture = capture, .is_quiet = true},
			&result),
		0);
	return result;
}

static void gives_the_status_a_shell_gives(void **state)
{
	static const struct {
		const char *script;
		int status;
	} cases[] = {
		{"exit 0", 0}, {"exit 7", 7}, {"kill -TERM $$", 143}, {"no-such-command", 127}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct process_result result = run(cases[i].script, NULL, false);

		assert_int_equal(result.status, cases[i].status);
		assert_null(result.output);
	}
}

static void missing_program_is_127(void **state)
{
	const char *argv[] = {"no-such-program-here", NULL};
	struct process_result result;

	(void)state;
	assert_int_equal(
		process_run(&(struct process){.argv = argv, .is_quiet = true}, &result), 0);
	assert_int_equal(result.status, 127);
}

static void feeds_and_hears(void **state)
{
	struct process_result result = run("cat; echo end", "one\ntwo\n", true);

	(void)state;
	assert_string_equal(result.output, "one\ntwo\nend\n");
	free(result.output);
	result = run("true", "nobody reads this", true);
	assert_string_equal(result.output, "");
	free(result.output);
}

/* More than pipes hold, both ways at once. */
static void bears_much(void **state)
{
	enum { MUCH = 300000 };
	char *input = malloc(MUCH + 1);
	struct process_result result;

	(void)state;
	assert_non_null(input);
	memset(input, 'x', MUCH);
	input[MUCH] = 0;
	result = run("cat", input, true);
	assert_int_equal(result.status, 0);
	assert_int_equal(strlen(result.output), MUCH);
	free(result.output);
	/* No end of output: what is over a mebibyte is thrown away, and nothing blocks. */
	result = run("head -c 3000000 /dev/zero | tr '\\0' y", NULL, true);
	assert_int_equal(result.status, 0);
	assert_int_equal(strlen(result.output), 1 << 20);
	free(result.output);
	result = run("exec true", input, false);
	assert_int_equal(result.status, 0);
	free(input);
}

static void finds_programs(void **state)
{
	char path[64];

	(void)state;
	assert_true(process_find("sh"));
	assert_true(process_find("/bin/sh"));
	assert_false(process_find("no-such-program-here"));
	assert_false(process_find("/bin/no-such-program-here"));
	assert_true(process_locate("sh", path, sizeof(path)));
	assert_int_equal(path[0], '/');
	assert_false(process_locate("sh", path, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_status_a_shell_gives),
		cmocka_unit_test(missing_program_is_127),
		cmocka_unit_test(feeds_and_hears),
		cmocka_unit_test(bears_much),
		cmocka_unit_test(finds_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

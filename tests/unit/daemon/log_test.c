/* What the daemon says at each level, read from the other end of its standard error. */
#include "unit.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int saved, ends[2];

static int set_up(void **state)
{
	(void)state;
	saved = dup(STDERR_FILENO);
	return pipe(ends) < 0 || dup2(ends[1], STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[0]);
	return close(ends[1]);
}

/* What was said since the last call. */
static const char *said(void)
{
	static char text[4096];
	ssize_t len;

	/* So that there is always something to read. */
	assert_int_equal(write(ends[1], "", 1), 1);
	len = read(ends[0], text, sizeof(text) - 1);
	assert_true(len > 0);
	text[len] = '\0';
	return text;
}

static void parses_levels(void **state)
{
	static const struct {
		const char *text;
		enum log_level level;
	} words[] = {
		{NULL, LOG_LEVEL_ERROR},
		{"", LOG_LEVEL_ERROR},
		{"verbose", LOG_LEVEL_VERBOSE},
		{"debug", LOG_LEVEL_VERBOSE},
		{"error", LOG_LEVEL_ERROR},
		{"silent", LOG_LEVEL_SILENT},
		{"Verbose", LOG_LEVEL_ERROR},
		{"verbosely", LOG_LEVEL_ERROR},
		{"1", LOG_LEVEL_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(log_level_parse(words[i].text), words[i].level);
}

static void says_what_the_level_lets(void **state)
{
	struct log log = {LOG_LEVEL_SILENT, "wg0"};

	(void)state;
	log_error(&log, "a %d", 1);
	log_verbose(&log, "b %d", 2);
	assert_string_equal(said(), "");
	log.level = LOG_LEVEL_ERROR;
	log_error(&log, "a %d", 1);
	log_verbose(&log, "b %d", 2);
	assert_string_equal(said(), "ERROR: (wg0) a 1\n");
	log.level = LOG_LEVEL_VERBOSE;
	log_error(&log, "a %d", 1);
	log_verbose(&log, "b %d", 2);
	assert_string_equal(said(), "ERROR: (wg0) a 1\nDEBUG: (wg0) b 2\n");
}

static void cuts_what_is_too_long(void **state)
{
	struct log log = {LOG_LEVEL_ERROR, "wg0"};
	char text[3000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error(&log, "%s", text);
	line = said();
	assert_true(strlen(line) < 600 && line[strlen(line) - 1] == '\n');
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_levels),
		cmocka_unit_test_setup_teardown(says_what_the_level_lets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cuts_what_is_too_long, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}

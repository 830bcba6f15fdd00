/* Whether a socket's file is still the one it was. */
#include "unit.h"
#include "sockwatch.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>
#include "scratch_dir.h"

enum { WAIT_MS = 5000 };

static char directory[SCRATCH_PATH_MAX];

static int setup(void **state)
{
	(void)state;
	scratch_make(directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

static int wait_for(const struct sockwatch *watch, int timeout_ms)
{
	struct pollfd p = {.fd = watch->fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms);
}

enum deed {
	CHANGE_MODE,
	REMOVE,
	MOVE_AWAY,
	REPLACE,
	REMOVE_ALL,
};

static void notices(void **state)
{
	static const struct {
		enum deed deed;
		bool is_gone;
	} cases[] = {
		{CHANGE_MODE, false},
		{REMOVE, true},
		{MOVE_AWAY, true},
		{REPLACE, true},
		{REMOVE_ALL, true},
	};
	char path[UNIXSOCK_PATH_MAX], other[UNIXSOCK_PATH_MAX];

	(void)state;
	unixsock_path(path, directory, "wg0");
	unixsock_path(other, directory, "wg1");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = unixsock_listen(directory, "wg0"), second = -1;
		struct sockwatch watch;

		assert_int_equal(sockwatch_open(&watch, path), 0);
		assert_int_equal(wait_for(&watch, 0), 0);
		assert_false(sockwatch_check(&watch));
		switch (cases[i].deed) {
		case CHANGE_MODE:
			assert_int_equal(chmod(path, 0660), 0);
			break;
		case REMOVE:
			assert_int_equal(unlink(path), 0);
			break;
		case MOVE_AWAY:
			assert_int_equal(rename(path, other), 0);
			break;
		case REPLACE:
			second = unixsock_listen(directory, "wg1");
			assert_int_equal(rename(other, path), 0);
			break;
		case REMOVE_ALL:
			scratch_remove(directory);
			break;
		}
		assert_int_equal(wait_for(&watch, WAIT_MS), 1);
		assert_int_equal(sockwatch_check(&watch), cases[i].is_gone);
		assert_int_equal(wait_for(&watch, 0), 0);
		sockwatch_close(&watch);
		assert_int_equal(watch.fd, -1);
		close(fd);
		close(second);
		unlink(path);
	}
}

static void needs_a_file(void **state)
{
	char path[UNIXSOCK_PATH_MAX], too_long[UNIXSOCK_PATH_MAX + 1];
	struct sockwatch watch;

	(void)state;
	unixsock_path(path, directory, "wg0");
	assert_int_equal(sockwatch_open(&watch, path), -ENOENT);
	assert_int_equal(watch.fd, -1);
	memset(too_long, 'a', UNIXSOCK_PATH_MAX);
	too_long[UNIXSOCK_PATH_MAX] = '\0';
	assert_int_equal(sockwatch_open(&watch, too_long), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(notices, setup, teardown),
		cmocka_unit_test_setup_teardown(needs_a_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Signals by a descriptor. */
#include "unit.h"
#include "signals.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

static void come_one_after_the_other(void **state)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int fd = signals_open(), fds[2];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(signals_read(fd), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(kill(getpid(), numbers[i]), 0);
		assert_int_equal(poll(&p, 1, 5000), 1);
		assert_int_equal(signals_read(fd), numbers[i]);
	}
	assert_int_equal(signals_read(fd), 0);
	/* A broken pipe is an error, not an end. */
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1);
	close(fds[1]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

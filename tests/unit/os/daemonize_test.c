/* Going into the background: each case forks twice, so that the "parent" is ours to look at. */
#include "unit.h"
#include "daemonize.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct daemonize line;
static pid_t caretaker;

static bool is_null(int fd)
{
	struct stat info, null;

	return fstat(fd, &info) == 0 && stat("/dev/null", &null) == 0 && S_ISCHR(info.st_mode) &&
	       info.st_rdev == null.st_rdev;
}

static void gets_ready(void)
{
	char where[8] = "";

	if (daemonize_detach(&line, false) != 0 || !is_null(0) || !is_null(1) || !is_null(2))
		_exit(1);
	if (getsid(0) != getpid() || !getcwd(where, sizeof(where)) || strcmp(where, "/") != 0)
		_exit(1);
	_exit(daemonize_ready(&line) == 0 ? 0 : 1);
}

static void keeps_output(void)
{
	if (daemonize_detach(&line, true) != 0 || !is_null(0) || is_null(2))
		_exit(1);
	_exit(daemonize_ready(&line) == 0 ? 0 : 1);
}

static void fails(void)
{
	daemonize_fail(&line, "wg0: no such thing");
	_exit(7);
}

static void fails_at_length(void)
{
	char text[DAEMONIZE_MESSAGE_MAX + 100];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	daemonize_fail(&line, text);
	_exit(7);
}

static void dies(void)
{
	raise(SIGKILL);
}

static void ends(void)
{
	_exit(3);
}

static void has_no_standard_files(void)
{
	if (daemonize_detach(&line, false) != 0)
		_exit(1);
	_exit(daemonize_ready(&line) == 0 ? 0 : 1);
}

/* Its parent has to be who takes care of orphans: here the one that forks the parents. */
static void is_nobodys(void)
{
	if (getppid() != caretaker)
		_exit(1);
	_exit(daemonize_ready(&line) == 0 ? 0 : 1);
}

static const struct {
	void (*child)(void);
	int side;
	const char *message; /* how it begins */
	size_t message_len;  /* 0: as long as that */
	bool closed;         /* the standard descriptors are closed before */
	bool is_orphan;
} cases[] = {
	{gets_ready, DAEMONIZE_STARTED, NULL, 0, false, false},
	{keeps_output, DAEMONIZE_STARTED, NULL, 0, false, false},
	{fails, DAEMONIZE_FAILED, "wg0: no such thing", 0, false, false},
	{fails_at_length, DAEMONIZE_FAILED, "xxx", DAEMONIZE_MESSAGE_MAX - 1, false, false},
	{dies, DAEMONIZE_FAILED, "ended by signal 9 while starting", 0, false, false},
	{ends, DAEMONIZE_FAILED, "ended with status 3 while starting", 0, false, false},
	{has_no_standard_files, DAEMONIZE_STARTED, NULL, 0, true, false},
	{is_nobodys, DAEMONIZE_STARTED, NULL, 0, false, true},
	{fails, DAEMONIZE_FAILED, "wg0: no such thing", 0, false, true},
	{ends, DAEMONIZE_FAILED, "ended while starting", 0, false, true},
};

static bool message_is_right(size_t i)
{
	const char *begin = cases[i].message;
	size_t len = cases[i].message_len ? cases[i].message_len : strlen(begin);

	return strlen(line.message) == len && strncmp(line.message, begin, strlen(begin)) == 0;
}

/* In a process of its own, the parent; ends with 0 when all is as it should be. */
static void play(size_t i)
{
	int side, status = 0;

	for (int fd = 0; fd < 3 && cases[i].closed; fd++)
		close(fd);
	side = daemonize_fork(&line, cases[i].is_orphan);
	if (side == DAEMONIZE_CHILD)
		cases[i].child();
	if (side != cases[i].side)
		_exit(2);
	if (side == DAEMONIZE_FAILED)
		_exit(message_is_right(i) ? 0 : 3);
	/* What the child found after it was ready; an orphan's end is another's to see. */
	if (waitpid(cases[i].is_orphan ? -1 : line.child, &status, 0) < 0)
		_exit(4);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 5);
}

static void tells_the_parent(void **state)
{
	(void)state;
	caretaker = getpid();
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t parent = fork();
		int status;

		if (parent == 0)
			play(i);
		assert_int_equal(waitpid(parent, &status, 0), parent);
		/* The orphan's end. */
		if (cases[i].is_orphan)
			assert_true(waitpid(-1, NULL, 0) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void in_the_foreground_there_is_nobody_to_tell(void **state)
{
	struct daemonize none = {.fd = -1};

	(void)state;
	assert_int_equal(daemonize_detach(&none, false), 0);
	assert_int_equal(daemonize_ready(&none), 0);
	assert_false(is_null(1));
	daemonize_fail(&none, "nobody hears it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_parent),
		cmocka_unit_test(in_the_foreground_there_is_nobody_to_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Bytes and descriptors from one end to the other, and each way in which the other end is not there. */
#include "unit.h"
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"

static int ends[2];

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	if (ends[1] >= 0)
		close(ends[1]);
	return 0;
}

static struct instant soon(void)
{
	return instant_after(clock_now(), 30 * NS_PER_S);
}

static ino_t inode(int fd)
{
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	return info.st_ino;
}

static void passes_bytes_and_descriptors(void **state)
{
	int pipe_ends[2], got[3];
	char text[6] = "";

	(void)state;
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(channel_send(ends[0], "hello", 5, pipe_ends, 2, soon()), 0);
	assert_int_equal(channel_receive(ends[1], text, 5, got, 3, soon()), 0);
	assert_string_equal(text, "hello");
	assert_true(got[0] >= 0 && got[1] >= 0);
	assert_int_equal(got[2], -1);
	assert_int_equal(inode(got[0]), inode(pipe_ends[0]));
	assert_int_equal(fcntl(got[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	for (unsigned i = 0; i < 2; i++) {
		close(pipe_ends[i]);
		close(got[i]);
	}
}

/* Those without a place are closed, or the pipe's reader would wait for ever. */
static void closes_what_it_has_no_place_for(void **state)
{
	int pipe_ends[2], got;
	char byte;

	(void)state;
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(channel_send(ends[0], "x", 1, pipe_ends, 2, soon()), 0);
	assert_int_equal(channel_receive(ends[1], &byte, 1, &got, 1, soon()), 0);
	close(got);
	assert_int_equal(channel_send(ends[0], "y", 1, pipe_ends, 2, soon()), 0);
	assert_int_equal(channel_receive(ends[1], &byte, 1, NULL, 0, soon()), 0);
	close(pipe_ends[1]);
	assert_int_equal(read(pipe_ends[0], &byte, 1), 0);
	close(pipe_ends[0]);
}

static void gives_up_at_its_deadline(void **state)
{
	static char many[1 << 20];
	char text[4];

	(void)state;
	assert_int_equal(channel_send(ends[0], "ab", 2, NULL, 0, soon()), 0);
	assert_int_equal(channel_receive(ends[1], text, 4, NULL, 0,
				 instant_after(clock_now(), 20 * NS_PER_MS)),
		-ETIMEDOUT);
	assert_int_equal(channel_send(ends[0], many, sizeof(many), NULL, 0,
				 instant_after(clock_now(), 20 * NS_PER_MS)),
		-ETIMEDOUT);
}

static void tells_that_nobody_is_there(void **state)
{
	char text[4];

	(void)state;
	assert_int_equal(channel_send(ends[1], "ab", 2, NULL, 0, soon()), 0);
	close(ends[1]);
	ends[1] = -1;
	assert_int_equal(channel_receive(ends[0], text, 4, NULL, 0, soon()), -EPIPE);
	assert_int_equal(channel_send(ends[0], "ab", 2, NULL, 0, soon()), -EPIPE);
}

/* A word is there, or was never sent; and nobody believes what is not so. */
static void hears_no_more(void **state)
{
	char text[3] = "";

	(void)state;
	assert_int_equal(channel_send(ends[1], "ab", 2, NULL, 0, soon()), 0);
	channel_hear_no_more(ends[0]);
	assert_int_equal(channel_send(ends[1], "cd", 2, NULL, 0, soon()), -EPIPE);
	assert_int_equal(channel_receive(ends[0], text, 2, NULL, 0, clock_now()), 0);
	assert_string_equal(text, "ab");
	assert_int_equal(channel_receive(ends[0], text, 1, NULL, 0, soon()), -EPIPE);
	/* The other way goes on. */
	assert_int_equal(channel_send(ends[0], "ef", 2, NULL, 0, soon()), 0);
	assert_int_equal(channel_receive(ends[1], text, 2, NULL, 0, soon()), 0);
	assert_string_equal(text, "ef");
}

/* Who is at the same moment about to speak and to hear no more are of one opinion about it. */
static void agrees_who_was_first(void **state)
{
	enum { TIMES = 300 };
	unsigned sent = 0;

	(void)state;
	for (unsigned i = 0; i < TIMES; i++) {
		int pair[2], status;
		bool is_heard;
		pid_t child;
		char byte;

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		child = fork();
		if (child == 0)
			_exit(channel_send(pair[1], "x", 1, NULL, 0, soon()) == 0);
		for (unsigned j = 0; j < i % 64; j++)
			sched_yield();
		channel_hear_no_more(pair[0]);
		is_heard = channel_receive(pair[0], &byte, 1, NULL, 0, clock_now()) == 0;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), is_heard);
		sent += is_heard;
		close(pair[0]);
		close(pair[1]);
	}
	print_message("# heard %u of %u\n", sent, TIMES);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(passes_bytes_and_descriptors),
		CASE(closes_what_it_has_no_place_for),
		CASE(gives_up_at_its_deadline),
		CASE(tells_that_nobody_is_there),
		CASE(hears_no_more),
		cmocka_unit_test(agrees_who_was_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

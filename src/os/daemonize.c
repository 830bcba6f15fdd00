/*
 * Going into the background. What goes over the pipe: nothing before its end, the child died; a
 * zero byte and its number, it is ready; anything else is its message.
 */
#include "daemonize.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int be_child(struct daemonize *daemonize, const int fds[2], bool is_orphan);
static int become_orphan(void);
static int be_parent(struct daemonize *daemonize, const int fds[2], pid_t child);
static size_t read_report(int fd, char *report, size_t room);
static void describe_end(char *message, pid_t child);
static int report(struct daemonize *daemonize, const char *bytes, size_t len);

int daemonize_fork(struct daemonize *daemonize, bool is_orphan)
{
	int fds[2];
	pid_t child;

	daemonize->fd = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	child = fork();
	if (child < 0) {
		int err = -errno;

		close(fds[0]);
		close(fds[1]);
		return err;
	}
	return child == 0 ? be_child(daemonize, fds, is_orphan) : be_parent(daemonize, fds, child);
}

static int be_child(struct daemonize *daemonize, const int fds[2], bool is_orphan)
{
	/* Away from the standard ones, which may have been closed and are /dev/null in the end. */
	daemonize->fd = fcntl(fds[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fds[0]);
	close(fds[1]);
	if (daemonize->fd < 0 || setsid() < 0 || chdir("/") < 0)
		return -errno;
	if (is_orphan && become_orphan() < 0)
		return -errno;
	return DAEMONIZE_CHILD;
}

/* By a process in between, which ends at once. */
static int become_orphan(void)
{
	pid_t between = getpid(), child = fork();

	if (child > 0)
		_exit(EXIT_SUCCESS);
	while (child == 0 && getppid() == between)
		sched_yield();
	return (int)child;
}

static int be_parent(struct daemonize *daemonize, const int fds[2], pid_t child)
{
	size_t len;

	close(fds[1]);
	len = read_report(fds[0], daemonize->message, sizeof(daemonize->message) - 1);
	close(fds[0]);
	daemonize->message[len] = '\0';
	if (len == 1 + sizeof(daemonize->child) && daemonize->message[0] == '\0') {
		memcpy(&daemonize->child, daemonize->message + 1, sizeof(daemonize->child));
		return DAEMONIZE_STARTED;
	}
	if (len == 0)
		describe_end(daemonize->message, child);
	return DAEMONIZE_FAILED;
}

static size_t read_report(int fd, char *report, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t got = read(fd, report + len, room - len);

		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		if (got > 0)
			len += (size_t)got;
	}
	return len;
}

static void describe_end(char *message, pid_t child)
{
	int status = 0;
	pid_t got;

	do {
		got = waitpid(child, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got == child && WIFSIGNALED(status))
		snprintf(message, DAEMONIZE_MESSAGE_MAX, "ended by signal %d while starting",
			WTERMSIG(status));
	else if (got == child && WEXITSTATUS(status) != EXIT_SUCCESS)
		snprintf(message, DAEMONIZE_MESSAGE_MAX, "ended with status %d while starting",
			WEXITSTATUS(status));
	else
		snprintf(message, DAEMONIZE_MESSAGE_MAX, "ended while starting");
}

int daemonize_detach(const struct daemonize *daemonize, bool keep_output)
{
	int fd, err = 0;

	if (daemonize->fd < 0)
		return 0;
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int to = STDIN_FILENO; to <= STDERR_FILENO && !err; to++) {
		if (to == STDIN_FILENO || !keep_output)
			err = dup2(fd, to) < 0 ? -errno : 0;
	}
	if (fd > STDERR_FILENO)
		close(fd);
	return err;
}

int daemonize_ready(struct daemonize *daemonize)
{
	const pid_t own = getpid();
	char ready[1 + sizeof(own)] = "";

	memcpy(ready + 1, &own, sizeof(own));
	return daemonize->fd < 0 ? 0 : report(daemonize, ready, sizeof(ready));
}

void daemonize_fail(struct daemonize *daemonize, const char *message)
{
	size_t len = strnlen(message, DAEMONIZE_MESSAGE_MAX - 1);

	if (daemonize->fd >= 0 && len > 0)
		report(daemonize, message, len);
}

/* Shorter than PIPE_BUF, so it is written whole. A parent that was killed does not matter. */
static int report(struct daemonize *daemonize, const char *bytes, size_t len)
{
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	ssize_t done = write(daemonize->fd, bytes, len);
	int err = done < 0 && errno != EPIPE ? -errno : 0;

	signal(SIGPIPE, before);
	close(daemonize->fd);
	daemonize->fd = -1;
	return err;
}

/* Running programs: fork, exec, pipes and the wait. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "grow.h"
#include "process.h"

enum { OUTPUT_MAX = 1 << 20, NOT_FOUND = 127, NOT_STARTED = 126, SIGNAL_BASE = 128 };

/* Parent's and child's end of each pipe; -1: none. */
struct pipes {
	int input[2], output[2];
};

struct text {
	char *bytes;
	size_t len, room;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_pipes(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&pipes->input[i]);
		close_fd(&pipes->output[i]);
	}
}

static int open_pipes(const struct process *process, struct pipes *pipes)
{
	*pipes = (struct pipes){{-1, -1}, {-1, -1}};
	if ((process->input && pipe2(pipes->input, O_CLOEXEC) < 0) ||
		(process->capture && pipe2(pipes->output, O_CLOEXEC) < 0)) {
		int error = -errno;

		close_pipes(pipes);
		return error;
	}
	return 0;
}

/* In the child: never returns. */
static _Noreturn void become(const struct process *process, const struct pipes *pipes, pid_t parent)
{
	sigset_t none;

	/* What nobody waits for any more must not go on changing the system. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(NOT_STARTED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (pipes->input[0] >= 0)
		dup2(pipes->input[0], STDIN_FILENO);
	if (pipes->output[1] >= 0)
		dup2(pipes->output[1], STDOUT_FILENO);
	if (process->is_quiet) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
	}
	execvp(process->argv[0], (char *const *)(uintptr_t)process->argv);
	if (!process->is_quiet)
		fprintf(stderr, "%s: %s\n", process->argv[0], strerror(errno));
	_exit(errno == ENOENT ? NOT_FOUND : NOT_STARTED);
}

/* Appends what can be read now; false at the end. */
static bool read_some(int fd, struct text *text)
{
	char part[4096];
	ssize_t len = read(fd, part, sizeof(part));

	if (len < 0)
		return errno == EINTR || errno == EAGAIN;
	if (len == 0)
		return false;
	for (ssize_t i = 0; i < len && text->len < OUTPUT_MAX; i++) {
		char *bytes = grow_array(text->bytes, text->len + 1, &text->room, 1);

		if (!bytes)
			return false;
		text->bytes = bytes;
		text->bytes[text->len++] = part[i];
	}
	return true;
}

/* Writes what the pipe takes; false when all is written or nobody reads it. */
static bool write_some(int fd, const char **rest)
{
	ssize_t len = write(fd, *rest, strlen(*rest));

	if (len < 0)
		return errno == EINTR || errno == EAGAIN;
	*rest += len;
	return **rest != 0;
}

/* Feeds and hears the child until both ends are closed. */
static void talk(struct pipes *pipes, const char *input, struct text *text)
{
	const char *rest = input ? input : "";

	if (pipes->input[1] >= 0)
		fcntl(pipes->input[1], F_SETFL, O_NONBLOCK);
	while (pipes->input[1] >= 0 || pipes->output[0] >= 0) {
		struct pollfd fds[2] = {{.fd = pipes->input[1], .events = POLLOUT},
			{.fd = pipes->output[0], .events = POLLIN}};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents && !write_some(pipes->input[1], &rest))
			close_fd(&pipes->input[1]);
		if (fds[1].revents && !read_some(pipes->output[0], text))
			close_fd(&pipes->output[0]);
	}
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return NOT_STARTED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status);
}

int process_run(const struct process *process, struct process_result *result)
{
	struct pipes pipes;
	struct text text = {0};
	void (*old_sigpipe)(int);
	pid_t pid, parent = getpid();
	int error = open_pipes(process, &pipes);

	*result = (struct process_result){0};
	if (error)
		return error;
	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		error = -errno;
		close_pipes(&pipes);
		return error;
	}
	if (pid == 0)
		become(process, &pipes, parent);
	close_fd(&pipes.input[0]);
	close_fd(&pipes.output[1]);
	old_sigpipe = signal(SIGPIPE, SIG_IGN);
	talk(&pipes, process->input, &text);
	signal(SIGPIPE, old_sigpipe);
	close_pipes(&pipes);
	result->status = wait_for(pid);
	if (process->capture) {
		result->output = text.bytes ? text.bytes : strdup("");
		if (text.bytes)
			text.bytes[text.len] = 0;
	}
	return 0;
}

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

bool process_locate(const char *name, char *path, size_t room)
{
	const char *at = getenv("PATH");

	if (strchr(name, '/'))
		return snprintf(path, room, "%s", name) < (int)room && is_program(path);
	if (!at)
		at = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*at) {
		size_t len = strcspn(at, ":");

		if (snprintf(path, room, "%.*s/%s", (int)len, at, name) < (int)room &&
			is_program(path))
			return true;
		at += len + (at[len] == ':');
	}
	return false;
}

bool process_find(const char *name)
{
	char path[4096];

	return process_locate(name, path, sizeof(path));
}

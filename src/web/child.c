/* A command of ours: its words in, its output and its status back. No shell has a part in it. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "wipe.h"

enum { READ_LEN = 16 * 1024 };

extern char **environ;

struct stream {
	int fd; /* -1: at its end */
	struct textbuf *text;
};

/* Reads once; the rest of what is too long is thrown away. */
static void take(struct stream *stream)
{
	char bytes[READ_LEN];
	ssize_t len = read(stream->fd, bytes, sizeof(bytes));

	if (len > 0 && stream->text->len + (size_t)len <= CHILD_OUTPUT_MAX)
		textbuf_add_span(stream->text, (struct span){bytes, (size_t)len});
	/* What a command prints may be a private key. */
	wipe(bytes, sizeof(bytes));
	if (len <= 0 && !(len < 0 && errno == EINTR)) {
		close(stream->fd);
		stream->fd = -1;
	}
}

/* Until both streams have ended; false: that took too long. */
static bool collect(struct stream streams[2])
{
	struct instant end = instant_after(clock_now(), CHILD_SECONDS * NS_PER_S);

	while (streams[0].fd >= 0 || streams[1].fd >= 0) {
		struct pollfd polled[] = {{streams[0].fd, POLLIN, 0}, {streams[1].fd, POLLIN, 0}};
		struct instant now = clock_now();

		if (instant_reached(now, end))
			return false;
		if (poll(polled, 2, (int)(instant_age(end, now) / NS_PER_MS) + 1) < 0 &&
			errno != EINTR)
			return false;
		for (unsigned i = 0; i < 2; i++)
			if (streams[i].fd >= 0 && polled[i].revents)
				take(&streams[i]);
	}
	return true;
}

static int spawn(const char *const *words, int out, int error, pid_t *pid)
{
	static char name[] = "culvert";
	char *argv[CHILD_WORDS_MAX + 2] = {name};
	size_t count = 0;
	posix_spawn_file_actions_t actions;
	int status = -posix_spawn_file_actions_init(&actions);

	while (count < CHILD_WORDS_MAX && words[count])
		count++;
	/* exec takes them as char *, and leaves them alone. */
	memcpy(argv + 1, words, count * sizeof(*words));
	if (status)
		return status;
	if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) ||
		posix_spawn_file_actions_adddup2(&actions, out, 1) ||
		posix_spawn_file_actions_adddup2(&actions, error, 2))
		status = -ENOMEM;
	if (!status)
		status = -posix_spawn(pid, "/proc/self/exe", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

static int await(pid_t pid, bool has_ended)
{
	int status;

	if (!has_ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int child_run(const char *const *words, struct child_output *output)
{
	struct stream streams[2] = {{-1, &output->out}, {-1, &output->error}};
	int pipes[2][2] = {{-1, -1}, {-1, -1}}, status = 0;
	pid_t pid;

	*output = (struct child_output){.status = -1};
	textbuf_add(&output->out, "");
	textbuf_add(&output->error, "");
	for (unsigned i = 0; i < 2 && !status; i++)
		status = pipe2(pipes[i], O_CLOEXEC) < 0 ? -errno : 0;
	if (!status)
		status = spawn(words, pipes[0][1], pipes[1][1], &pid);
	for (unsigned i = 0; i < 2; i++) {
		if (pipes[i][1] >= 0)
			close(pipes[i][1]);
		streams[i].fd = pipes[i][0];
	}
	if (!status)
		output->status = await(pid, collect(streams));
	for (unsigned i = 0; i < 2; i++)
		if (streams[i].fd >= 0)
			close(streams[i].fd);
	if (!status)
		status = textbuf_status(&output->out);
	return status ? status : textbuf_status(&output->error);
}

void child_output_fini(struct child_output *output)
{
	textbuf_fini(&output->out);
	textbuf_fini(&output->error);
}

/* Resolving before the interface comes up: soon, or, where it must be, with patience. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "endpoints.h"
#include "namelook.h"
#include "resolve.h"
#include "say.h"

#define RETRIES_VARIABLE "WG_ENDPOINT_RESOLUTION_RETRIES"

enum {
	START_WAIT_MS = 3000,
	/* As wg waits: fifteen times, from one second on, a fifth longer each time, up to twenty. */
	RETRIES_DEFAULT = 15,
	RETRIES_FOR_EVER = -1,
	RETRY_FIRST_MS = 1000,
	RETRY_LONGEST_MS = 20000,
};

/* What the child tells: peer number `peer` is at `endpoint`. One pipe write, so never torn. */
struct answer {
	size_t peer;
	struct endpoint endpoint;
};

bool endpoints_has_names(const struct config *config)
{
	for (size_t i = 0; i < config->settings.device.peers_count; i++)
		if (config->settings.peers[i].endpoint)
			return true;
	return false;
}

/* The address of a name that is to be preferred. 0 or what getaddrinfo() says. */
static int look_up(const char *text, struct endpoint *endpoint)
{
	struct resolved found;
	int code = namelook_addresses(text, &found);

	if (!code)
		*endpoint = found.list[0];
	return code;
}

/* In the child: every name in a process of its own would be faster, and seldom worth it. */
static _Noreturn void tell_answers(const struct config *config, int fd)
{
	for (size_t i = 0; i < config->settings.device.peers_count; i++) {
		const char *text = config->settings.peers[i].endpoint;
		struct answer answer = {.peer = i};

		if (text && look_up(text, &answer.endpoint) == 0 &&
			write(fd, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void hear_answers(struct config *config, int fd)
{
	int64_t deadline = now_ms() + START_WAIT_MS;
	struct answer answer;

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now_ms();

		if (left <= 0 || poll(&ready, 1, (int)left) <= 0)
			return;
		if (read(fd, &answer, sizeof(answer)) != sizeof(answer) ||
			answer.peer >= config->settings.device.peers_count)
			return;
		config->settings.device.peers[answer.peer].endpoint = answer.endpoint;
		config->settings.device.peers[answer.peer].has |= PEER_HAS_ENDPOINT;
	}
}

static bool resolve_listen_port(struct config *config)
{
	uint16_t port;
	int code;

	if (!config->settings.listen_port)
		return true;
	code = resolve_port(config->settings.listen_port, &port);
	if (code) {
		say_error("`%s' is no port: %s", config->settings.listen_port, gai_strerror(code));
		return false;
	}
	config->settings.device.listen_port = port;
	config->settings.device.has |= DEVICE_HAS_LISTEN_PORT;
	return true;
}

/* All names, as far as the resolver answers soon. */
static void resolve_soon(struct config *config)
{
	pid_t parent = getpid(), pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			tell_answers(config, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	if (pid > 0) {
		hear_answers(config, fds[0]);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(fds[0]);
}

static int read_retries(void)
{
	const char *text = getenv(RETRIES_VARIABLE);
	char *end;
	long retries;

	if (!text)
		return RETRIES_DEFAULT;
	if (strcmp(text, "infinity") == 0)
		return RETRIES_FOR_EVER;
	retries = strtol(text, &end, 10);
	return end == text || *end || retries < 0 || retries > INT_MAX ? RETRIES_DEFAULT
								       : (int)retries;
}

/* Asks again and again while that makes sense; false, with a message, when it no longer does. */
static bool resolve_patiently(const char *text, struct endpoint *endpoint)
{
	int retries = read_retries(), wait_ms = RETRY_FIRST_MS, code;

	while ((code = look_up(text, endpoint)) != 0) {
		if (!resolve_is_temporary(code) || retries == 0) {
			say_line("%s: `%s'", gai_strerror(code), text);
			return false;
		}
		say_line("%s: `%s'. Trying again in %d.%02d seconds...", gai_strerror(code), text,
			wait_ms / 1000, wait_ms % 1000 / 10);
		nanosleep(&(struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000L}, NULL);
		wait_ms = wait_ms * 6 / 5 > RETRY_LONGEST_MS ? RETRY_LONGEST_MS : wait_ms * 6 / 5;
		retries -= retries > 0;
	}
	return true;
}

/* With it up, and the name not known, its own DNS queries would go into it. */
static bool is_full_tunnel(const struct config *config, const struct peer_settings *peer)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++)
		if (!peer->allowed_ips[i].prefix.bits)
			return config->options.table_mode == TABLE_AUTO;
	return false;
}

static bool see_to_unresolved(struct config *config, bool is_patient)
{
	for (size_t i = 0; i < config->settings.device.peers_count; i++) {
		struct peer_settings *peer = &config->settings.device.peers[i];
		const char *text = config->settings.peers[i].endpoint;

		if (!text || (peer->has & PEER_HAS_ENDPOINT))
			continue;
		if (!is_patient || !is_full_tunnel(config, peer)) {
			say_line("Warning: `%s' is not resolved yet, which goes on in the "
				 "background",
				text);
			continue;
		}
		if (!resolve_patiently(text, &peer->endpoint))
			return false;
		peer->has |= PEER_HAS_ENDPOINT;
	}
	return true;
}

bool endpoints_resolve(struct config *config, bool is_patient)
{
	if (!resolve_listen_port(config))
		return false;
	if (!endpoints_has_names(config))
		return true;
	resolve_soon(config);
	return see_to_unresolved(config, is_patient);
}

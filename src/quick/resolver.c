/*
 * The helper that stays beside an interface whose peers have endpoints by name. It holds a lock on
 * its own file as long as it lives, and ends by itself when the interface is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ctl.h"
#include "devicectl.h"
#include "devicediff.h"
#include "endpoints.h"
#include "journal.h"
#include "resolver.h"

enum {
	/* A session ends 180 s after its last handshake; a working one is younger than that. */
	SESSION_MAX_S = 180,
	HELPER_FIRST_WAIT_S = 1,
	HELPER_LONGEST_WAIT_S = 30,
	STOP_TRIES = 200,
	STOP_WAIT_MS = 10,
};

static void helper_path(char path[PATH_MAX], const char *ifname)
{
	snprintf(path, PATH_MAX, QUICK_DIRECTORY "/%s.resolver", ifname);
}

static const struct peer_settings *find_peer(
	const struct device_settings *device, const struct public_key *key)
{
	for (size_t i = 0; i < device->peers_count; i++)
		if (memcmp(&device->peers[i].public_key, key, KEY_LEN) == 0)
			return &device->peers[i];
	return NULL;
}

static bool works(const struct peer_settings *peer)
{
	return (peer->has & PEER_HAS_ENDPOINT) && peer->last_handshake.sec > 0 &&
	       time(NULL) - peer->last_handshake.sec < SESSION_MAX_S;
}

static void set_endpoint(
	const char *ifname, const struct public_key *key, const struct endpoint *endpoint)
{
	struct device_settings change;
	struct peer_settings *peer;

	device_begin_change(&change, ifname);
	peer = settings_add_peer(&change);
	if (peer) {
		peer->public_key = *key;
		peer->update_only = true;
		peer->has = PEER_HAS_ENDPOINT;
		peer->endpoint = *endpoint;
		/* When it fails the next round tries again. */
		(void)!ctl_set(&change);
	}
	settings_fini(&change);
}

/* One round over all names. False when the interface is gone; *is_quiet: nothing is left to do. */
static bool see_to_names(const struct config *config, bool *is_quiet)
{
	struct device_settings device;

	*is_quiet = true;
	if (device_get(config->ifname, &device) < 0)
		return if_nametoindex(config->ifname) != 0;
	for (size_t i = 0; i < config->settings.device.peers_count; i++) {
		const struct public_key *key = &config->settings.device.peers[i].public_key;
		const struct peer_settings *peer = find_peer(&device, key);
		struct endpoint endpoint;

		if (!config->settings.peers[i].endpoint || !peer || works(peer))
			continue;
		if (endpoints_lookup(config->settings.peers[i].endpoint, &endpoint) != 0)
			*is_quiet = false;
		else if (!(peer->has & PEER_HAS_ENDPOINT) ||
			 !endpoint_same_remote(&endpoint, &peer->endpoint))
			set_endpoint(config->ifname, key, &endpoint);
	}
	settings_fini(&device);
	return true;
}

static _Noreturn void help(const struct config *config)
{
	unsigned wait_s = HELPER_FIRST_WAIT_S;
	bool is_quiet;

	while (see_to_names(config, &is_quiet)) {
		wait_s = is_quiet || wait_s * 2 > HELPER_LONGEST_WAIT_S ? HELPER_LONGEST_WAIT_S
									: wait_s * 2;
		/* In small parts, so that the helper does not outlive its interface by much. */
		for (unsigned i = 0; i < wait_s && if_nametoindex(config->ifname); i++)
			sleep(1);
	}
	_exit(0);
}

/* In the child's child: nothing of the caller's is kept but the lock on its own file. */
static _Noreturn void become_helper(const struct config *config, int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		dup2(null, i);
	dup2(fd, STDERR_FILENO + 1);
	close_range(STDERR_FILENO + 2, ~0u, 0);
	if (chdir("/") < 0)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dprintf(STDERR_FILENO + 1, "%d\n", (int)getpid());
	help(config);
}

/* The helper holds the lock on its file as long as it lives. */
int resolver_stop(const char *ifname)
{
	char path[PATH_MAX], text[16] = "";
	int fd, pid;

	helper_path(path, ifname);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < STOP_TRIES && flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (pread(fd, text, sizeof(text) - 1, 0) > 0 && (pid = atoi(text)) > 1)
			kill(pid, SIGTERM);
		nanosleep(&(struct timespec){.tv_nsec = STOP_WAIT_MS * 1000000L}, NULL);
	}
	close(fd);
	unlink(path);
	return 0;
}

int resolver_start(const struct config *config)
{
	char path[PATH_MAX];
	pid_t pid;
	int fd;

	/* One that has not seen yet that its interface is gone makes room. */
	resolver_stop(config->ifname);
	helper_path(path, config->ifname);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -EBUSY;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() == 0)
			become_helper(config, fd);
		_exit(0);
	}
	close(fd);
	if (pid < 0)
		return -errno;
	waitpid(pid, NULL, 0);
	return 0;
}

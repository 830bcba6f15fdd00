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
#include "clock.h"
#include "ctl.h"
#include "devicectl.h"
#include "devicediff.h"
#include "follow.h"
#include "journal.h"
#include "namelook.h"
#include "resolver.h"

enum {
	HELPER_FIRST_WAIT_S = 1,
	HELPER_LONGEST_WAIT_S = 30,
	STOP_TRIES = 200,
	STOP_WAIT_MS = 10,
};

static void helper_path(char path[PATH_MAX], const char *ifname)
{
	snprintf(path, PATH_MAX, QUICK_DIRECTORY "/%s.resolver", ifname);
}

/* What the helper has in hand. */
struct helper {
	const struct config *config;
	struct follow *follows; /* one a peer of the file, in its order */
	bool is_round;          /* it is time to look for failed handshakes, too */
	bool is_quiet;          /* no peer waits for its first endpoint */
};

static struct moment moment_now(void)
{
	return (struct moment){.at = clock_now(), .wall = clock_wall()};
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

/* Lookups take their time: what the peer is by now decides. False when the interface is gone. */
static bool apply(
	struct helper *helper, size_t i, enum follow_cause cause, const struct resolved *found)
{
	const struct public_key *key = &helper->config->settings.device.peers[i].public_key;
	const char *ifname = helper->config->ifname;
	const struct endpoint *choice;
	const struct peer_settings *peer;
	struct device_settings device;

	if (device_get(ifname, &device) < 0)
		return if_nametoindex(ifname) != 0;
	peer = settings_find_peer(&device, key);
	choice = peer ? follow_choose(&helper->follows[i], cause, found, peer, clock_wall()) : NULL;
	if (choice)
		set_endpoint(ifname, key, choice);
	settings_fini(&device);
	return true;
}

/* False when the interface is gone. */
static bool look_up(struct helper *helper, size_t i, enum follow_cause cause)
{
	struct follow *follow = &helper->follows[i];
	struct resolved found;
	uint32_t ttl_s;
	int ttl_error;

	if (namelook_whole(
		    helper->config->settings.peers[i].endpoint, &found, &ttl_error, &ttl_s)) {
		follow_note_unknown(follow, clock_now());
		if (cause == FOLLOW_FAILED)
			helper->is_quiet = false;
		return true;
	}
	if (!ttl_error)
		follow_note_ttl(follow, ttl_s, clock_now());
	else if (ttl_error == -ENOENT)
		follow_note_no_record(follow);
	else
		follow_note_unknown(follow, clock_now());
	return apply(helper, i, cause, &found);
}

/* Is there a name whose time has come? */
static bool is_due(const struct helper *helper)
{
	struct instant now = clock_now();

	for (size_t i = 0; i < helper->config->settings.device.peers_count; i++)
		if (helper->config->settings.peers[i].endpoint &&
			instant_reached(now, helper->follows[i].look_at))
			return true;
	return helper->is_round;
}

/* Looks at all names. False when the interface is gone. */
static bool see_to_names(struct helper *helper)
{
	const struct conf_settings *settings = &helper->config->settings;
	struct device_settings device;
	bool is_there = true;

	if (!is_due(helper))
		return if_nametoindex(helper->config->ifname) != 0;
	if (device_get(helper->config->ifname, &device) < 0)
		return if_nametoindex(helper->config->ifname) != 0;
	for (size_t i = 0; i < settings->device.peers_count && is_there; i++) {
		const struct moment now = moment_now();
		const struct peer_settings *peer =
			settings_find_peer(&device, &settings->device.peers[i].public_key);
		enum follow_cause cause;

		if (!settings->peers[i].endpoint || !peer)
			continue;
		cause = follow_ask(&helper->follows[i], peer, helper->is_round, &now);
		if (cause != FOLLOW_NOT)
			is_there = look_up(helper, i, cause);
	}
	settings_fini(&device);
	return is_there;
}

static _Noreturn void help(const struct config *config)
{
	size_t count = config->settings.device.peers_count;
	struct helper helper = {
		.config = config, .follows = calloc(count, sizeof(*helper.follows))};
	unsigned wait_s = HELPER_FIRST_WAIT_S, waited_s = 0;

	if (!helper.follows)
		_exit(1);
	for (size_t i = 0; i < count; i++)
		if (config->settings.device.peers[i].has & PEER_HAS_ENDPOINT)
			helper.follows[i].set = config->settings.device.peers[i].endpoint;
	helper.is_round = helper.is_quiet = true;
	while (see_to_names(&helper)) {
		if (helper.is_round) {
			wait_s = helper.is_quiet || wait_s * 2 > HELPER_LONGEST_WAIT_S
					 ? HELPER_LONGEST_WAIT_S
					 : wait_s * 2;
			waited_s = 0;
			helper.is_quiet = true;
		}
		/* By the second, so that the helper does not outlive its interface by much. */
		sleep(1);
		helper.is_round = ++waited_s >= wait_s;
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
	int fd = journal_make_directory();

	if (fd < 0)
		return fd;
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

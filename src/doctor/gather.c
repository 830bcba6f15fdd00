/* The order of gathering: the system first, then what needs it; packets between two looks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "ctl.h"
#include "ctlsock.h"
#include "gather.h"
#include "interface.h"
#include "smallfile.h"
#include "unixsock.h"

/* Long enough to see a retransmission's answer, short enough to wait for. */
enum { LOOK_MS = 1000 };

static int gather_system(struct rtnl *rtnl, struct evidence *evidence)
{
	struct state *system = &evidence->system;
	char name[96];
	int error = iflink_list(rtnl, &system->links, &system->links_count);

	if (!error)
		error = ifaddr_list(rtnl, &system->addrs, &system->addrs_count);
	if (!error)
		error = iproute_list(rtnl, &system->routes, &system->routes_count);
	system->valid_mark = smallfile_read_sysctl("net/ipv4/conf/all/src_valid_mark");
	snprintf(name, sizeof(name), "net/ipv6/conf/%s/disable_ipv6", evidence->ifname);
	system->is_ipv6_off = smallfile_read_sysctl(name) != 0;
	return error;
}

/* Does the process at the other end live in another network? False when that is not to be known. */
static bool lives_elsewhere(int fd, bool *is_known)
{
	struct stat there, here;
	char path[64];
	pid_t pid;
	uid_t uid;

	*is_known = false;
	if (unixsock_peer(fd, &uid, &pid) != 0 || pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, &there) < 0 || stat("/proc/self/ns/net", &here) < 0)
		return false;
	*is_known = true;
	return there.st_ino != here.st_ino;
}

static void find_backend(struct evidence *evidence, bool *knows_home)
{
	char path[UNIXSOCK_PATH_MAX];
	bool has_file = unixsock_path(path, UNIXSOCK_DIRECTORY, evidence->ifname) == 0 &&
			access(path, F_OK) == 0;
	int fd = ctlsock_connect(evidence->ifname);

	*knows_home = false;
	if (fd >= 0) {
		evidence->backend = BACKEND_DAEMON;
		evidence->is_elsewhere = lives_elsewhere(fd, knows_home);
		close(fd);
	}
	evidence->has_stale_socket = has_file && fd == -ENOENT;
}

static int gather_device(struct evidence *evidence)
{
	struct device_settings *device = &evidence->system.device;
	int error;

	settings_fini(device);
	error = interface_read(evidence->ifname, device);
	evidence->get_error = error;
	evidence->system.has_device = error == 0;
	if (error)
		return error;
	if (evidence->backend == BACKEND_NONE)
		evidence->backend = BACKEND_KERNEL;
	evidence->has_public_key = (device->has & DEVICE_HAS_PUBLIC_KEY) != 0;
	evidence->public_key = device->public_key;
	evidence->peers = calloc(device->peers_count + 1, sizeof(*evidence->peers));
	return evidence->peers ? 0 : -ENOMEM;
}

static void gather_others(struct evidence *evidence)
{
	struct ctl_names names;
	int error = ctl_list(&names);

	evidence->others = calloc(GATHER_OTHERS_MAX, sizeof(*evidence->others));
	for (size_t i = 0; !error && evidence->others && i < names.count &&
			   evidence->others_count < GATHER_OTHERS_MAX;
		i++) {
		struct device_settings *other = &evidence->others[evidence->others_count].device;

		if (strcmp(names.list[i], evidence->ifname) == 0)
			continue;
		if (interface_read(names.list[i], other) == 0)
			evidence->others_count++;
		else
			settings_fini(other);
	}
	ctl_names_fini(&names);
}

static void take_growth(struct evidence *evidence, const struct device_settings *before)
{
	const struct device_settings *now = &evidence->system.device;

	/* The order of peers is the backend's, and stays. */
	for (size_t i = 0; i < now->peers_count && i < before->peers_count; i++) {
		const struct peer_settings *old = &before->peers[i], *new = &now->peers[i];

		if (memcmp(&old->public_key, &new->public_key, sizeof(old->public_key)) != 0 ||
			new->rx_bytes < old->rx_bytes || new->tx_bytes < old->tx_bytes)
			continue;
		evidence->peers[i].rx_grown = new->rx_bytes - old->rx_bytes;
		evidence->peers[i].tx_grown = new->tx_bytes - old->tx_bytes;
	}
}

static void pause_ms(uint64_t ms)
{
	nanosleep(&(struct timespec){(time_t)(ms / 1000), (long)(ms % 1000 * NS_PER_MS)}, NULL);
}

/* Sends what there is to send, waits until a second is over, and looks at the device again. */
static int watch_device(struct evidence *evidence, bool is_silent)
{
	struct device_settings before, after;
	struct instant start = clock_now();
	uint64_t ms;
	int error;

	gather_knocks(evidence, !is_silent);
	if (!is_silent)
		gather_probes(evidence);
	ms = instant_age(clock_now(), start) / NS_PER_MS;
	if (ms < LOOK_MS)
		pause_ms(LOOK_MS - ms);
	error = interface_read(evidence->ifname, &after);
	if (error || after.peers_count != evidence->system.device.peers_count) {
		settings_fini(&after);
		return error == -ENOMEM ? error : 0;
	}
	before = evidence->system.device;
	evidence->system.device = after;
	take_growth(evidence, &before);
	settings_fini(&before);
	return 0;
}

static int gather_running(struct rtnl *rtnl, struct evidence *evidence,
	const struct gather_options *options, bool knows_home)
{
	int error = gather_device(evidence);

	if (error)
		return error == -ENOMEM ? error : 0;
	error = gather_ways(rtnl, evidence);
	if (error)
		return error;
	gather_others(evidence);
	gather_sysctls(evidence);
	gather_resolvers(rtnl, evidence);
	gather_port(evidence);
	evidence->knows_port &= knows_home;
	gather_wall(evidence);
	error = watch_device(evidence, options->is_silent);
	gather_log(evidence);
	return error;
}

int gather_all(struct evidence *evidence, const char *ifname, const struct gather_options *options)
{
	struct rtnl rtnl = {0};
	bool knows_home;
	int error;

	evidence_init(evidence, ifname);
	error = rtnl_open(&rtnl);
	if (!error)
		error = gather_system(&rtnl, evidence);
	gather_file(evidence);
	find_backend(evidence, &knows_home);
	if (!error)
		error = gather_running(&rtnl, evidence, options, knows_home);
	evidence->now = (int64_t)clock_wall().sec;
	if (!error && !options->is_silent)
		gather_names(evidence);
	rtnl_close(&rtnl);
	if (!error && (evidence->get_error == -EPERM || evidence->get_error == -EACCES))
		error = evidence->get_error;
	return error;
}

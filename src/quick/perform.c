/* Each kind of step, done. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "devicectl.h"
#include "dns.h"
#include "firewall.h"
#include "ifaddr.h"
#include "iflink.h"
#include "iproute.h"
#include "iprule.h"
#include "link.h"
#include "process.h"
#include "resolver.h"
#include "run.h"
#include "save.h"
#include "say.h"
#include "smallfile.h"
#include "unixsock.h"

#define USERSPACE_DEFAULT "culvertd"

enum {
	STATUS_OF_IP = 2, /* what ip exits with when the kernel refuses */
	STATUS_NOT_FOUND = 127,
	DAEMON_END_TRIES = 200,  /* to wait for a daemon's end, ... */
	DAEMON_END_WAIT_MS = 10, /* ... each so long */
};

typedef int step_performer(struct run *run, const struct step *step);

static step_performer do_nothing, do_link_add, do_link_delete, do_link_up, do_mtu, do_hook,
	do_device_add, do_device_sync, do_fwmark, do_address, do_route, do_rule, do_firewall_add,
	do_firewall_delete, do_valid_mark, do_dns_set, do_dns_unset, do_save, do_resolver;

static step_performer *const performers[STEP_KINDS] = {
	[STEP_NONE] = do_nothing,
	[STEP_WARN] = do_nothing,
	[STEP_LINK_ADD] = do_link_add,
	[STEP_LINK_DELETE] = do_link_delete,
	[STEP_LINK_UP] = do_link_up,
	[STEP_MTU] = do_mtu,
	[STEP_HOOK] = do_hook,
	[STEP_DEVICE_ADD] = do_device_add,
	[STEP_DEVICE_SYNC] = do_device_sync,
	[STEP_FWMARK] = do_fwmark,
	[STEP_ADDRESS_ADD] = do_address,
	[STEP_ADDRESS_DELETE] = do_address,
	[STEP_ROUTE_ADD] = do_route,
	[STEP_ROUTE_DELETE] = do_route,
	[STEP_RULE_ADD] = do_rule,
	[STEP_RULE_DELETE] = do_rule,
	[STEP_FIREWALL_ADD] = do_firewall_add,
	[STEP_FIREWALL_DELETE] = do_firewall_delete,
	[STEP_VALID_MARK] = do_valid_mark,
	[STEP_DNS_SET] = do_dns_set,
	[STEP_DNS_UNSET] = do_dns_unset,
	[STEP_SAVE] = do_save,
	[STEP_RESOLVER_START] = do_resolver,
	[STEP_RESOLVER_STOP] = do_resolver,
};

int perform_step(struct run *run, const struct step *step)
{
	return performers[step->kind](run, step);
}

static int do_nothing(struct run *run, const struct step *step)
{
	(void)run, (void)step;
	return 0;
}

/* What ip would have said and exited with. */
static int as_ip(int error)
{
	if (!error)
		return 0;
	say_line("RTNETLINK answers: %s", strerror(-error));
	return STATUS_OF_IP;
}

static bool is_culvertd(const char *program)
{
	const char *slash = strrchr(program, '/');

	return strcmp(slash ? slash + 1 : program, USERSPACE_DEFAULT) == 0;
}

/*
 * Should culvertd die, its interface has to stay: without it the routes that lead into the tunnel
 * would be gone, and what they carry leave in clear. Other daemons know no such word.
 */
static int start_userspace(const char *ifname)
{
	const char *named = getenv("WG_QUICK_USERSPACE_IMPLEMENTATION");
	const char *program = named && *named ? named : USERSPACE_DEFAULT;
	bool is_ours = is_culvertd(program);
	const char *argv[] = {
		program, is_ours ? "--persist" : ifname, is_ours ? ifname : NULL, NULL};
	struct process_result result;
	int error;

	if (!process_find(argv[0])) {
		say_line("[!] The kernel has no WireGuard, and `%s' is not installed.", argv[0]);
		return STATUS_NOT_FOUND;
	}
	say_line("[!] Missing WireGuard kernel module. Falling back to userspace implementation.");
	say_command("%s%s %s", argv[0], is_ours ? " --persist" : "", ifname);
	error = process_run(&(struct process){.argv = argv}, &result);
	if (!error && !result.status && !if_nametoindex(ifname))
		error = -ENODEV; /* it said that all is well, and made no interface */
	return error ? error : result.status;
}

/* The kernel's own WireGuard, or a daemon where it has none. */
static int do_link_add(struct run *run, const struct step *step)
{
	int error = iflink_create(&run->rtnl, run->ifname, "wireguard");

	(void)step;
	if (!error || error == -EEXIST || error == -EPERM)
		return as_ip(error);
	return start_userspace(run->ifname);
}

/* A daemon ends when its interface goes; another `up` would still meet its socket before. */
static void wait_for_daemon(const char *ifname)
{
	char path[UNIXSOCK_PATH_MAX];

	if (unixsock_path(path, UNIXSOCK_DIRECTORY, ifname) < 0)
		return;
	for (int i = 0; i < DAEMON_END_TRIES && access(path, F_OK) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = DAEMON_END_WAIT_MS * 1000000L}, NULL);
}

static int do_link_delete(struct run *run, const struct step *step)
{
	uint32_t index = if_nametoindex(run->ifname);
	int error = index ? link_delete(&run->rtnl, index) : -ENODEV;

	(void)step;
	if (error == -ENODEV)
		return 0; /* its daemon was faster */
	if (!error)
		wait_for_daemon(run->ifname);
	return as_ip(error);
}

static int do_link_up(struct run *run, const struct step *step)
{
	uint32_t index = if_nametoindex(run->ifname);
	int error = link_set_mtu(&run->rtnl, index, step->value);

	return as_ip(error ? error : link_set_up(&run->rtnl, index, true));
}

static int do_mtu(struct run *run, const struct step *step)
{
	return as_ip(link_set_mtu(&run->rtnl, if_nametoindex(run->ifname), step->value));
}

/* As a script of bash's that ends at the first failure. */
static int do_hook(struct run *run, const struct step *step)
{
	const char *argv[] = {
		"bash", "-e", "-o", "pipefail", "-O", "extglob", "-c", step->text, NULL};
	struct process_result result;
	int error = process_run(&(struct process){.argv = argv}, &result);

	(void)run;
	return error ? error : result.status;
}

static int as_wg(int error)
{
	if (!error)
		return 0;
	say_line("Unable to modify interface: %s", strerror(-error));
	return 1;
}

static int do_device_add(struct run *run, const struct step *step)
{
	return as_wg(device_add(run->ifname, step->settings));
}

static int do_device_sync(struct run *run, const struct step *step)
{
	return as_wg(device_sync(run->ifname, step->settings));
}

static int do_fwmark(struct run *run, const struct step *step)
{
	return as_wg(device_set_fwmark(run->ifname, step->value));
}

/* Else the first address of a subnet takes all others of it along when it goes. */
static void keep_secondaries(const char *ifname)
{
	char name[96];

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/promote_secondaries", ifname);
	smallfile_write_sysctl(name, 1);
}

static int do_address(struct run *run, const struct step *step)
{
	uint32_t index = if_nametoindex(run->ifname);
	int error;

	if (step->kind == STEP_ADDRESS_DELETE) {
		keep_secondaries(run->ifname);
		return as_ip(ifaddr_delete(&run->rtnl, index, &step->prefix));
	}
	error = ifaddr_add(&run->rtnl, index, &step->prefix);
	/* Switched off between snapshot and now, or in a way that no sysctl tells. */
	if (step->family == IP_V6 &&
		(error == -EACCES || error == -EAFNOSUPPORT || error == -EOPNOTSUPP)) {
		say_line("Warning: IPv6 is disabled here, %s is left out", step->text);
		return 0;
	}
	return as_ip(error);
}

static int do_route(struct run *run, const struct step *step)
{
	struct iproute route = {.dst = step->prefix,
		.table = step->table,
		.ifindex = if_nametoindex(run->ifname),
		.is_unicast = true};

	return as_ip(step->kind == STEP_ROUTE_ADD ? iproute_add(&run->rtnl, &route)
						  : iproute_delete(&run->rtnl, &route));
}

static int do_rule(struct run *run, const struct step *step)
{
	struct iprule rule = {.family = step->family,
		.is_plain = true,
		.is_not = step->mark != 0,
		.has_mark = step->mark != 0,
		.priority = step->priority,
		.mark = step->mark,
		.table = step->table,
		.suppress_prefixlen = step->mark ? IPRULE_NO_SUPPRESS : 0};
	int error = step->kind == STEP_RULE_ADD ? iprule_add(&run->rtnl, &rule)
						: iprule_delete(&run->rtnl, &rule);

	return as_ip(step->kind == STEP_RULE_DELETE && error == -ENOENT ? 0 : error);
}

static int complain(int error, char *complaint)
{
	if (complaint)
		fputs(complaint, stderr);
	free(complaint);
	return error == -EIO ? 1 : error;
}

static int do_firewall_add(struct run *run, const struct step *step)
{
	char *complaint;
	int error =
		firewall_add((enum firewall_tool)step->value, step->family, step->text, &complaint);

	(void)run;
	return complain(error, complaint);
}

static int do_firewall_delete(struct run *run, const struct step *step)
{
	char *complaint;
	int error = firewall_delete(
		(enum firewall_tool)step->value, step->family, run->ifname, &complaint);

	return complain(error, complaint);
}

static int do_valid_mark(struct run *run, const struct step *step)
{
	(void)run;
	if (step->is_silent)
		return 0;
	return smallfile_write_sysctl("net/ipv4/conf/all/src_valid_mark", (int)step->value);
}

static int do_dns_set(struct run *run, const struct step *step)
{
	return dns_set((enum dns_tool)step->value, run->ifname, step->name, step->text);
}

static int do_dns_unset(struct run *run, const struct step *step)
{
	return dns_unset((enum dns_tool)step->value, run->ifname, step->name);
}

static int do_save(struct run *run, const struct step *step)
{
	(void)step;
	return save_running(run->config);
}

static int do_resolver(struct run *run, const struct step *step)
{
	int error;

	if (step->kind == STEP_RESOLVER_STOP)
		return resolver_stop(run->ifname);
	error = resolver_start(run->config);
	if (error != -EROFS)
		return error;
	say_line("Warning: endpoints by name are not looked up again");
	return 0;
}

/* Taking a snapshot: rtnetlink, the device itself, nftables, sysctls, DNS programs, the journal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "devicectl.h"
#include "firewall.h"
#include "journal.h"
#include "nft.h"
#include "process.h"
#include "smallfile.h"
#include "wholefile.h"
#include "snapshot.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

static const struct iflink *link_by_index(const struct state *state, uint32_t index)
{
	for (size_t i = 0; i < state->links_count; i++)
		if (state->links[i].index == index)
			return &state->links[i];
	return NULL;
}

/* The MTU of a route: its own, else its link's; 0 when it goes nowhere or through our link. */
static uint32_t route_mtu(const struct state *state, const struct iproute *route)
{
	const struct iflink *link = link_by_index(state, route->ifindex);

	if (!link || strcmp(link->name, state->ifname) == 0)
		return 0;
	return route->mtu ? route->mtu : link->mtu;
}

void snapshot_measure_paths(
	struct rtnl *rtnl, const struct device_settings *device, uint32_t mark, struct state *state)
{
	for (size_t i = 0; i < device->peers_count; i++) {
		const struct peer_settings *peer = &device->peers[i];
		struct iproute route;
		uint32_t mtu;

		if (!(peer->has & PEER_HAS_ENDPOINT) || !peer->endpoint.addr.family ||
			iproute_lookup(rtnl, &peer->endpoint.addr, NULL, mark, &route) < 0)
			continue;
		mtu = route_mtu(state, &route);
		if (mtu && (!state->path_mtu || mtu < state->path_mtu))
			state->path_mtu = mtu;
	}
}

static uint32_t default_mtu(const struct state *state)
{
	for (size_t i = 0; i < state->routes_count; i++) {
		const struct iproute *route = &state->routes[i];
		uint32_t mtu;

		if (route->dst.bits || route->table != IPROUTE_TABLE_MAIN || !route->is_unicast)
			continue;
		mtu = route_mtu(state, route);
		if (mtu)
			return mtu;
	}
	return 0;
}

/* The sysctl of our link, or of links to come while there is none; missing means no IPv6 at all. */
static void look_at_ipv6(struct state *state)
{
	char name[96];
	int off;

	snprintf(name, sizeof(name), "net/ipv6/conf/%s/disable_ipv6",
		state_link(state) ? state->ifname : "default");
	off = smallfile_read_sysctl(name);
	state->is_ipv6_off = off != 0;
	state->is_ipv6_off_for_all = smallfile_read_sysctl("net/ipv6/conf/all/disable_ipv6") != 0;
}

/* "tun" from the first line `tun*` of Debian's interface-order; empty when there is none. */
static void read_record_prefix(char *prefix, size_t room)
{
	char *text, *rest, *line;
	size_t len;

	*prefix = 0;
	if (wholefile_read("/etc/resolvconf/interface-order", &text, &len) < 0)
		return;
	rest = text;
	while (!*prefix && (line = strsep(&rest, "\n")) != NULL) {
		size_t star;

		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = 0;
		star = strspn(line, LETTERS);
		if (star && strcmp(line + star, "*") == 0 && star < room)
			snprintf(prefix, room, "%.*s", (int)star, line);
	}
	wholefile_free(text, len);
}

static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void look_at_dns(struct state *state)
{
	char prefix[STEP_NAME_MAX - IFLINK_NAME_MAX] = "", path[512];
	struct stat st;

	state->dns_tool = process_find("resolvconf") ? DNS_RESOLVCONF
			  : process_find("resolvectl") && access("/run/systemd/resolve", F_OK) == 0
				  ? DNS_RESOLVECTL
				  : DNS_FILE;
	if (state->dns_tool == DNS_RESOLVCONF && is_regular("/etc/resolvconf/interface-order") &&
		process_locate("resolvconf", path, sizeof(path)) && lstat(path, &st) == 0 &&
		!S_ISLNK(st.st_mode))
		read_record_prefix(prefix, sizeof(prefix));
	snprintf(state->dns_name, sizeof(state->dns_name), "%s%s%s", prefix, *prefix ? "." : "",
		state->ifname);
}

static void look_at_firewall(struct state *state)
{
	static const uint8_t families[] = {IP_V4, IP_V6};

	state->firewall_tool = nft_usable()                       ? FIREWALL_NFT
			       : process_find("iptables-restore") ? FIREWALL_IPTABLES
								  : FIREWALL_NONE;
	for (size_t i = 0; i < sizeof(families); i++) {
		const struct step *added =
			step_list_find(&state->journal, STEP_FIREWALL_ADD, families[i]);
		enum firewall_tool tool =
			added ? (enum firewall_tool)added->value : state->firewall_tool;

		state->has_firewall[i] = firewall_is_there(tool, families[i], state->ifname);
	}
}

static int look_at_device(struct state *state)
{
	const struct iflink *link = state_link(state);
	int error;

	if (!link)
		return 0;
	error = device_get(state->ifname, &state->device);
	state->has_device = error == 0;
	return error == -ENOMEM ? error : 0;
}

static int look_at_network(struct rtnl *rtnl, struct state *state)
{
	int error = iflink_list(rtnl, &state->links, &state->links_count);

	if (!error)
		error = ifaddr_list(rtnl, &state->addrs, &state->addrs_count);
	if (!error)
		error = iproute_list(rtnl, &state->routes, &state->routes_count);
	if (!error)
		error = iprule_list(rtnl, &state->rules, &state->rules_count);
	return error;
}

int snapshot_take(struct rtnl *rtnl, const char *ifname, struct state *state)
{
	int error;

	state_init(state, ifname);
	error = look_at_network(rtnl, state);
	if (!error)
		error = look_at_device(state);
	if (error)
		return error;
	error = journal_read(ifname, &state->journal);
	state->has_journal = error == 0;
	if (error && error != -ENOENT)
		return error;
	snapshot_measure_paths(rtnl, &state->device, state->device.fwmark, state);
	state->default_mtu = default_mtu(state);
	state->valid_mark = smallfile_read_sysctl("net/ipv4/conf/all/src_valid_mark");
	state->valid_mark_is_ours = state->valid_mark == 1 && journal_any_has(STEP_VALID_MARK);
	look_at_ipv6(state);
	look_at_dns(state);
	look_at_firewall(state);
	return 0;
}

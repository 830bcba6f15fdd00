/* Which way packets go: to endpoints, into the tunnel, to the resolver; and sysctls about it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gather.h"
#include "smallfile.h"
#include "values.h"
#include "wholefile.h"

struct way gather_way(
	struct rtnl *rtnl, const struct evidence *evidence, const struct ip_addr *to, uint32_t mark)
{
	struct way way = {.is_asked = true, .to = *to};
	struct iproute route;
	const struct iflink *link;

	way.error = iproute_lookup(rtnl, to, NULL, mark, &route);
	if (way.error)
		return way;
	link = evidence_link(evidence, route.ifindex);
	way.ifindex = route.ifindex;
	way.mtu = route.mtu ? route.mtu : link ? link->mtu : 0;
	way.is_local = !route.is_unicast || evidence_is_own(evidence, to);
	return way;
}

static int rp_filter_of(const struct evidence *evidence, uint32_t ifindex)
{
	char name[96];
	int all = smallfile_read_sysctl("net/ipv4/conf/all/rp_filter"), one;

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/rp_filter",
		evidence_link_name(evidence, ifindex));
	one = smallfile_read_sysctl(name);
	return one > all ? one : all;
}

static void look_at_endpoint(struct rtnl *rtnl, struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	struct peer_evidence *seen = &evidence->peers[i];

	seen->uplink_rp_filter = -1;
	if (!(peer->has & PEER_HAS_ENDPOINT) || !peer->endpoint.addr.family ||
		peer->endpoint.scope_id)
		return;
	seen->endpoint =
		gather_way(rtnl, evidence, &peer->endpoint.addr, evidence->system.device.fwmark);
	seen->unmarked = gather_way(rtnl, evidence, &peer->endpoint.addr, 0);
	if (!seen->endpoint.error)
		seen->uplink_rp_filter = rp_filter_of(evidence, seen->endpoint.ifindex);
}

/* The address n behind the first of the prefix; of one address, itself. */
static struct ip_addr nth_address(const struct ip_prefix *prefix, unsigned n)
{
	struct ip_addr addr = prefix->addr;
	uint8_t last = (uint8_t)(ip_bytes(addr.family) - 1);

	if (prefix->bits < ip_bits_max(addr.family))
		addr.b[last] = (uint8_t)(addr.b[last] + n);
	return addr;
}

/*
 * An address of the prefix that is not ours, to look up. Of "everything", one in the middle of the
 * internet, as the lowest are special.
 */
static struct ip_addr sample_of(const struct evidence *evidence, const struct ip_prefix *prefix)
{
	struct ip_addr addr = nth_address(prefix, 1);

	if (prefix->bits <= 1 && prefix->addr.family == IP_V4)
		addr.b[0] = (uint8_t)(addr.b[0] + 9);
	else if (prefix->bits <= 1)
		addr.b[0] = prefix->addr.b[0] | 0x26;
	for (unsigned n = 2; evidence_is_own(evidence, &addr) && n < 4; n++)
		addr = nth_address(prefix, n);
	return addr;
}

int gather_ways(struct rtnl *rtnl, struct evidence *evidence)
{
	const struct device_settings *device = &evidence->system.device;

	evidence->ways = calloc(GATHER_WAYS_MAX, sizeof(*evidence->ways));
	if (!evidence->ways)
		return -ENOMEM;
	for (size_t i = 0; i < device->peers_count; i++) {
		const struct peer_settings *peer = &device->peers[i];

		if (i < GATHER_WAYS_MAX)
			look_at_endpoint(rtnl, evidence, i);
		for (size_t j = 0;
			j < peer->allowed_ips_count && evidence->ways_count < GATHER_WAYS_MAX;
			j++) {
			struct ip_addr to = sample_of(evidence, &peer->allowed_ips[j].prefix);

			evidence->ways[evidence->ways_count++] =
				(struct allowed_way){i, j, gather_way(rtnl, evidence, &to, 0)};
		}
	}
	return 0;
}

/* The count of that name in /proc/net/snmp: a line of names, a line of numbers. */
static uint64_t read_snmp(const char *name)
{
	char *text, *rest, *names = NULL, *line;
	uint64_t count = 0;
	size_t len;

	if (wholefile_read("/proc/net/snmp", &text, &len) != 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n")) && !count) {
		char *word, *number;

		if (strncmp(line, "Ip:", 3) != 0)
			continue;
		if (!names) {
			names = line;
			continue;
		}
		while ((word = strsep(&names, " ")) && (number = strsep(&line, " ")))
			if (strcmp(word, name) == 0)
				count = strtoull(number, NULL, 10);
		break;
	}
	wholefile_free(text, len);
	return count;
}

void gather_sysctls(struct evidence *evidence)
{
	evidence->forwarding[0] = smallfile_read_sysctl("net/ipv4/ip_forward");
	evidence->forwarding[1] = smallfile_read_sysctl("net/ipv6/conf/all/forwarding");
	if (evidence->forwarding[0] == 0)
		evidence->strangers_turned_away = read_snmp("InAddrErrors");
}

/* One socket line of /proc/net/udp: "  12: 00000000:CA6C ...". */
static bool line_has_port(const char *line, unsigned port)
{
	unsigned found;

	return sscanf(line, " %*u: %*[0-9A-Fa-f]:%x", &found) == 1 && found == port;
}

static bool file_has_port(const char *path, unsigned port, bool *is_read)
{
	char *text, *rest, *line;
	bool has = false;
	size_t len;

	if (wholefile_read(path, &text, &len) != 0)
		return false;
	*is_read = true;
	rest = text;
	while (!has && (line = strsep(&rest, "\n")))
		has = line_has_port(line, port);
	wholefile_free(text, len);
	return has;
}

void gather_port(struct evidence *evidence)
{
	unsigned port = evidence->system.device.listen_port;

	evidence->port_is_bound = file_has_port("/proc/net/udp", port, &evidence->knows_port) ||
				  file_has_port("/proc/net/udp6", port, &evidence->knows_port);
}

static bool read_resolvers(struct evidence *evidence, const char *path)
{
	char *text, *rest, *line;
	size_t len;

	if (wholefile_read(path, &text, &len) != 0)
		return false;
	rest = text;
	while ((line = strsep(&rest, "\n")) && evidence->resolvers_count < RESOLVERS_MAX) {
		struct ip_addr addr;
		char word[64];

		if (sscanf(line, " nameserver %63[0-9a-fA-F.:]", word) == 1 &&
			value_parse_address(span_of(word), &addr) == VALUE_OK)
			evidence->resolvers[evidence->resolvers_count++].server = addr;
	}
	wholefile_free(text, len);
	return evidence->resolvers_count > 0;
}

/* systemd's resolver stands in for those that it asks. */
static bool is_stub(const struct ip_addr *addr)
{
	return addr->family == IP_V4 && addr->b[0] == 127;
}

void gather_resolvers(struct rtnl *rtnl, struct evidence *evidence)
{
	if (read_resolvers(evidence, "/etc/resolv.conf") &&
		is_stub(&evidence->resolvers[0].server)) {
		evidence->resolvers_count = 0;
		read_resolvers(evidence, "/run/systemd/resolve/resolv.conf");
	}
	for (size_t i = 0; i < evidence->resolvers_count; i++)
		evidence->resolvers[i].way =
			gather_way(rtnl, evidence, &evidence->resolvers[i].server, 0);
}

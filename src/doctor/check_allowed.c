/* Allowed IPs: given twice, missing, not routed; networks that collide. */
#include <stdlib.h>
#include <string.h>
#include "checks.h"
#include "claims.h"
#include "words.h"

/* Of one section, or of two with one key, which is told elsewhere. */
static bool same_peer(
	const struct device_settings *device, const struct claim *a, const struct claim *b)
{
	return memcmp(&device->peers[a->peer].public_key, &device->peers[b->peer].public_key,
		       KEY_LEN) == 0;
}

void check_claims(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	size_t count;
	struct claim *claims = claims_list(&evidence->file.settings.device, &count);

	for (size_t i = 1; claims && i < count; i++) {
		const struct conf_peer *sections = evidence->file.settings.peers;

		if (memcmp(&claims[i].prefix, &claims[i - 1].prefix, sizeof(claims[i].prefix)) ||
			same_peer(&evidence->file.settings.device, &claims[i], &claims[i - 1]))
			continue;
		diagnosis_add(diagnosis, FOUND_ALLOWED_IP_TWICE, DOCTOR_NO_PEER,
			doctor_text("editor %s +%u", evidence->file.path,
				sections[claims[i - 1].peer].line),
			"lines %u and %u of %s: two peers have %s in their AllowedIPs; only the "
			"second gets it",
			sections[claims[i - 1].peer].line, sections[claims[i].peer].line,
			evidence->file.path, word_prefix(&claims[i].prefix).text);
	}
	if (!claims)
		diagnosis->is_short = true;
	free(claims);
}

static bool is_tunnel_address(const struct evidence *evidence, const struct ip_addr *addr)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; link && i < evidence->system.addrs_count; i++)
		if (evidence->system.addrs[i].ifindex == link->index &&
			ip_addr_equal(&evidence->system.addrs[i].prefix.addr, addr))
			return true;
	return false;
}

static void check_peer(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];

	if (!peer->allowed_ips_count &&
		!diagnosis_has(diagnosis, FOUND_ALLOWED_IP_TWICE, DOCTOR_NO_PEER))
		diagnosis_add(diagnosis, FOUND_ALLOWED_IPS_MISSING, (long)i,
			doctor_text("wg set %s peer %s allowed-ips ADDRESS/32", evidence->ifname,
				word_key(&peer->public_key).text),
			"the peer has no AllowedIPs: nothing goes to it, and what it sends is "
			"dropped");
	for (size_t j = 0; j < peer->allowed_ips_count; j++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[j].prefix;

		if (prefix->bits == ip_bits_max(prefix->addr.family) &&
			is_tunnel_address(evidence, &prefix->addr))
			diagnosis_add(diagnosis, FOUND_ALLOWED_IP_IS_OWN, (long)i,
				doctor_text("wg set %s peer %s allowed-ips ADDRESS/32",
					evidence->ifname, word_key(&peer->public_key).text),
				"%s in the peer's AllowedIPs is our own address: the addresses of "
				"the other end belong there",
				word_prefix(prefix).text);
	}
}

static char *fix_route(const struct evidence *evidence, const struct ip_prefix *prefix)
{
	if (!prefix->bits)
		return doctor_text(
			"wg-quick down %s && wg-quick up %s", evidence->ifname, evidence->ifname);
	return doctor_text("ip route add %s dev %s", word_prefix(prefix).text, evidence->ifname);
}

/* Is the link of another network that has this address in it? */
static const struct link_addr *lan_of(
	const struct evidence *evidence, uint32_t ifindex, const struct ip_addr *addr)
{
	for (size_t i = 0; i < evidence->system.addrs_count; i++) {
		const struct link_addr *own = &evidence->system.addrs[i];
		struct ip_prefix lan = own->prefix, there = {*addr, own->prefix.bits};

		if (own->ifindex != ifindex || own->prefix.addr.family != addr->family)
			continue;
		prefix_mask(&lan);
		prefix_mask(&there);
		if (ip_addr_equal(&lan.addr, &there.addr))
			return own;
	}
	return NULL;
}

static void tell_unrouted(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct allowed_way *allowed, const struct ip_prefix *prefix)
{
	const struct link_addr *lan =
		allowed->way.error ? NULL
				   : lan_of(evidence, allowed->way.ifindex, &allowed->way.to);
	struct doctor_finding *finding;

	if (lan) {
		diagnosis_add(diagnosis, FOUND_NETWORK_COLLISION, (long)allowed->peer, NULL,
			"%s of the peer lies in this machine's own network %s on %s: it goes there "
			"and not into the tunnel. One of the two networks needs other addresses",
			word_prefix(prefix).text, word_prefix(&lan->prefix).text,
			evidence_link_name(evidence, lan->ifindex));
		return;
	}
	finding = diagnosis_add(diagnosis, FOUND_ALLOWED_IP_UNROUTED, (long)allowed->peer,
		fix_route(evidence, prefix),
		"%s belongs to the peer, but no route leads it into %s (it goes %s%s)",
		word_prefix(prefix).text, evidence->ifname, allowed->way.error ? "nowhere" : "by ",
		allowed->way.error ? "" : evidence_link_name(evidence, allowed->way.ifindex));
	/* Without a file nobody said that it should be. */
	if (finding && !evidence->file.is_there)
		finding->level = DOCTOR_WARNING;
}

static void check_routes(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);
	bool has_file = evidence->file.is_there;

	/* An address that is gone has taken its routes with it. */
	if (!link || !link->is_up ||
		diagnosis_has(diagnosis, FOUND_ADDRESS_MISSING, DOCTOR_NO_PEER) ||
		(has_file && evidence->file.options.table_mode != TABLE_AUTO))
		return;
	for (size_t i = 0; i < evidence->ways_count; i++) {
		const struct allowed_way *allowed = &evidence->ways[i];
		const struct ip_prefix *prefix = &evidence->system.device.peers[allowed->peer]
							  .allowed_ips[allowed->ip]
							  .prefix;

		if (!allowed->way.is_asked || allowed->way.is_local ||
			(!allowed->way.error && allowed->way.ifindex == link->index) ||
			(!has_file && prefix->bits <= 1))
			continue;
		tell_unrouted(diagnosis, evidence, allowed, prefix);
	}
}

void check_allowed_ips(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	if (!evidence->system.has_device)
		return;
	for (size_t i = 0; i < evidence->system.device.peers_count; i++)
		check_peer(diagnosis, evidence, i);
	check_routes(diagnosis, evidence);
}

/* Do the two have an address in common? */
static bool prefixes_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
	struct ip_prefix x = *a, y = *b;

	if (x.addr.family != y.addr.family)
		return false;
	x.bits = y.bits = x.bits < y.bits ? x.bits : y.bits;
	prefix_mask(&x);
	prefix_mask(&y);
	return ip_addr_equal(&x.addr, &y.addr);
}

/* Networks of links, by address and length; a single address is none. */
static bool is_network(const struct link_addr *addr)
{
	return !addr->kernel_made && addr->prefix.bits < ip_bits_max(addr->prefix.addr.family) &&
	       !(addr->prefix.addr.family == IP_V4 && addr->prefix.addr.b[0] == 127);
}

static void check_own_network(
	struct diagnosis *diagnosis, const struct evidence *evidence, const struct iflink *link)
{
	const struct state *system = &evidence->system;

	for (size_t i = 0; i < system->addrs_count; i++) {
		if (system->addrs[i].ifindex != link->index || !is_network(&system->addrs[i]))
			continue;
		for (size_t j = 0; j < system->addrs_count; j++)
			if (system->addrs[j].ifindex != link->index &&
				is_network(&system->addrs[j]) &&
				prefixes_overlap(
					&system->addrs[i].prefix, &system->addrs[j].prefix))
				diagnosis_add(diagnosis, FOUND_NETWORK_COLLISION, DOCTOR_NO_PEER,
					NULL,
					"the tunnel's network %s overlaps %s on %s: give the "
					"tunnel other addresses",
					word_prefix(&system->addrs[i].prefix).text,
					word_prefix(&system->addrs[j].prefix).text,
					evidence_link_name(evidence, system->addrs[j].ifindex));
	}
}

static bool equal_prefixes(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->bits == b->bits && ip_addr_equal(&a->addr, &b->addr);
}

/* The very network of another link: which of the two is asked is chance. */
static void check_lans(
	struct diagnosis *diagnosis, const struct evidence *evidence, const struct iflink *link)
{
	size_t count;
	struct claim *claims = claims_list(&evidence->system.device, &count);

	for (size_t i = 0; claims && i < evidence->system.addrs_count; i++) {
		const struct link_addr *addr = &evidence->system.addrs[i];
		struct ip_prefix lan = addr->prefix;

		if (addr->ifindex == link->index || !is_network(addr))
			continue;
		prefix_mask(&lan);
		for (size_t j = 0; j < count; j++)
			if (equal_prefixes(&claims[j].prefix, &lan))
				diagnosis_add(diagnosis, FOUND_NETWORK_COLLISION,
					(long)claims[j].peer, NULL,
					"%s of the peer is this machine's own network on %s, too: "
					"one of the two needs other addresses",
					word_prefix(&lan).text,
					evidence_link_name(evidence, addr->ifindex));
	}
	if (!claims)
		diagnosis->is_short = true;
	free(claims);
}

static void check_other_tunnel(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct device_settings *other)
{
	size_t ours_count, others_count, j = 0;
	struct claim *ours = claims_list(&evidence->system.device, &ours_count);
	struct claim *theirs = claims_list(other, &others_count);

	for (size_t i = 0; ours && theirs && i < ours_count && j < others_count;) {
		int order = memcmp(&ours[i].prefix, &theirs[j].prefix, sizeof(ours[i].prefix));

		if (equal_prefixes(&ours[i].prefix, &theirs[j].prefix))
			diagnosis_add(diagnosis, FOUND_OTHER_TUNNEL_OVERLAP, (long)ours[i].peer,
				NULL,
				"%s is in AllowedIPs of %s, too: only one of the two tunnels gets "
				"it",
				word_prefix(&ours[i].prefix).text, other->name);
		i += order <= 0;
		j += order > 0;
	}
	if (!ours || !theirs)
		diagnosis->is_short = true;
	free(ours);
	free(theirs);
}

void check_networks(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);

	if (!link || !evidence->system.has_device)
		return;
	check_own_network(diagnosis, evidence, link);
	check_lans(diagnosis, evidence, link);
	for (size_t i = 0; i < evidence->others_count; i++)
		check_other_tunnel(diagnosis, evidence, &evidence->others[i].device);
}

/* Passing on: whether this machine is meant to, and what keeps it from doing so. */
#include <string.h>
#include "checks.h"
#include "words.h"

enum role {
	ROLE_NONE,
	ROLE_LIKELY, /* networks on both sides */
	ROLE_ASKED,  /* packets have come for it to pass on */
	ROLE_SURE,   /* it was told to */
};

static const uint8_t families[] = {IP_V4, IP_V6};

/* A network of a peer, neither everything nor one address, that the tunnel's own does not hold. */
static const struct ip_prefix *far_network(const struct evidence *evidence, uint8_t family)
{
	const struct device_settings *device = &evidence->system.device;
	const struct iflink *tunnel = state_link(&evidence->system);

	for (size_t i = 0; i < device->peers_count; i++) {
		for (size_t j = 0; j < device->peers[i].allowed_ips_count; j++) {
			const struct ip_prefix *prefix = &device->peers[i].allowed_ips[j].prefix;
			bool is_ours = false;

			if (prefix->addr.family != family || prefix->bits <= 1 ||
				prefix->bits >= ip_bits_max(family) - 1)
				continue;
			for (size_t k = 0; k < evidence->system.addrs_count && !is_ours; k++) {
				const struct link_addr *own = &evidence->system.addrs[k];
				struct ip_prefix in = {own->prefix.addr, prefix->bits};

				prefix_mask(&in);
				is_ours = own->ifindex == tunnel->index &&
					  ip_addr_equal(&in.addr, &prefix->addr);
			}
			if (!is_ours)
				return prefix;
		}
	}
	return NULL;
}

static bool has_default_by(const struct evidence *evidence, uint32_t ifindex)
{
	for (size_t i = 0; i < evidence->system.routes_count; i++)
		if (!evidence->system.routes[i].dst.bits &&
			evidence->system.routes[i].ifindex == ifindex)
			return true;
	return false;
}

static bool is_uplink(const struct evidence *evidence, uint32_t ifindex)
{
	for (size_t i = 0; i < evidence->system.device.peers_count; i++)
		if (evidence->peers[i].endpoint.is_asked && !evidence->peers[i].endpoint.error &&
			evidence->peers[i].endpoint.ifindex == ifindex)
			return true;
	return has_default_by(evidence, ifindex);
}

/* A network of this machine's that is neither the tunnel nor the way out. */
static const struct link_addr *near_network(const struct evidence *evidence, uint8_t family)
{
	const struct iflink *tunnel = state_link(&evidence->system);

	for (size_t i = 0; i < evidence->system.addrs_count; i++) {
		const struct link_addr *addr = &evidence->system.addrs[i];
		const struct iflink *link = evidence_link(evidence, addr->ifindex);

		if (addr->prefix.addr.family == family && link && link->is_up &&
			link->index != tunnel->index && !addr->kernel_made &&
			strcmp(link->name, "lo") != 0 && addr->prefix.bits < ip_bits_max(family) &&
			!is_uplink(evidence, link->index))
			return addr;
	}
	return NULL;
}

static bool has_caller(const struct evidence *evidence)
{
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; i < device->peers_count; i++)
		if (evidence_must_call(evidence, &device->peers[i]))
			return true;
	return false;
}

/* Nobody said so, but it looks so. */
static enum role weaker_role(const struct evidence *evidence, int f, char *why, size_t room)
{
	const struct ip_prefix *there = far_network(evidence, families[f]);
	const struct link_addr *here = near_network(evidence, families[f]);

	if (!f && evidence->strangers_turned_away && (has_caller(evidence) || (there && here))) {
		snprintf(why, room, "%llu packets for others have come since it started",
			(unsigned long long)evidence->strangers_turned_away);
		return ROLE_ASKED;
	}
	if (!there || !here)
		return ROLE_NONE;
	snprintf(why, room, "a peer has %s, and %s on %s is here", word_prefix(there).text,
		word_prefix(&here->prefix).text, evidence_link_name(evidence, here->ifindex));
	return ROLE_LIKELY;
}

/* Whether the machine is to pass on, and how that is known. */
static enum role role_of(const struct evidence *evidence, int f, char *why, size_t room)
{
	if (!evidence_has_family(evidence, families[f]))
		return ROLE_NONE;
	if (evidence->has_hooks_for_forwarding[f])
		snprintf(why, room, "the hooks in its file make rules for it");
	else if (evidence->wall.is_seen && evidence->wall.hides_tunnel[f])
		snprintf(why, room, "the firewall masquerades what comes out of the tunnel");
	else
		return weaker_role(evidence, f, why, room);
	return ROLE_SURE;
}

static void soften(struct doctor_finding *finding, enum role role)
{
	if (finding && role != ROLE_SURE)
		finding->level = role == ROLE_ASKED ? DOCTOR_WARNING : DOCTOR_NOTE;
}

static void check_sysctl(struct diagnosis *diagnosis, const struct evidence *evidence, int f,
	enum role role, const char *why)
{
	static const char *const names[] = {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"};

	if (evidence->forwarding[f] != 0)
		return;
	soften(diagnosis_add(diagnosis, FOUND_FORWARDING_OFF, DOCTOR_NO_PEER,
		       doctor_text("sysctl -w %s=1 && echo %s=1 >>/etc/sysctl.d/99-wireguard.conf",
			       names[f], names[f]),
		       "%s is 0: this machine passes nothing on, though it seems meant to (%s)",
		       names[f], why),
		role);
}

static char *fix_forward(
	const struct evidence *evidence, const struct wall_answer *answer, int f, bool is_in)
{
	const char *program = f ? "ip6tables" : "iptables";

	switch (answer->keeper) {
	case WALL_UFW:
		return doctor_text(
			"ufw route allow %s on %s", is_in ? "in" : "out", evidence->ifname);
	case WALL_FIREWALLD:
		return doctor_text(
			"firewall-cmd --zone=trusted --add-interface=%s", evidence->ifname);
	case WALL_IPTABLES:
		return doctor_text("%s -I FORWARD -%c %s -j ACCEPT", program, is_in ? 'i' : 'o',
			evidence->ifname);
	case WALL_NFT:
		break;
	}
	return doctor_text("nft insert rule %s %s %s %cifname %s accept", answer->family,
		answer->table, answer->chain, is_in ? 'i' : 'o', evidence->ifname);
}

static void check_filter(struct diagnosis *diagnosis, const struct evidence *evidence, int f,
	enum role role, const char *why)
{
	static const struct {
		enum wall_question question;
		bool is_in;
		const char *what;
	} sides[] = {
		{WALL_FROM_TUNNEL, true, "comes out of the tunnel"},
		{WALL_TO_TUNNEL, false, "is to go back into the tunnel"},
	};

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		const struct wall_answer *answer = &evidence->wall.answers[sides[i].question][f];

		if (!evidence->wall.is_asked[sides[i].question][f] || answer->verdict != WALL_DROPS)
			continue;
		soften(diagnosis_add(diagnosis, FOUND_FORWARD_FIREWALLED, DOCTOR_NO_PEER,
			       fix_forward(evidence, answer, f, sides[i].is_in),
			       "the firewall passes nothing on that %s (%s), though this machine "
			       "seems meant to (%s)",
			       sides[i].what, answer->rule, why),
			role);
	}
}

void check_forwarding(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	if (!evidence->system.has_device || !state_link(&evidence->system))
		return;
	for (int f = 0; f < 2; f++) {
		char why[256] = "";
		enum role role = role_of(evidence, f, why, sizeof(why));

		if (role == ROLE_NONE)
			continue;
		check_sysctl(diagnosis, evidence, f, role, why);
		if (evidence->wall.is_seen)
			check_filter(diagnosis, evidence, f, role, why);
	}
	if (evidence->has_hooks_for_masquerade && evidence->wall.is_seen &&
		!evidence->wall.has_masquerade)
		diagnosis_add(diagnosis, FOUND_MASQUERADE_LOST, DOCTOR_NO_PEER,
			doctor_text("wg-quick down %s && wg-quick up %s", evidence->ifname,
				evidence->ifname),
			"the hooks in %s masquerade, but no such rule is there: answers from "
			"outside do not find back",
			evidence->file.path);
}

/* The machine's own firewall: the port, the answers, what leaves, pings out of the tunnel. */
#include <errno.h>
#include <stdlib.h>
#include "checks.h"
#include "words.h"

static const uint8_t families[] = {IP_V4, IP_V6};

/* The command that lets it in or out; `iptables` and `nft` are the match in their words. */
static char *fix_for(const struct wall_answer *answer, uint8_t family, const char *chain,
	const char *iptables, const char *nft, unsigned port)
{
	switch (answer->keeper) {
	case WALL_UFW:
		return doctor_text("ufw allow %u/udp", port);
	case WALL_FIREWALLD:
		return doctor_text("firewall-cmd --add-port=%u/udp && firewall-cmd --permanent "
				   "--add-port=%u/udp",
			port, port);
	case WALL_IPTABLES:
		return doctor_text("%s -I %s %s -j ACCEPT",
			family == IP_V4 ? "iptables" : "ip6tables", chain, iptables);
	case WALL_NFT:
		break;
	}
	return doctor_text("nft insert rule %s %s %s %s accept", answer->family, answer->table,
		answer->chain, nft);
}

static char *fix_port(
	const struct wall_answer *answer, uint8_t family, const char *chain, unsigned port)
{
	char *iptables = doctor_text("-p udp --dport %u", port);
	char *nft = doctor_text("udp dport %u", port), *fix = NULL;

	if (iptables && nft)
		fix = fix_for(answer, family, chain, iptables, nft, port);
	free(iptables);
	free(nft);
	return fix;
}

static const char *family_name(uint8_t family)
{
	return family == IP_V4 ? "IPv4" : "IPv6";
}

/* A peer that can only be reached if it calls, and has not of late. */
static const struct peer_settings *waited_for(const struct evidence *evidence)
{
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; i < device->peers_count; i++)
		if (evidence_must_call(evidence, &device->peers[i]) &&
			!evidence_is_fresh(evidence, &device->peers[i]))
			return &device->peers[i];
	return NULL;
}

static void check_port(struct diagnosis *diagnosis, const struct evidence *evidence, int f)
{
	const struct wall_answer *answer = &evidence->wall.answers[WALL_CALL_IN][f];
	unsigned port = evidence->system.device.listen_port;

	if (!evidence->wall.is_asked[WALL_CALL_IN][f] || !waited_for(evidence))
		return;
	if (answer->verdict == WALL_DROPS)
		diagnosis_add(diagnosis, FOUND_PORT_FIREWALLED, DOCTOR_NO_PEER,
			fix_port(answer, families[f], "INPUT", port),
			"this machine's own firewall drops what comes to UDP port %u by %s (%s): "
			"peers cannot call",
			port, family_name(families[f]), answer->rule);
	else if (answer->verdict == WALL_UNCLEAR)
		diagnosis_add(diagnosis, FOUND_FIREWALL_UNCLEAR, DOCTOR_NO_PEER,
			doctor_text("nft list ruleset"),
			"whether the firewall lets in UDP port %u by %s depends on rules that are "
			"not understood here (%s)",
			port, family_name(families[f]), answer->rule);
}

/* Of no use to say when all goes well: then something is understood wrongly. */
static bool all_are_fresh(const struct evidence *evidence)
{
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; i < device->peers_count; i++)
		if (!evidence_is_fresh(evidence, &device->peers[i]))
			return false;
	return true;
}

static void check_replies(struct diagnosis *diagnosis, const struct evidence *evidence, int f)
{
	const struct wall_answer *answer = &evidence->wall.answers[WALL_ANSWER_IN][f];
	unsigned port = evidence->system.device.listen_port;

	if (!evidence->wall.is_asked[WALL_ANSWER_IN][f] || answer->verdict != WALL_DROPS ||
		all_are_fresh(evidence))
		return;
	diagnosis_add(diagnosis, FOUND_REPLIES_FIREWALLED, DOCTOR_NO_PEER,
		fix_port(answer, families[f], "INPUT", port),
		"this machine's own firewall drops even the answers to what it sends by %s (%s)",
		family_name(families[f]), answer->rule);
}

static const struct peer_settings *first_called(const struct evidence *evidence, uint8_t family)
{
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; i < device->peers_count; i++)
		if ((device->peers[i].has & PEER_HAS_ENDPOINT) &&
			device->peers[i].endpoint.addr.family == family &&
			!evidence_is_fresh(evidence, &device->peers[i]))
			return &device->peers[i];
	return NULL;
}

static void check_output(struct diagnosis *diagnosis, const struct evidence *evidence, int f)
{
	const struct wall_answer *answer = &evidence->wall.answers[WALL_CALL_OUT][f];
	const struct peer_settings *peer = first_called(evidence, families[f]);
	bool is_asked = evidence->wall.is_asked[WALL_CALL_OUT][f];

	if (!peer || !is_asked || answer->verdict != WALL_DROPS)
		return;
	diagnosis_add(diagnosis, FOUND_OUTPUT_FIREWALLED, peer - evidence->system.device.peers,
		fix_port(answer, families[f], "OUTPUT", peer->endpoint.port),
		"this machine's own firewall drops what is sent to the endpoint %s (%s)",
		word_endpoint(&peer->endpoint).text, answer->rule);
}

static void check_ping(struct diagnosis *diagnosis, const struct evidence *evidence, int f)
{
	const struct wall_answer *answer = &evidence->wall.answers[WALL_PING_IN][f];

	if (!evidence->wall.is_asked[WALL_PING_IN][f] || answer->verdict != WALL_DROPS)
		return;
	diagnosis_add(diagnosis, FOUND_TUNNEL_FIREWALLED, DOCTOR_NO_PEER, NULL,
		"pings from peers to this machine are dropped by its own firewall (%s, %s)",
		family_name(families[f]), answer->rule);
}

/* What the rules do not tell the system does: it refused a datagram of the doctor's own. */
static void check_denied(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct knock *knock = &evidence->peers[i].knock;

	if (knock->send_error != EPERM && knock->send_error != EACCES)
		return;
	if (diagnosis_has(diagnosis, FOUND_OUTPUT_FIREWALLED, (long)i) ||
		evidence_is_fresh(evidence, &evidence->system.device.peers[i]))
		return;
	diagnosis_add(diagnosis, FOUND_OUTPUT_FIREWALLED, (long)i, doctor_text("nft list ruleset"),
		"this machine's own firewall forbids to send to the endpoint %s",
		word_endpoint(&evidence->system.device.peers[i].endpoint).text);
}

void check_wall(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	if (!evidence->system.has_device || evidence->is_elsewhere)
		return;
	for (int f = 0; evidence->wall.is_seen && f < 2; f++) {
		check_port(diagnosis, evidence, f);
		check_replies(diagnosis, evidence, f);
		check_output(diagnosis, evidence, f);
		check_ping(diagnosis, evidence, f);
	}
	for (size_t i = 0; i < evidence->system.device.peers_count; i++)
		check_denied(diagnosis, evidence, i);
}

/* One end: what it will not do as meant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "claims.h"
#include "grow.h"
#include "lint.h"
#include "values.h"

enum { MTU_SMALLEST_IPV6 = 1280 };

static bool same_key(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool has_hook_for_key(const struct options *options)
{
	return options->hooks[HOOK_PRE_UP].count || options->hooks[HOOK_POST_UP].count;
}

static void lint_interface(struct findings *findings, const struct end *end)
{
	const struct device_settings *device = &end->settings->device;
	const struct options *options = end->options;
	bool has_endpoint = false;

	for (size_t i = 0; i < device->peers_count; i++)
		has_endpoint |= (device->peers[i].has & PEER_HAS_ENDPOINT) ||
				end->settings->peers[i].endpoint;
	if (!(device->has & DEVICE_HAS_PRIVATE_KEY) && !has_hook_for_key(options))
		finding_add(findings, true, 0, "there is no PrivateKey");
	if (!options->addresses_count)
		finding_add(findings, false, 0, "there is no Address, so the interface gets none");
	if (options->dns_search.count && !options->dns_servers.count)
		finding_add(
			findings, false, 0, "DNS names search domains only, which has no effect");
	if (device->peers_count && !has_endpoint && !(device->has & DEVICE_HAS_LISTEN_PORT) &&
		!end->settings->listen_port)
		finding_add(findings, false, 0,
			"no peer has an Endpoint and there is no ListenPort, so nobody finds the "
			"other");
}

static void lint_mtu(struct findings *findings, const struct options *options)
{
	for (size_t i = 0; i < options->addresses_count; i++) {
		if (options->addresses[i].prefix.addr.family != IP_V6 || !options->mtu ||
			options->mtu >= MTU_SMALLEST_IPV6)
			continue;
		finding_add(findings, true, 0, "MTU = %u is less than the 1280 that IPv6 needs",
			options->mtu);
		return;
	}
}

/* The endpoint lies in what is routed to the peer itself: its datagrams would go in circles. */
static void lint_loop(struct findings *findings, const struct end *end,
	const struct peer_settings *peer, unsigned line)
{
	if (end->options->table_mode != TABLE_AUTO || !(peer->has & PEER_HAS_ENDPOINT))
		return;
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[i].prefix;
		char *text;

		if (!prefix->bits || !prefix_contains(prefix, &peer->endpoint.addr))
			continue;
		text = finding_prefix(prefix);
		finding_add(findings, true, line,
			"the Endpoint lies in its own AllowedIPs (%s), so it is routed into the "
			"tunnel",
			text ? text : "");
		free(text);
	}
}

static void lint_peer(struct findings *findings, const struct end *end, size_t i)
{
	const struct peer_settings *peer = &end->settings->device.peers[i];
	unsigned line = end->settings->peers[i].line;

	if (end->has_public_key && same_key(&peer->public_key, &end->public_key))
		finding_add(findings, true, line, "the peer's PublicKey is this end's own");
	if (!peer->allowed_ips_count)
		finding_add(
			findings, false, line, "the peer has no AllowedIPs, so nothing goes to it");
	lint_loop(findings, end, peer, line);
	for (size_t j = 0; j < i; j++)
		if (same_key(&peer->public_key, &end->settings->device.peers[j].public_key))
			finding_add(findings, true, line,
				"the peer of line %u has the same PublicKey",
				end->settings->peers[j].line);
}

static void lint_claims(struct findings *findings, const struct end *end)
{
	size_t count;
	struct claim *claims = claims_list(&end->settings->device, &count);

	if (!claims)
		findings->is_short = true;
	for (size_t i = 1; claims && i < count; i++) {
		char *text;

		if (memcmp(&claims[i].prefix, &claims[i - 1].prefix, sizeof(claims[i].prefix)) !=
				0 ||
			claims[i].peer == claims[i - 1].peer)
			continue;
		text = finding_prefix(&claims[i].prefix);
		finding_add(findings, true, end->settings->peers[claims[i].peer].line,
			"%s is taken from the peer of line %u, which has it too", text ? text : "",
			end->settings->peers[claims[i - 1].peer].line);
		free(text);
	}
	free(claims);
}

void lint_one(struct findings *findings, const struct end *end)
{
	lint_interface(findings, end);
	lint_mtu(findings, end->options);
	for (size_t i = 0; i < end->settings->device.peers_count; i++)
		lint_peer(findings, end, i);
	lint_claims(findings, end);
}

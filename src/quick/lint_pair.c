/* Two ends: keys, preshared keys, addresses and ports must mirror each other. */
#include <stdlib.h>
#include <string.h>
#include "lint_pair.h"
#include "wipe.h"

/* The other end among this end's peers; NULL when it is none of them. */
static const struct peer_settings *find_other(
	const struct end *end, const struct end *other, unsigned *line)
{
	for (size_t i = 0; i < end->settings->device.peers_count; i++) {
		const struct peer_settings *peer = &end->settings->device.peers[i];

		if (memcmp(&peer->public_key, &other->public_key, KEY_LEN) != 0)
			continue;
		*line = end->settings->peers[i].line;
		return peer;
	}
	return NULL;
}

static bool allows(const struct peer_settings *peer, const struct ip_addr *addr)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++)
		if (prefix_contains(&peer->allowed_ips[i].prefix, addr))
			return true;
	return false;
}

/* What the other end sends from must be let in here. */
static void lint_addresses(struct findings *findings, const struct peer_settings *peer,
	unsigned line, const struct end *end, const struct end *other)
{
	for (size_t i = 0; i < other->options->addresses_count; i++) {
		const struct own_address *address = &other->options->addresses[i];

		if (!allows(peer, &address->prefix.addr))
			finding_add(findings, true, line,
				"AllowedIPs do not include %s, the Address of the other end (%s)",
				address->text, other->path);
		for (size_t j = 0; j < end->options->addresses_count; j++)
			if (ip_addr_equal(
				    &address->prefix.addr, &end->options->addresses[j].prefix.addr))
				finding_add(findings, true, 0, "both ends have the Address %s",
					address->text);
	}
}

static void lint_preshared_keys(struct findings *findings, const struct peer_settings *peer,
	unsigned line, const struct peer_settings *back, const struct end *other)
{
	bool here = !bytes_zero_ct(&peer->preshared_key, KEY_LEN);
	bool there = !bytes_zero_ct(&back->preshared_key, KEY_LEN);

	if (here != there)
		finding_add(findings, true, line, "there is %s PresharedKey, the other end (%s) %s",
			here ? "a" : "no", other->path, there ? "has one" : "has none");
	else if (!bytes_equal_ct(&peer->preshared_key, &back->preshared_key, KEY_LEN))
		finding_add(findings, true, line,
			"the PresharedKey is not that of the other end (%s)", other->path);
}

static void lint_port(struct findings *findings, const struct peer_settings *peer, unsigned line,
	const struct end *other)
{
	const struct device_settings *device = &other->settings->device;

	if (!(peer->has & PEER_HAS_ENDPOINT))
		return;
	if (!(device->has & DEVICE_HAS_LISTEN_PORT) && !other->settings->listen_port)
		finding_add(findings, true, line,
			"Endpoint names port %u, but the other end (%s) has no ListenPort",
			peer->endpoint.port, other->path);
	else if ((device->has & DEVICE_HAS_LISTEN_PORT) &&
		 device->listen_port != peer->endpoint.port)
		finding_add(findings, false, line,
			"Endpoint names port %u, the other end (%s) listens on %u; "
			"right only where a router translates it",
			peer->endpoint.port, other->path, device->listen_port);
}

static bool has_endpoint(const struct end *end, const struct peer_settings *peer)
{
	size_t i = (size_t)(peer - end->settings->device.peers);

	return (peer->has & PEER_HAS_ENDPOINT) || end->settings->peers[i].endpoint;
}

void lint_pair(struct findings *findings, const struct end *end, const struct end *other)
{
	const struct peer_settings *peer, *back;
	unsigned line = 0, back_line = 0;

	if (!end->has_public_key || !other->has_public_key)
		return; /* told already: there is no PrivateKey */
	peer = find_other(end, other, &line);
	back = find_other(other, end, &back_line);
	if (!peer) {
		finding_add(findings, true, 0,
			"no peer has the PublicKey that belongs to the PrivateKey of %s",
			other->path);
		return;
	}
	lint_addresses(findings, peer, line, end, other);
	lint_port(findings, peer, line, other);
	if (!back)
		return;
	lint_preshared_keys(findings, peer, line, back, other);
	if (!has_endpoint(end, peer) && !has_endpoint(other, back))
		finding_add(findings, true, line, "neither end has an Endpoint for the other");
}

/*
 * A change is applied in two parts: first all that can fail (room, sockets, mark), then all that
 * cannot.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include "effects.h"
#include "ensure.h"
#include "lifecycle.h"
#include "members.h"

/* Peers that a change has named, a bit a slot. */
struct named {
	uint64_t bits[(TUNNEL_PEERS_MAX + 63) / 64];
};

/* True when the slot had not been named before. */
static bool name_first(struct named *named, uint32_t slot)
{
	uint64_t *word = &named->bits[slot / 64], bit = 1ULL << slot % 64;
	bool is_first = !(*word & bit);

	*word |= bit;
	return is_first;
}

/*
 * Whether the change fits at each step, in the order in which it is applied. Counts a new peer or
 * a prefix that comes twice twice, and gives a peer's old prefixes back only where it is first
 * named, which all errs to safety.
 */
static int check_room(struct tunnel *tunnel, const struct device_settings *change)
{
	struct device *device = tunnel->device;
	const struct allowedips *allowed_ips = device_allowed_ips(device);
	size_t peers = change->replace_peers ? 0 : device->peers_count;
	size_t room = allowedips_room(allowed_ips);
	struct named named = {{0}};

	if (change->replace_peers)
		room += allowedips_count(allowed_ips);
	for (size_t i = 0; i < change->peers_count; i++) {
		const struct peer_settings *peer = &change->peers[i];
		uint32_t slot = change->replace_peers ? PEER_NONE
						      : device_find_peer(device, &peer->public_key);

		if (slot != PEER_NONE && name_first(&named, slot) &&
			(peer->remove || peer->replace_allowed_ips))
			room += device_peer(device, slot)->allowed_ips.count;
		if (peer->remove)
			continue;
		peers += slot == PEER_NONE;
		if (peers > device->limits.peers_max || peer->allowed_ips_count > room)
			return -ENOMEM;
		room -= peer->allowed_ips_count;
	}
	return 0;
}

static bool wants_new_port(const struct tunnel *tunnel, const struct device_settings *change)
{
	return (change->has & DEVICE_HAS_LISTEN_PORT) &&
	       (change->listen_port == 0 || change->listen_port != tunnel->listen_port);
}

/* Port and mark: the parts of a change that the system may refuse. */
static int apply_sockets(struct tunnel *tunnel, const struct device_settings *change)
{
	bool has_mark = (change->has & DEVICE_HAS_FWMARK) != 0;
	uint32_t mark = has_mark ? change->fwmark : tunnel->fwmark;
	uint16_t port =
		change->has & DEVICE_HAS_LISTEN_PORT ? change->listen_port : tunnel->listen_port;
	bool has_new_port = wants_new_port(tunnel, change), is_up = tunnel->device->is_up;
	struct udp_pair udp;
	int err = 0;

	if (!has_new_port && !has_mark)
		return 0;
	if (tunnel->is_wanted_up && (has_new_port || !is_up)) {
		err = udp_open(&udp, port, mark);
		if (err == 0)
			tunnel_use_sockets(tunnel, &udp);
	} else if (is_up) {
		err = udp_set_mark(&tunnel->udp, mark);
	} else {
		tunnel->listen_port = port;
	}
	if (err < 0)
		return err;
	tunnel->fwmark = mark;
	device_forget_sources(tunnel->device);
	return 0;
}

static void apply_private_key(
	struct tunnel *tunnel, const struct private_key *key, struct moment now)
{
	struct device *device = tunnel->device;
	bool had_identity = device->has_identity;
	uint32_t self = device_set_private_key(device, key);

	if (self != PEER_NONE) {
		staging_drop(tunnel->staging, self);
		handshaker_forget(tunnel->handshaker, self);
	}
	if (had_identity || !device->has_identity || !device->is_up)
		return;
	for (uint32_t slot = device->first_peer; slot != PEER_NONE;
		slot = device_peer(device, slot)->next)
		if (staging_has(tunnel->staging, slot))
			effects_obey(tunnel, slot, EFFECT_INITIATE, now);
}

static void apply_allowed_ips(
	struct tunnel *tunnel, uint32_t slot, const struct peer_settings *change)
{
	bool fits = true;

	if (change->replace_allowed_ips)
		device_clear_allowed_ips(tunnel->device, slot);
	for (size_t i = 0; i < change->allowed_ips_count; i++) {
		const struct allowed_ip *ip = &change->allowed_ips[i];

		if (ip->remove)
			device_remove_allowed_ip(tunnel->device, slot, &ip->prefix);
		else
			fits = device_add_allowed_ip(tunnel->device, slot, &ip->prefix) && fits;
	}
	ENSURE(fits);
}

static void apply_peer(struct tunnel *tunnel, const struct peer_settings *change, struct moment now)
{
	struct device *device = tunnel->device;
	uint32_t slot = device_find_peer(device, &change->public_key);
	struct peer *peer;

	/* Ourselves as a peer: accepted and without effect, as every WireGuard does. */
	if (device->has_identity &&
		memcmp(change->public_key.b, device->identity.public_key.b, KEY_LEN) == 0)
		return;
	if (change->remove) {
		if (slot != PEER_NONE)
			tunnel_remove_peer(tunnel, slot);
		return;
	}
	if (slot == PEER_NONE) {
		if (change->update_only)
			return;
		slot = device_add_peer(device, &change->public_key);
		ENSURE(slot != PEER_NONE);
	}
	peer = device_peer(device, slot);
	if (change->has & PEER_HAS_PRESHARED_KEY)
		peer->psk = change->preshared_key;
	if (change->has & PEER_HAS_ENDPOINT)
		peer->endpoint = change->endpoint;
	apply_allowed_ips(tunnel, slot, change);
	if (change->has & PEER_HAS_KEEPALIVE)
		device_set_persistent(device, slot, change->keepalive, now.at);
	if (device->is_up && staging_has(tunnel->staging, slot))
		effects_obey(tunnel, slot, EFFECT_FLUSH, now);
}

int config_apply(struct tunnel *tunnel, const struct device_settings *change, struct moment now)
{
	int err = check_room(tunnel, change);

	if (err < 0)
		return err;
	err = apply_sockets(tunnel, change);
	if (err < 0)
		return err;
	/* The interface went up before and the port of then was taken: this one is not. */
	if (tunnel->udp.port != 0)
		device_set_up(tunnel->device, true, now.at);
	if (change->has & DEVICE_HAS_PRIVATE_KEY)
		apply_private_key(tunnel, &change->private_key, now);
	if (change->replace_peers)
		while (tunnel->device->first_peer != PEER_NONE)
			tunnel_remove_peer(tunnel, tunnel->device->first_peer);
	for (size_t i = 0; i < change->peers_count; i++)
		apply_peer(tunnel, &change->peers[i], now);
	tunnel_tick(tunnel, now);
	tunnel_handshakes(tunnel, now);
	return 0;
}

void config_read_device(const struct tunnel *tunnel, struct device_settings *device)
{
	settings_init(device);
	if (tunnel->device->has_identity) {
		device->has |= DEVICE_HAS_PRIVATE_KEY;
		device->private_key = tunnel->device->identity.private_key;
	}
	if (tunnel->listen_port != 0) {
		device->has |= DEVICE_HAS_LISTEN_PORT;
		device->listen_port = tunnel->listen_port;
	}
	if (tunnel->fwmark != 0) {
		device->has |= DEVICE_HAS_FWMARK;
		device->fwmark = tunnel->fwmark;
	}
}

void config_read_peer(const struct tunnel *tunnel, uint32_t slot, struct peer_settings *peer)
{
	const struct peer *p = device_peer_const(tunnel->device, slot);

	memset(peer, 0, sizeof(*peer));
	peer->public_key = p->public_key;
	peer->preshared_key = p->psk;
	peer->has = PEER_HAS_PRESHARED_KEY | PEER_HAS_KEEPALIVE | PEER_HAS_STATS;
	if (p->endpoint.addr.family != IP_NONE) {
		peer->has |= PEER_HAS_ENDPOINT;
		peer->endpoint = p->endpoint;
	}
	peer->keepalive = p->timers.persistent_s;
	peer->last_handshake.sec = (int64_t)p->last_handshake.sec;
	peer->last_handshake.nsec = p->last_handshake.nsec;
	peer->rx_bytes = p->received_bytes;
	peer->tx_bytes = p->sent_bytes;
}

/*
 * A change is applied in stages: first all that can fail (room, sockets, mark), then all that
 * cannot. In pieces, so that ten thousand peers hold no packet up.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include "effects.h"
#include "ensure.h"
#include "lifecycle.h"
#include "members.h"

void config_begin(
	struct config_run *run, const struct tunnel *tunnel, const struct device_settings *change)
{
	const struct allowedips *allowed_ips = device_allowed_ips(tunnel->device);

	*run = (struct config_run){
		.change = change,
		.peers = tunnel->device->peers_count,
		.room = allowedips_room(allowed_ips),
	};
	if (change->replace_peers) {
		run->peers = 0;
		run->room += allowedips_count(allowed_ips);
	}
}

/* True when the change had not named the slot before. */
static bool name_first(struct config_run *run, uint32_t slot)
{
	uint64_t *word = &run->named[slot / 64], bit = 1ULL << slot % 64;
	bool is_first = !(*word & bit);

	*word |= bit;
	return is_first;
}

/*
 * Whether the change fits with this peer, in the order in which it is applied. Counts a new peer
 * or a prefix that comes twice twice, and gives a peer's old prefixes back only where it is first
 * named, which all errs to safety.
 */
static bool peer_fits(
	struct config_run *run, const struct device *device, const struct peer_settings *peer)
{
	uint32_t slot = run->change->replace_peers ? PEER_NONE
						   : device_find_peer(device, &peer->public_key);

	if (slot != PEER_NONE && name_first(run, slot) &&
		(peer->remove || peer->replace_allowed_ips))
		run->room += device_peer_const(device, slot)->allowed_ips.count;
	if (peer->remove)
		return true;
	run->peers += slot == PEER_NONE;
	if (run->peers > device->limits.peers_max || peer->allowed_ips_count > run->room)
		return false;
	run->room -= peer->allowed_ips_count;
	return true;
}

/* Takes pieces off *pieces; 1: it needs more of them, 0: the change fits, -ENOMEM. */
static int check_room(struct config_run *run, const struct device *device, size_t *pieces)
{
	for (; run->next_peer < run->change->peers_count; run->next_peer++) {
		if (*pieces == 0)
			return 1;
		--*pieces;
		if (!peer_fits(run, device, &run->change->peers[run->next_peer]))
			return -ENOMEM;
	}
	run->next_peer = 0;
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

/* All of a peer but the allowed IPs to add; its slot, or PEER_NONE: there is nothing to add to. */
static uint32_t open_peer(
	struct tunnel *tunnel, const struct peer_settings *change, struct moment now)
{
	struct device *device = tunnel->device;
	uint32_t slot = device_find_peer(device, &change->public_key);
	struct peer *peer;

	/* Ourselves as a peer: accepted and without effect, as every WireGuard does. */
	if (device->has_identity &&
		memcmp(change->public_key.b, device->identity.public_key.b, KEY_LEN) == 0)
		return PEER_NONE;
	if (change->remove) {
		if (slot != PEER_NONE)
			tunnel_remove_peer(tunnel, slot);
		return PEER_NONE;
	}
	if (slot == PEER_NONE) {
		if (change->update_only)
			return PEER_NONE;
		slot = device_add_peer(device, &change->public_key);
		ENSURE(slot != PEER_NONE);
	}
	peer = device_peer(device, slot);
	if (change->has & PEER_HAS_PRESHARED_KEY)
		peer->psk = change->preshared_key;
	if (change->has & PEER_HAS_ENDPOINT)
		peer->endpoint = change->endpoint;
	if (change->has & PEER_HAS_KEEPALIVE)
		device_set_persistent(device, slot, change->keepalive, now.at);
	if (change->replace_allowed_ips)
		device_clear_allowed_ips(device, slot);
	if (change->initiate && device->is_up)
		effects_obey(tunnel, slot, EFFECT_INITIATE, now);
	return slot;
}

/* Takes pieces off *pieces; false: they did not suffice. */
static bool apply_allowed_ips(struct config_run *run, struct tunnel *tunnel, size_t *pieces)
{
	const struct peer_settings *change = &run->change->peers[run->next_peer];

	for (; run->next_ip < change->allowed_ips_count; run->next_ip++) {
		const struct allowed_ip *ip = &change->allowed_ips[run->next_ip];

		if (*pieces == 0)
			return false;
		--*pieces;
		if (ip->remove)
			device_remove_allowed_ip(tunnel->device, run->slot, &ip->prefix);
		else
			ENSURE(device_add_allowed_ip(tunnel->device, run->slot, &ip->prefix));
	}
	return true;
}

/* As apply_allowed_ips(), for a whole peer. */
static bool apply_peer(
	struct config_run *run, struct tunnel *tunnel, size_t *pieces, struct moment now)
{
	if (!run->is_in_peer) {
		if (*pieces == 0)
			return false;
		--*pieces;
		run->slot = open_peer(tunnel, &run->change->peers[run->next_peer], now);
		run->next_ip = 0;
		run->is_in_peer = true;
	}
	if (run->slot != PEER_NONE) {
		if (!apply_allowed_ips(run, tunnel, pieces))
			return false;
		if (tunnel->device->is_up && staging_has(tunnel->staging, run->slot))
			effects_obey(tunnel, run->slot, EFFECT_FLUSH, now);
	}
	run->is_in_peer = false;
	return true;
}

static bool remove_peers(struct tunnel *tunnel, size_t *pieces)
{
	while (tunnel->device->first_peer != PEER_NONE) {
		if (*pieces == 0)
			return false;
		--*pieces;
		tunnel_remove_peer(tunnel, tunnel->device->first_peer);
	}
	return true;
}

int config_continue(struct config_run *run, struct tunnel *tunnel, size_t pieces, struct moment now)
{
	const struct device_settings *change = run->change;
	int status;

	if (run->stage == CONFIG_CHECK) {
		status = check_room(run, tunnel->device, &pieces);
		if (status == 0)
			status = apply_sockets(tunnel, change);
		if (status != 0)
			return status;
		/* The interface went up before and the port of then was taken: this one is not. */
		if (tunnel->udp.port != 0)
			device_set_up(tunnel->device, true, now.at);
		if (change->has & DEVICE_HAS_PRIVATE_KEY)
			apply_private_key(tunnel, &change->private_key, now);
		run->stage = CONFIG_REMOVE;
	}
	if (run->stage == CONFIG_REMOVE) {
		if (change->replace_peers && !remove_peers(tunnel, &pieces))
			return 1;
		run->stage = CONFIG_PEERS;
	}
	for (; run->next_peer < change->peers_count; run->next_peer++)
		if (!apply_peer(run, tunnel, &pieces, now))
			return 1;
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

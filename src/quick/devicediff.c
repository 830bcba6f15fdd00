/* The least change between two states of a device: only what differs is said. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "devicediff.h"
#include "wipe.h"

/* Peers in order of their keys. */
struct peer_index {
	const struct peer_settings **peers;
	size_t count;
};

void device_begin_change(struct device_settings *change, const char *ifname)
{
	settings_init(change);
	snprintf(change->name, sizeof(change->name), "%s", ifname);
}

bool device_copy_allowed_ips(struct peer_settings *to, const struct peer_settings *from)
{
	for (size_t i = 0; i < from->allowed_ips_count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(to);

		if (!ip)
			return false;
		*ip = from->allowed_ips[i];
	}
	return true;
}

/* A peer of the change, with the values of `from` and room for its own allowed IPs. */
struct peer_settings *device_copy_peer(
	struct device_settings *change, const struct peer_settings *from)
{
	struct peer_settings *peer = settings_add_peer(change);

	if (!peer)
		return NULL;
	peer->public_key = from->public_key;
	peer->has = from->has & (PEER_HAS_PRESHARED_KEY | PEER_HAS_ENDPOINT | PEER_HAS_KEEPALIVE);
	peer->preshared_key = from->preshared_key;
	peer->endpoint = from->endpoint;
	peer->keepalive = from->keepalive;
	return peer;
}

static int compare_keys(const void *a, const void *b)
{
	const struct peer_settings *const *x = a, *const *y = b;

	return memcmp(&(*x)->public_key, &(*y)->public_key, KEY_LEN);
}

static bool index_peers(const struct device_settings *device, struct peer_index *index)
{
	index->count = device->peers_count;
	index->peers = calloc(device->peers_count + 1, sizeof(const struct peer_settings *));
	for (size_t i = 0; index->peers && i < device->peers_count; i++)
		index->peers[i] = &device->peers[i];
	if (index->peers)
		qsort(index->peers, index->count, sizeof(index->peers[0]), compare_keys);
	return index->peers != NULL;
}

static const struct peer_settings *find_peer(
	const struct peer_index *index, const struct peer_settings *peer)
{
	const struct peer_settings **found =
		bsearch(&peer, index->peers, index->count, sizeof(index->peers[0]), compare_keys);

	return found ? *found : NULL;
}

static bool has_ip(const struct peer_settings *peer, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++)
		if (peer->allowed_ips[i].prefix.bits == prefix->bits &&
			ip_addr_equal(&peer->allowed_ips[i].prefix.addr, &prefix->addr))
			return true;
	return false;
}

static bool same_allowed_ips(const struct peer_settings *a, const struct peer_settings *b)
{
	for (size_t i = 0; i < a->allowed_ips_count; i++)
		if (!has_ip(b, &a->allowed_ips[i].prefix))
			return false;
	for (size_t i = 0; i < b->allowed_ips_count; i++)
		if (!has_ip(a, &b->allowed_ips[i].prefix))
			return false;
	return true;
}

/* What must change at a peer that is there; false when memory is short. */
static bool sync_peer(struct device_settings *change, const struct peer_settings *wanted,
	const struct peer_settings *there)
{
	bool new_ips = !same_allowed_ips(wanted, there);
	bool new_psk = !bytes_equal_ct(&wanted->preshared_key, &there->preshared_key, KEY_LEN);
	bool new_endpoint = (wanted->has & PEER_HAS_ENDPOINT) &&
			    !endpoint_same_remote(&wanted->endpoint, &there->endpoint);
	bool new_keepalive = wanted->keepalive != there->keepalive;
	struct peer_settings *peer;

	if (!new_ips && !new_psk && !new_endpoint && !new_keepalive)
		return true;
	peer = device_copy_peer(change, wanted);
	if (!peer)
		return false;
	peer->has = (new_psk ? PEER_HAS_PRESHARED_KEY : 0u) |
		    (new_endpoint ? PEER_HAS_ENDPOINT : 0u) |
		    (new_keepalive ? PEER_HAS_KEEPALIVE : 0u);
	peer->update_only = true;
	peer->replace_allowed_ips = new_ips;
	return !new_ips || device_copy_allowed_ips(peer, wanted);
}

static bool sync_peers(struct device_settings *change, const struct device_settings *wanted,
	const struct peer_index *there, const struct peer_index *wanted_index)
{
	for (size_t i = 0; i < there->count; i++) {
		struct peer_settings *peer;

		if (find_peer(wanted_index, there->peers[i]))
			continue;
		peer = settings_add_peer(change);
		if (!peer)
			return false;
		peer->public_key = there->peers[i]->public_key;
		peer->remove = true;
	}
	for (size_t i = 0; i < wanted->peers_count; i++) {
		const struct peer_settings *old = find_peer(there, &wanted->peers[i]);
		struct peer_settings *peer;

		if (old && !sync_peer(change, &wanted->peers[i], old))
			return false;
		if (old)
			continue;
		peer = device_copy_peer(change, &wanted->peers[i]);
		if (!peer || !device_copy_allowed_ips(peer, &wanted->peers[i]))
			return false;
		peer->replace_allowed_ips = true;
	}
	return true;
}

static void sync_own(struct device_settings *change, const struct device_settings *wanted,
	const struct device_settings *there)
{
	change->private_key = wanted->private_key;
	change->listen_port = wanted->listen_port;
	change->fwmark = wanted->fwmark;
	if ((wanted->has & DEVICE_HAS_PRIVATE_KEY) &&
		!bytes_equal_ct(&wanted->private_key, &there->private_key, KEY_LEN))
		change->has |= DEVICE_HAS_PRIVATE_KEY;
	if ((wanted->has & DEVICE_HAS_LISTEN_PORT) && wanted->listen_port != there->listen_port)
		change->has |= DEVICE_HAS_LISTEN_PORT;
	if ((wanted->has & DEVICE_HAS_FWMARK) && wanted->fwmark != there->fwmark)
		change->has |= DEVICE_HAS_FWMARK;
}

int device_diff(const struct device_settings *there, const struct device_settings *wanted,
	struct device_settings *change)
{
	struct peer_index there_index = {0}, wanted_index = {0};
	bool is_whole;

	sync_own(change, wanted, there);
	is_whole = index_peers(there, &there_index) && index_peers(wanted, &wanted_index) &&
		   sync_peers(change, wanted, &there_index, &wanted_index);
	free(there_index.peers);
	free(wanted_index.peers);
	return is_whole ? 0 : -ENOMEM;
}

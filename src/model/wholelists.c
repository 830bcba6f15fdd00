/* What a peer's allowed IPs are after a part of a change; only for peers that lose single ones. */
#include "wholelists.h"

#include <errno.h>
#include <string.h>

static bool removes_ips(const struct peer_settings *entry)
{
	for (size_t i = 0; i < entry->allowed_ips_count; i++)
		if (entry->allowed_ips[i].remove)
			return true;
	return false;
}

bool whole_lists_are_needed(const struct device_settings *change)
{
	for (size_t i = 0; i < change->peers_count; i++)
		if (removes_ips(&change->peers[i]))
			return true;
	return false;
}

static bool is_same_peer(const struct peer_settings *a, const struct peer_settings *b)
{
	return memcmp(&a->public_key, &b->public_key, sizeof(a->public_key)) == 0;
}

static void drop_ip(struct peer_settings *peer, const struct ip_prefix *prefix)
{
	size_t kept = 0;

	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		const struct ip_prefix *have = &peer->allowed_ips[i].prefix;

		if (have->bits != prefix->bits || !ip_addr_equal(&have->addr, &prefix->addr))
			peer->allowed_ips[kept++] = peer->allowed_ips[i];
	}
	peer->allowed_ips_count = kept;
}

/* What one entry of a change does to the peer's list: its own entry, or another's that takes from it. */
static int apply_entry(struct peer_settings *peer, const struct peer_settings *entry)
{
	bool is_own = is_same_peer(peer, entry);
	struct allowed_ip *ip;

	if (is_own && (entry->remove || entry->replace_allowed_ips))
		peer->allowed_ips_count = 0;
	for (size_t i = 0; i < entry->allowed_ips_count && !entry->remove; i++) {
		if (is_own || !entry->allowed_ips[i].remove)
			drop_ip(peer, &entry->allowed_ips[i].prefix);
		if (!is_own || entry->allowed_ips[i].remove)
			continue;
		ip = settings_add_allowed_ip(peer);
		if (!ip)
			return -ENOMEM;
		*ip = entry->allowed_ips[i];
	}
	return 0;
}

/* peer's list: what it has, through the change's entries up to and with the given one. */
static int make_list(const struct device_settings *running, const struct device_settings *change,
	size_t last, struct peer_settings *peer)
{
	int err = 0;

	for (size_t i = 0; !err && i < running->peers_count && !change->replace_peers; i++)
		if (is_same_peer(&running->peers[i], peer))
			err = apply_entry(peer, &running->peers[i]);
	for (size_t i = 0; !err && i <= last; i++)
		err = apply_entry(peer, &change->peers[i]);
	return err;
}

static int copy_ips(const struct peer_settings *entry, struct peer_settings *peer)
{
	for (size_t i = 0; i < entry->allowed_ips_count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(peer);

		if (!ip)
			return -ENOMEM;
		*ip = entry->allowed_ips[i];
	}
	return 0;
}

int whole_lists_make(const struct device_settings *running, const struct device_settings *change,
	struct device_settings *whole)
{
	int err = 0;

	*whole = *change;
	whole->peers = NULL;
	whole->peers_count = whole->peers_room = 0;
	for (size_t i = 0; !err && i < change->peers_count; i++) {
		const struct peer_settings *entry = &change->peers[i];
		struct peer_settings *peer = settings_add_peer(whole);

		if (!peer) {
			err = -ENOMEM;
			break;
		}
		*peer = *entry;
		peer->allowed_ips = NULL;
		peer->allowed_ips_count = peer->allowed_ips_room = 0;
		if (removes_ips(entry)) {
			peer->replace_allowed_ips = true;
			err = make_list(running, change, i, peer);
		} else {
			err = copy_ips(entry, peer);
		}
	}
	if (err)
		settings_fini(whole);
	return err;
}

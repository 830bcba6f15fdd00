/*
 * Both sides are brought into the same order, peers by key and each peer's prefixes by address,
 * and walked side by side: n log n, whatever changed.
 */
#include "syncplan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "wipe.h"

/* A prefix and which peer lists it. */
struct claim {
	struct ip_prefix prefix;
	size_t peer; /* index into the device's peers */
};

/* One side: its peers by key, one entry a key, and their prefixes, one owner each. */
struct side {
	const struct device_settings *device;
	size_t *peers; /* indices, sorted by key; of equal keys only the last */
	size_t peers_count;
	struct claim *claims; /* sorted by peer, then prefix */
	size_t claims_count;
};

static int compare_size(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return order ? order : compare_size(a->bits, b->bits);
}

static int by_key(const void *left, const void *right, void *context)
{
	const struct device_settings *device = context;
	size_t a = *(const size_t *)left, b = *(const size_t *)right;
	int order = memcmp(&device->peers[a].public_key, &device->peers[b].public_key, KEY_LEN);

	return order ? order : compare_size(a, b);
}

static int by_prefix(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = compare_prefix(&a->prefix, &b->prefix);

	return order ? order : compare_size(a->peer, b->peer);
}

static int by_peer(const void *left, const void *right)
{
	const struct claim *a = left, *b = right;
	int order = compare_size(a->peer, b->peer);

	return order ? order : compare_prefix(&a->prefix, &b->prefix);
}

static bool same_key(const struct device_settings *device, size_t a, size_t b)
{
	return memcmp(&device->peers[a].public_key, &device->peers[b].public_key, KEY_LEN) == 0;
}

static int sort_peers(struct side *side)
{
	const struct device_settings *device = side->device;
	size_t count = device->peers_count, kept = 0;

	side->peers = calloc(count + 1, sizeof(*side->peers));
	if (!side->peers)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		side->peers[i] = i;
	qsort_r(side->peers, count, sizeof(*side->peers), by_key, (void *)(uintptr_t)device);
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || !same_key(device, side->peers[i], side->peers[i + 1]))
			side->peers[kept++] = side->peers[i];
	side->peers_count = kept;
	return 0;
}

/* Every prefix of every peer, as listed. */
static int list_claims(struct side *side)
{
	const struct device_settings *device = side->device;
	size_t count = 0;

	for (size_t i = 0; i < device->peers_count; i++)
		count += device->peers[i].allowed_ips_count;
	side->claims = calloc(count + 1, sizeof(*side->claims));
	if (!side->claims)
		return -ENOMEM;
	for (size_t i = 0; i < device->peers_count; i++) {
		const struct peer_settings *peer = &device->peers[i];

		for (size_t j = 0; j < peer->allowed_ips_count; j++)
			side->claims[side->claims_count++] =
				(struct claim){peer->allowed_ips[j].prefix, i};
	}
	return 0;
}

/*
 * Each prefix to the last that lists it, as if the peers were set one after the other; one whose
 * key comes again later loses it then.
 */
static int sort_claims(struct side *side)
{
	bool *is_last = calloc(side->device->peers_count + 1, sizeof(*is_last));
	size_t kept = 0;

	if (!is_last || list_claims(side)) {
		free(is_last);
		return -ENOMEM;
	}
	for (size_t i = 0; i < side->peers_count; i++)
		is_last[side->peers[i]] = true;
	qsort(side->claims, side->claims_count, sizeof(*side->claims), by_prefix);
	for (size_t i = 0; i < side->claims_count; i++) {
		const struct claim *claim = &side->claims[i];
		bool is_taken = i + 1 < side->claims_count &&
				compare_prefix(&claim->prefix, &claim[1].prefix) == 0;

		if (!is_taken && is_last[claim->peer])
			side->claims[kept++] = *claim;
	}
	side->claims_count = kept;
	qsort(side->claims, kept, sizeof(*side->claims), by_peer);
	free(is_last);
	return 0;
}

static int side_init(struct side *side, const struct device_settings *device)
{
	int err;

	*side = (struct side){.device = device};
	err = sort_peers(side);
	return err ? err : sort_claims(side);
}

static void side_fini(struct side *side)
{
	free(side->peers);
	free(side->claims);
}

/* The claims of a peer: the first, and how many. */
static const struct claim *claims_of(const struct side *side, size_t peer, size_t *count)
{
	size_t low = 0, high = side->claims_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (side->claims[middle].peer < peer)
			low = middle + 1;
		else
			high = middle;
	}
	for (*count = 0; low + *count < side->claims_count; ++*count)
		if (side->claims[low + *count].peer != peer)
			break;
	return side->claims + low;
}

static bool same_claims(const struct side *a, size_t a_peer, const struct side *b, size_t b_peer)
{
	size_t a_count, b_count;
	const struct claim *p = claims_of(a, a_peer, &a_count), *q = claims_of(b, b_peer, &b_count);

	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++)
		if (compare_prefix(&p[i].prefix, &q[i].prefix) != 0)
			return false;
	return true;
}

static int change_allowed_ips(const struct side *wanted, size_t index, struct peer_settings *change)
{
	size_t count;
	const struct claim *claims = claims_of(wanted, index, &count);

	change->replace_allowed_ips = true;
	for (size_t i = 0; i < count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(change);

		if (!ip)
			return -ENOMEM;
		ip->prefix = claims[i].prefix;
	}
	return 0;
}

/* An unset value is zero in the records, and zero is what a change says to take it away. */
static void change_values(const struct peer_settings *running, const struct peer_settings *wanted,
	struct peer_settings *change)
{
	if (!bytes_equal_ct(&running->preshared_key, &wanted->preshared_key, KEY_LEN)) {
		change->has |= PEER_HAS_PRESHARED_KEY;
		change->preshared_key = wanted->preshared_key;
	}
	if (running->keepalive != wanted->keepalive) {
		change->has |= PEER_HAS_KEEPALIVE;
		change->keepalive = wanted->keepalive;
	}
	if (wanted->has & PEER_HAS_ENDPOINT &&
		!endpoint_same_remote(&running->endpoint, &wanted->endpoint)) {
		change->has |= PEER_HAS_ENDPOINT;
		change->endpoint = wanted->endpoint;
	}
}

/* index: of the wanted peer; running_index: of the running one, or SIZE_MAX. */
static int change_peer(const struct side *running, size_t running_index, const struct side *wanted,
	size_t index, struct device_settings *change)
{
	static const struct peer_settings none;
	bool is_new = running_index == SIZE_MAX;
	struct peer_settings peer = {.public_key = wanted->device->peers[index].public_key};
	struct peer_settings *place;
	int err = 0;

	change_values(is_new ? &none : &running->device->peers[running_index],
		&wanted->device->peers[index], &peer);
	if (is_new || !same_claims(running, running_index, wanted, index))
		err = change_allowed_ips(wanted, index, &peer);
	if (!err && (is_new || peer.has || peer.replace_allowed_ips)) {
		place = settings_add_peer(change);
		if (place)
			*place = peer;
		else
			err = -ENOMEM;
	}
	if (err)
		free(peer.allowed_ips);
	wipe(&peer.preshared_key, sizeof(peer.preshared_key));
	return err;
}

static int remove_peer(const struct peer_settings *running, struct device_settings *change)
{
	struct peer_settings *peer = settings_add_peer(change);

	if (!peer)
		return -ENOMEM;
	peer->public_key = running->public_key;
	peer->remove = true;
	return 0;
}

/* Walks both lists of keys side by side. */
static int change_peers(
	const struct side *running, const struct side *wanted, struct device_settings *change)
{
	size_t r = 0, w = 0;
	int err = 0;

	while (!err && (r < running->peers_count || w < wanted->peers_count)) {
		const struct peer_settings *have = NULL, *want = NULL;
		int order;

		if (r < running->peers_count)
			have = &running->device->peers[running->peers[r]];
		if (w < wanted->peers_count)
			want = &wanted->device->peers[wanted->peers[w]];
		order = !have   ? 1
			: !want ? -1
				: memcmp(&have->public_key, &want->public_key, KEY_LEN);
		if (order < 0)
			err = remove_peer(have, change);
		else
			err = change_peer(running, order ? SIZE_MAX : running->peers[r], wanted,
				wanted->peers[w], change);
		r += order <= 0;
		w += order >= 0;
	}
	return err;
}

static void change_device(const struct device_settings *running,
	const struct device_settings *wanted, struct device_settings *change)
{
	if (!bytes_equal_ct(&running->private_key, &wanted->private_key, KEY_LEN)) {
		change->has |= DEVICE_HAS_PRIVATE_KEY;
		change->private_key = wanted->private_key;
	}
	if (running->fwmark != wanted->fwmark) {
		change->has |= DEVICE_HAS_FWMARK;
		change->fwmark = wanted->fwmark;
	}
	if (wanted->has & DEVICE_HAS_LISTEN_PORT && running->listen_port != wanted->listen_port) {
		change->has |= DEVICE_HAS_LISTEN_PORT;
		change->listen_port = wanted->listen_port;
	}
}

int syncplan_make(const struct device_settings *running, const struct device_settings *wanted,
	struct device_settings *change)
{
	struct side have = {0}, want = {0};
	int err;

	settings_init(change);
	memcpy(change->name, running->name, sizeof(change->name));
	change_device(running, wanted, change);
	err = side_init(&have, running);
	if (!err)
		err = side_init(&want, wanted);
	if (!err)
		err = change_peers(&have, &want, change);
	side_fini(&have);
	side_fini(&want);
	if (err)
		settings_fini(change);
	return err;
}

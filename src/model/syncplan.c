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

/* All that the device says of one key. */
struct group {
	const size_t *peers; /* their indices, in the device's order */
	size_t count;
};

/* One side: its peers by key, one group a key, and their prefixes, one owner each. */
struct side {
	const struct device_settings *device;
	size_t *order; /* of all peers' indices, by key */
	struct group *groups;
	size_t groups_count;
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
	size_t count = device->peers_count;

	side->order = calloc(count + 1, sizeof(*side->order));
	side->groups = calloc(count + 1, sizeof(*side->groups));
	if (!side->order || !side->groups)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		side->order[i] = i;
	qsort_r(side->order, count, sizeof(*side->order), by_key, (void *)(uintptr_t)device);
	for (size_t i = 0; i < count; i++) {
		if (!i || !same_key(device, side->order[i - 1], side->order[i]))
			side->groups[side->groups_count++].peers = &side->order[i];
		side->groups[side->groups_count - 1].count++;
	}
	return 0;
}

static size_t last_of(const struct group *group)
{
	return group->peers[group->count - 1];
}

static const struct public_key *key_of(const struct side *side, const struct group *group)
{
	return &side->device->peers[group->peers[0]].public_key;
}

/* The values that hold after all of a group are set in turn; without allowed IPs. */
static struct peer_settings values_of(const struct side *side, const struct group *group)
{
	struct peer_settings values = {.public_key = *key_of(side, group)};

	for (size_t i = 0; i < group->count; i++) {
		const struct peer_settings *peer = &side->device->peers[group->peers[i]];

		values.has |= peer->has;
		if (peer->has & PEER_HAS_PRESHARED_KEY)
			values.preshared_key = peer->preshared_key;
		if (peer->has & PEER_HAS_ENDPOINT)
			values.endpoint = peer->endpoint;
		if (peer->has & PEER_HAS_KEEPALIVE)
			values.keepalive = peer->keepalive;
	}
	return values;
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
	for (size_t i = 0; i < side->groups_count; i++)
		is_last[last_of(&side->groups[i])] = true;
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
	free(side->order);
	free(side->groups);
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

static int compare_to_claim(const void *prefix, const void *claim)
{
	return compare_prefix(prefix, &((const struct claim *)claim)->prefix);
}

/* Its list as it is written, without what belongs to another peer. */
static int change_allowed_ips(const struct side *wanted, size_t index, struct peer_settings *change)
{
	const struct peer_settings *peer = &wanted->device->peers[index];
	size_t count;
	const struct claim *claims = claims_of(wanted, index, &count);

	change->replace_allowed_ips = true;
	for (size_t i = 0; count && i < peer->allowed_ips_count; i++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[i].prefix;
		struct allowed_ip *ip;

		if (!bsearch(prefix, claims, count, sizeof(*claims), compare_to_claim))
			continue;
		ip = settings_add_allowed_ip(change);
		if (!ip)
			return -ENOMEM;
		ip->prefix = *prefix;
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

/* have: the peer as it runs; NULL: it does not. */
static int change_peer(const struct side *running, const struct group *have,
	const struct side *wanted, const struct group *want, struct device_settings *change)
{
	struct peer_settings before = {0}, after = values_of(wanted, want);
	struct peer_settings peer = {.public_key = after.public_key};
	struct peer_settings *place;
	int err = 0;

	if (have)
		before = values_of(running, have);
	change_values(&before, &after, &peer);
	if (!have || !same_claims(running, last_of(have), wanted, last_of(want)))
		err = change_allowed_ips(wanted, last_of(want), &peer);
	if (!err && (!have || peer.has || peer.replace_allowed_ips)) {
		place = settings_add_peer(change);
		if (place)
			*place = peer;
		else
			err = -ENOMEM;
	}
	if (err)
		free(peer.allowed_ips);
	wipe(&before, sizeof(before));
	wipe(&after, sizeof(after));
	wipe(&peer, sizeof(peer));
	return err;
}

static int remove_peer(const struct public_key *key, struct device_settings *change)
{
	struct peer_settings *peer = settings_add_peer(change);

	if (!peer)
		return -ENOMEM;
	peer->public_key = *key;
	peer->remove = true;
	return 0;
}

/* Walks both lists of keys side by side. */
static int change_peers(
	const struct side *running, const struct side *wanted, struct device_settings *change)
{
	const struct group *have = running->groups, *have_end = have + running->groups_count;
	const struct group *want = wanted->groups, *want_end = want + wanted->groups_count;
	int err = 0;

	while (!err && (have < have_end || want < want_end)) {
		int order = have == have_end ? 1
			    : want == want_end
				    ? -1
				    : memcmp(key_of(running, have), key_of(wanted, want), KEY_LEN);

		if (order < 0)
			err = remove_peer(key_of(running, have), change);
		else
			err = change_peer(running, order ? NULL : have, wanted, want, change);
		have += order <= 0;
		want += order >= 0;
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

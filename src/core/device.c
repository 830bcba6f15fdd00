/*
 * The block of memory and the tables in it: where they lie, what stands in a slot, which slot has
 * a key or a prefix. Deadlines are schedule.c, peers that come and go members.c, what happens to
 * all of them lifecycle.c; each uses only those before it.
 */
#include "device.h"

#include <string.h>
#include "ensure.h"
#include "wipe.h"

static size_t aligned(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static uint32_t bucket_count(const struct device_limits *limits)
{
	uint32_t n = 1;

	while (n < limits->peers_max)
		n *= 2;
	return n;
}

static uint32_t indices_max(const struct device_limits *limits)
{
	return limits->peers_max * (SESSIONS_PER_PEER + 1);
}

/* Lays the tables out behind the device; returns the end. */
static size_t lay_out(struct device *device, const struct device_limits *limits)
{
	size_t at = aligned(sizeof(struct device));

	device->at.peers = at;
	at = aligned(at + limits->peers_max * sizeof(struct peer));
	device->at.sessions = at;
	at = aligned(at + (size_t)limits->peers_max * SESSIONS_PER_PEER * sizeof(struct session));
	device->at.buckets = at;
	at = aligned(at + bucket_count(limits) * sizeof(uint32_t));
	device->at.heap = at;
	at = aligned(at + limits->peers_max * sizeof(uint32_t));
	device->at.allowed_ips = at;
	at = aligned(at + allowedips_size(limits->prefixes_max));
	device->at.indices = at;
	at = aligned(at + index_size(indices_max(limits)));
	device->at.sources = at;
	return aligned(at + ratelimit_size(limits->sources_max));
}

size_t device_size(const struct device_limits *limits)
{
	struct device device;

	ENSURE(limits->peers_max >= 1 && limits->peers_max <= PEERS_MAX);
	return lay_out(&device, limits);
}

static void *table(const struct device *device, size_t at)
{
	return (uint8_t *)(uintptr_t)device + at;
}

struct device *device_init(
	void *memory, const struct device_limits *limits, const struct chance *chance)
{
	struct device *device = memory;
	struct siphash_key sources_key;

	ENSURE((uintptr_t)memory % 64 == 0);
	lay_out(device, limits);
	device->limits = *limits;
	device->first_peer = device->last_peer = device->first_free = PEER_NONE;
	memcpy(device->table_key.b, chance->cookie_secret, sizeof(device->table_key.b));
	memcpy(sources_key.b, chance->nonce, sizeof(sources_key.b));
	device->mark.offset = le32_load(chance->indices[0]);
	for (unsigned i = 0; i < 2; i++)
		device->mark.factors[i] = le32_load(chance->indices[1 + i]);
	allowedips_init(table(device, device->at.allowed_ips), limits->prefixes_max);
	index_init(table(device, device->at.indices), indices_max(limits));
	ratelimit_init(table(device, device->at.sources), limits->sources_max, &sources_key);
	wipe(&sources_key, sizeof(sources_key));
	return device;
}

const struct peer *device_peer_const(const struct device *device, uint32_t slot)
{
	const struct peer *peers = table(device, device->at.peers);

	ENSURE(slot < device->peers_used);
	return &peers[slot];
}

struct peer *device_peer(struct device *device, uint32_t slot)
{
	struct peer *peers = table(device, device->at.peers);

	ENSURE(slot < device->peers_used);
	return &peers[slot];
}

struct session *device_sessions(struct device *device, uint32_t slot)
{
	struct session *sessions = table(device, device->at.sessions);

	ENSURE(slot < device->peers_used);
	return &sessions[(size_t)slot * SESSIONS_PER_PEER];
}

struct allowedips *device_allowed_ips(struct device *device)
{
	return table(device, device->at.allowed_ips);
}

struct index_table *device_indices(struct device *device)
{
	return table(device, device->at.indices);
}

struct ratelimit *device_sources(struct device *device)
{
	return table(device, device->at.sources);
}

struct peer *device_peer_by_id(struct device *device, struct peer_id id)
{
	struct peer *peer = device_peer(device, id.slot);

	return peer->is_used && peer->generation == id.generation ? peer : NULL;
}

uint32_t *device_bucket(const struct device *device, const struct public_key *key)
{
	uint32_t *buckets = table(device, device->at.buckets);

	return &buckets[siphash(&device->table_key, key->b, sizeof(key->b)) &
			(bucket_count(&device->limits) - 1)];
}

uint32_t device_find_peer(const struct device *device, const struct public_key *public_key)
{
	uint32_t slot = *device_bucket(device, public_key) - 1;

	while (slot != PEER_NONE) {
		const struct peer *peer = device_peer_const(device, slot);

		if (memcmp(peer->public_key.b, public_key->b, KEY_LEN) == 0)
			break;
		slot = peer->next_in_bucket;
	}
	return slot;
}

bool device_add_allowed_ip(struct device *device, uint32_t slot, const struct ip_prefix *prefix)
{
	struct allowedips *allowed_ips = device_allowed_ips(device);
	uint32_t owner = allowedips_find(allowed_ips, prefix);

	if (owner != ALLOWEDIPS_NONE && owner != slot)
		allowedips_remove(
			allowed_ips, prefix, owner, &device_peer(device, owner)->allowed_ips);
	return allowedips_insert(
		allowed_ips, prefix, slot, &device_peer(device, slot)->allowed_ips);
}

void device_remove_allowed_ip(struct device *device, uint32_t slot, const struct ip_prefix *prefix)
{
	allowedips_remove(
		device_allowed_ips(device), prefix, slot, &device_peer(device, slot)->allowed_ips);
}

void device_clear_allowed_ips(struct device *device, uint32_t slot)
{
	allowedips_remove_all(device_allowed_ips(device), &device_peer(device, slot)->allowed_ips);
}

enum verdict device_count(struct device *device, enum verdict verdict)
{
	device->verdicts[verdict]++;
	return verdict;
}

void device_count_sent(struct device *device, struct peer_id id, uint64_t bytes)
{
	struct peer *peer = device_peer_by_id(device, id);

	if (peer)
		peer->sent_bytes += bytes;
}

/*
 * The peers of a device: how they come into its tables and leave them, with all the keys and
 * indices they have out.
 */
#include "members.h"

#include "ensure.h"
#include "schedule.h"
#include "wipe.h"

static uint32_t take_slot(struct device *device)
{
	uint32_t slot = device->first_free;

	if (slot != PEER_NONE) {
		device->first_free = device_peer(device, slot)->next;
		return slot;
	}
	return device->peers_used < device->limits.peers_max ? device->peers_used++ : PEER_NONE;
}

uint32_t device_add_peer(struct device *device, const struct public_key *public_key)
{
	uint32_t *head = device_bucket(device, public_key);
	uint32_t slot = take_slot(device);
	struct peer *peer;

	if (slot == PEER_NONE)
		return slot;
	peer = device_peer(device, slot);
	peer->is_used = true;
	peer->generation++;
	peer->public_key = *public_key;
	cookie_maker_init(&peer->cookie, public_key);
	keyring_init(&peer->keyring);
	timers_init(&peer->timers);
	peer->wake = INSTANT_NEVER;
	peer->allowed_ips = ALLOWEDIPS_LIST_INIT;
	peer->next_in_bucket = *head - 1;
	*head = slot + 1;
	peer->next = PEER_NONE;
	peer->previous = device->last_peer;
	if (device->last_peer != PEER_NONE)
		device_peer(device, device->last_peer)->next = slot;
	else
		device->first_peer = slot;
	device->last_peer = slot;
	device->peers_count++;
	return slot;
}

void device_clear_handshake(struct device *device, uint32_t slot)
{
	struct peer *peer = device_peer(device, slot);

	if (peer->has_handshake)
		index_remove(device_indices(device), peer->handshake_index);
	peer->has_handshake = false;
	wipe(&peer->handshake, sizeof(peer->handshake));
}

void device_forget_sessions(struct device *device, const struct session_freed *freed)
{
	for (unsigned i = 0; i < freed->count; i++)
		index_remove(device_indices(device), freed->indices[i]);
	device->sessions_wiped += freed->count;
}

void device_clear_keys(struct device *device, uint32_t slot)
{
	struct session_freed freed = {.count = 0};

	device_clear_handshake(device, slot);
	keyring_clear(&device_peer(device, slot)->keyring, device_sessions(device, slot), &freed);
	device_forget_sessions(device, &freed);
}

static void unlink_from_bucket(struct device *device, uint32_t slot)
{
	const struct peer *peer = device_peer(device, slot);
	uint32_t *head = device_bucket(device, &peer->public_key);
	uint32_t at = *head - 1;

	if (at == slot) {
		*head = peer->next_in_bucket + 1;
		return;
	}
	while (device_peer(device, at)->next_in_bucket != slot)
		at = device_peer(device, at)->next_in_bucket;
	device_peer(device, at)->next_in_bucket = peer->next_in_bucket;
}

static void unlink_from_order(struct device *device, const struct peer *peer)
{
	if (peer->previous != PEER_NONE)
		device_peer(device, peer->previous)->next = peer->next;
	else
		device->first_peer = peer->next;
	if (peer->next != PEER_NONE)
		device_peer(device, peer->next)->previous = peer->previous;
	else
		device->last_peer = peer->previous;
}

void device_remove_peer(struct device *device, uint32_t slot)
{
	struct peer *peer = device_peer(device, slot);
	uint32_t generation = peer->generation;

	ENSURE(peer->is_used);
	device_clear_keys(device, slot);
	device_clear_allowed_ips(device, slot);
	timers_stop(&peer->timers);
	device_reschedule(device, slot);
	unlink_from_bucket(device, slot);
	unlink_from_order(device, peer);
	wipe(peer, sizeof(*peer));
	peer->generation = generation;
	peer->next = device->first_free;
	device->first_free = slot;
	device->peers_count--;
}

void device_fini(struct device *device)
{
	while (device->first_peer != PEER_NONE)
		device_remove_peer(device, device->first_peer);
	cookie_checker_fini(&device->checker);
	wipe(&device->identity, sizeof(device->identity));
	wipe(&device->table_key, sizeof(device->table_key));
	device->has_identity = false;
}

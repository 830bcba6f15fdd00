/* Records of a device and its peers: their memory, and the end of the keys in them. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include "wipe.h"

void settings_init(struct device_settings *device)
{
	*device = (struct device_settings){0};
}

void settings_fini(struct device_settings *device)
{
	for (size_t i = 0; i < device->peers_count; i++)
		free(device->peers[i].allowed_ips);
	if (device->peers)
		wipe(device->peers, device->peers_room * sizeof(*device->peers));
	free(device->peers);
	wipe(device, sizeof(*device));
}

/*
 * Room for one more record after *count; doubles, and wipes the old place because peers hold
 * preshared keys. False when memory is short: nothing has changed.
 */
static bool room_for_one(void **records, size_t count, size_t *room, size_t record_len)
{
	size_t more = *room ? 2 * *room : 4;
	void *grown;

	if (count < *room)
		return true;
	grown = reallocarray(NULL, more, record_len);
	if (!grown)
		return false;
	if (*records) {
		memcpy(grown, *records, count * record_len);
		wipe(*records, count * record_len);
		free(*records);
	}
	*records = grown;
	*room = more;
	return true;
}

struct peer_settings *settings_add_peer(struct device_settings *device)
{
	void *peers = device->peers;

	if (!room_for_one(&peers, device->peers_count, &device->peers_room, sizeof(*device->peers)))
		return NULL;
	device->peers = peers;
	device->peers[device->peers_count] = (struct peer_settings){0};
	return &device->peers[device->peers_count++];
}

struct allowed_ip *settings_add_allowed_ip(struct peer_settings *peer)
{
	void *ips = peer->allowed_ips;

	if (!room_for_one(&ips, peer->allowed_ips_count, &peer->allowed_ips_room,
		    sizeof(*peer->allowed_ips)))
		return NULL;
	peer->allowed_ips = ips;
	peer->allowed_ips[peer->allowed_ips_count] = (struct allowed_ip){0};
	return &peer->allowed_ips[peer->allowed_ips_count++];
}

const struct peer_settings *settings_find_peer(
	const struct device_settings *device, const struct public_key *key)
{
	for (size_t i = 0; i < device->peers_count; i++)
		if (memcmp(&device->peers[i].public_key, key, sizeof(*key)) == 0)
			return &device->peers[i];
	return NULL;
}

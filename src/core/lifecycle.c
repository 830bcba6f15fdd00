/*
 * What happens to all a peer's keys when the device's own life changes: a new private key, the
 * interface going up or down.
 */
#include "lifecycle.h"

#include <string.h>
#include "members.h"
#include "schedule.h"
#include "wipe.h"
#include "x25519.h"

/* What a peer had from the old private key; its sessions go on receiving. */
static void forget_identity(struct device *device, uint32_t slot)
{
	struct peer *peer = device_peer(device, slot);
	struct session *sessions = device_sessions(device, slot);

	device_clear_handshake(device, slot);
	wipe(&peer->static_static, sizeof(peer->static_static));
	peer->static_static_state = STATIC_STATIC_UNKNOWN;
	peer->handshake_sent = (struct instant){0};
	peer->is_initiating = false;
	if (peer->keyring.current != SESSION_NONE)
		sessions[peer->keyring.current].may_send = false;
	if (peer->keyring.next != SESSION_NONE)
		sessions[peer->keyring.next].may_send = false;
}

uint32_t device_set_private_key(struct device *device, const struct private_key *private_key)
{
	struct private_key clamped = *private_key;
	uint32_t self = PEER_NONE;
	bool is_none = bytes_zero_ct(private_key->b, KEY_LEN);

	if (!is_none)
		x25519_clamp(&clamped);
	if (is_none ? !device->has_identity
		    : device->has_identity &&
				bytes_equal_ct(clamped.b, device->identity.private_key.b, KEY_LEN))
		goto out;
	device->identity_epoch++;
	device->has_identity = !is_none;
	wipe(&device->identity, sizeof(device->identity));
	cookie_checker_fini(&device->checker);
	if (!is_none) {
		device->identity.private_key = clamped;
		x25519_public(&clamped, &device->identity.public_key);
		cookie_checker_init(&device->checker, &device->identity.public_key);
		self = device_find_peer(device, &device->identity.public_key);
		if (self != PEER_NONE)
			device_remove_peer(device, self);
	}
	for (uint32_t slot = device->first_peer; slot != PEER_NONE;
		slot = device_peer(device, slot)->next)
		forget_identity(device, slot);
out:
	wipe(&clamped, sizeof(clamped));
	return self;
}

void device_set_up(struct device *device, bool is_up, struct instant now)
{
	if (device->is_up == is_up)
		return;
	device->is_up = is_up;
	for (uint32_t slot = device->first_peer; slot != PEER_NONE;) {
		struct peer *peer = device_peer(device, slot);

		if (is_up) {
			timers_start(&peer->timers, now);
		} else {
			timers_stop(&peer->timers);
			device_clear_keys(device, slot);
			peer->handshake_sent = (struct instant){0};
			peer->is_initiating = false;
		}
		device_reschedule(device, slot);
		slot = peer->next;
	}
}

void device_set_persistent(
	struct device *device, uint32_t slot, uint16_t seconds, struct instant now)
{
	timers_set_persistent(&device_peer(device, slot)->timers, seconds, device->is_up, now);
	device_reschedule(device, slot);
}

void device_forget_sources(struct device *device)
{
	for (uint32_t slot = device->first_peer; slot != PEER_NONE;) {
		struct peer *peer = device_peer(device, slot);

		peer->endpoint.local = (struct ip_addr){.family = IP_NONE};
		peer->endpoint.local_ifindex = 0;
		slot = peer->next;
	}
}

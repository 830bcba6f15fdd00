/*
 * The public face of the core, include/culvert/culvert.h: setting a tunnel up, its keys and peers.
 * The daemon does not use it: it has batches, threads and queues to mind.
 */
#include <culvert/culvert.h>

#include <string.h>
#include "crypto_init.h"
#include "culvert_face.h"
#include "lifecycle.h"
#include "limits.h"
#include "members.h"
#include "wipe.h"
#include "x25519.h"

enum { SOURCES_MAX = 1024 }; /* of the rate limiter */

static const char *const names[] = {
	[CULVERT_OK] = "ok",
	[CULVERT_WAIT] = "wait",
	[CULVERT_BAD_ARGUMENT] = "bad-argument",
	[CULVERT_UNAVAILABLE] = "unavailable",
	[CULVERT_NO_ROOM] = "no-room",
	[CULVERT_PEER_EXISTS] = "peer-exists",
	[CULVERT_NO_PEER] = "no-peer",
	[CULVERT_NO_ENDPOINT] = "no-endpoint",
	[CULVERT_NO_PRIVATE_KEY] = "no-private-key",
	[CULVERT_BAD_PACKET] = "bad-packet",
	[CULVERT_BAD_MESSAGE] = "bad-message",
	[CULVERT_NOT_FOR_US] = "not-for-us",
	[CULVERT_COOKIE_SENT] = "cookie-sent",
	[CULVERT_RATE_LIMITED] = "rate-limited",
	[CULVERT_NOT_GENUINE] = "not-genuine",
	[CULVERT_UNKNOWN_PEER] = "unknown-peer",
	[CULVERT_REPLAYED] = "replayed",
	[CULVERT_UNKNOWN_SESSION] = "unknown-session",
	[CULVERT_EXPIRED] = "expired",
	[CULVERT_WRONG_SOURCE] = "wrong-source",
};

const char *culvert_error_name(enum culvert_error error)
{
	return (unsigned)error < sizeof(names) / sizeof(names[0]) ? names[error] : "unknown";
}

struct device *face_device(const struct culvert *tunnel)
{
	return (struct device *)(uintptr_t)tunnel->device;
}

static struct device_limits limits_of(const struct culvert_config *config)
{
	return (struct device_limits){config->peers_max, config->prefixes_max, SOURCES_MAX};
}

struct moment face_moment(const struct culvert_time *now)
{
	return (struct moment){{now->steady_ns}, {now->wall_s, now->wall_ns}};
}

struct endpoint face_endpoint(const struct culvert_address *address)
{
	struct endpoint endpoint = {
		.addr.family = address->family, .port = address->port, .scope_id = address->scope};

	memcpy(endpoint.addr.b, address->bytes, ip_bytes(address->family));
	return endpoint;
}

struct culvert_address face_address(const struct endpoint *endpoint)
{
	struct culvert_address address = {.family = endpoint->addr.family,
		.port = endpoint->port,
		.scope = endpoint->scope_id};

	memcpy(address.bytes, endpoint->addr.b, sizeof(address.bytes));
	return address;
}

static struct peer_id id_of(struct culvert_peer peer)
{
	return (struct peer_id){peer.slot, peer.generation};
}

/* NULL when the peer is not, or no longer, one of this tunnel's. */
static struct peer *peer_of(const struct culvert *tunnel, struct culvert_peer peer)
{
	struct device *device = face_device(tunnel);

	return peer.slot < device->peers_used ? device_peer_by_id(device, id_of(peer)) : NULL;
}

size_t culvert_size(const struct culvert_config *config)
{
	struct device_limits limits = limits_of(config);

	if (config->peers_max < 1 || config->peers_max > PEERS_MAX || config->prefixes_max < 1 ||
		config->prefixes_max > UINT32_MAX / 4)
		return 0;
	return sizeof(struct culvert) + device_size(&limits);
}

enum culvert_error culvert_init(void *memory, const struct culvert_config *config,
	const struct culvert_time *now, const uint8_t random[CULVERT_RANDOM_LEN],
	struct culvert **tunnel)
{
	struct device_limits limits = limits_of(config);
	struct culvert *made = memory;
	struct chance chance;

	if (culvert_size(config) == 0 || (uintptr_t)memory % CULVERT_MEMORY_ALIGN != 0)
		return CULVERT_BAD_ARGUMENT;
	if (!crypto_init())
		return CULVERT_UNAVAILABLE;
	made->engine = bulk_create(BULK_BEST);
	if (!made->engine)
		return CULVERT_UNAVAILABLE;
	made->mtu = config->mtu;
	memcpy(&chance, random, sizeof(chance));
	device_init(made->device, &limits, &chance);
	wipe(&chance, sizeof(chance));
	device_set_up(face_device(made), true, face_moment(now).at);
	*tunnel = made;
	return CULVERT_OK;
}

void culvert_fini(struct culvert *tunnel)
{
	device_fini(face_device(tunnel));
	bulk_destroy(tunnel->engine);
	wipe(tunnel, sizeof(*tunnel));
}

void culvert_public_key(
	const uint8_t private_key[CULVERT_KEY_LEN], uint8_t public_key[CULVERT_KEY_LEN])
{
	struct private_key own;
	struct public_key made;

	memcpy(own.b, private_key, KEY_LEN);
	x25519_clamp(&own);
	x25519_public(&own, &made);
	memcpy(public_key, made.b, KEY_LEN);
	wipe(&own, sizeof(own));
}

void culvert_set_private_key(struct culvert *tunnel, const uint8_t private_key[CULVERT_KEY_LEN])
{
	struct private_key own;

	memcpy(own.b, private_key, KEY_LEN);
	device_set_private_key(face_device(tunnel), &own);
	wipe(&own, sizeof(own));
}

enum culvert_error culvert_find_peer(const struct culvert *tunnel,
	const uint8_t public_key[CULVERT_KEY_LEN], struct culvert_peer *peer)
{
	const struct device *device = face_device(tunnel);
	struct public_key key;
	uint32_t slot;

	memcpy(key.b, public_key, KEY_LEN);
	slot = device_find_peer(device, &key);
	if (slot == PEER_NONE)
		return CULVERT_NO_PEER;
	*peer = (struct culvert_peer){slot, device_peer_const(device, slot)->generation};
	return CULVERT_OK;
}

enum culvert_error culvert_add_peer(struct culvert *tunnel,
	const uint8_t public_key[CULVERT_KEY_LEN], struct culvert_peer *peer)
{
	struct device *device = face_device(tunnel);
	struct public_key key;

	memcpy(key.b, public_key, KEY_LEN);
	if (device_find_peer(device, &key) != PEER_NONE ||
		(device->has_identity &&
			memcmp(&key, &device->identity.public_key, sizeof(key)) == 0))
		return CULVERT_PEER_EXISTS;
	if (device_add_peer(device, &key) == PEER_NONE)
		return CULVERT_NO_ROOM;
	return culvert_find_peer(tunnel, public_key, peer);
}

enum culvert_error culvert_remove_peer(struct culvert *tunnel, struct culvert_peer peer)
{
	if (!peer_of(tunnel, peer))
		return CULVERT_NO_PEER;
	device_remove_peer(face_device(tunnel), peer.slot);
	return CULVERT_OK;
}

enum culvert_error culvert_set_preshared_key(struct culvert *tunnel, struct culvert_peer peer,
	const uint8_t preshared_key[CULVERT_KEY_LEN])
{
	struct peer *known = peer_of(tunnel, peer);

	if (!known)
		return CULVERT_NO_PEER;
	memcpy(known->psk.b, preshared_key, KEY_LEN);
	return CULVERT_OK;
}

enum culvert_error culvert_set_endpoint(
	struct culvert *tunnel, struct culvert_peer peer, const struct culvert_address *endpoint)
{
	struct peer *known = peer_of(tunnel, peer);

	if (!known)
		return CULVERT_NO_PEER;
	if (endpoint->family != IP_NONE && ip_bytes(endpoint->family) == 0)
		return CULVERT_BAD_ARGUMENT;
	known->endpoint = face_endpoint(endpoint);
	return CULVERT_OK;
}

enum culvert_error culvert_set_keepalive(struct culvert *tunnel, struct culvert_peer peer,
	uint16_t seconds, const struct culvert_time *now)
{
	if (!peer_of(tunnel, peer))
		return CULVERT_NO_PEER;
	device_set_persistent(face_device(tunnel), peer.slot, seconds, face_moment(now).at);
	return CULVERT_OK;
}

/* False when the prefix is of no family or longer than its address. */
static bool prefix_from(const struct culvert_prefix *prefix, struct ip_prefix *out)
{
	*out = (struct ip_prefix){.addr.family = prefix->family, .bits = prefix->bits};
	memcpy(out->addr.b, prefix->bytes, ip_bytes(prefix->family));
	return ip_bytes(prefix->family) != 0 && prefix->bits <= ip_bits_max(prefix->family);
}

enum culvert_error culvert_add_allowed_ip(
	struct culvert *tunnel, struct culvert_peer peer, const struct culvert_prefix *prefix)
{
	struct ip_prefix own;

	if (!peer_of(tunnel, peer))
		return CULVERT_NO_PEER;
	if (!prefix_from(prefix, &own))
		return CULVERT_BAD_ARGUMENT;
	return device_add_allowed_ip(face_device(tunnel), peer.slot, &own) ? CULVERT_OK
									   : CULVERT_NO_ROOM;
}

enum culvert_error culvert_remove_allowed_ip(
	struct culvert *tunnel, struct culvert_peer peer, const struct culvert_prefix *prefix)
{
	struct ip_prefix own;

	if (!peer_of(tunnel, peer))
		return CULVERT_NO_PEER;
	if (!prefix_from(prefix, &own))
		return CULVERT_BAD_ARGUMENT;
	device_remove_allowed_ip(face_device(tunnel), peer.slot, &own);
	return CULVERT_OK;
}

enum culvert_error culvert_get_status(const struct culvert *tunnel, struct culvert_peer peer,
	const struct culvert_time *now, struct culvert_status *status)
{
	const struct peer *known = peer_of(tunnel, peer);
	const struct session *current;

	if (!known)
		return CULVERT_NO_PEER;
	*status = (struct culvert_status){
		.endpoint = face_address(&known->endpoint),
		.sent_bytes = known->sent_bytes,
		.received_bytes = known->received_bytes,
		.last_handshake_s = known->last_handshake.sec,
		.keepalive_s = known->timers.persistent_s,
	};
	if (known->keyring.current != SESSION_NONE) {
		current = &device_sessions(face_device(tunnel), peer.slot)[known->keyring.current];
		status->has_session = session_may_send(current, face_moment(now).at);
	}
	return CULVERT_OK;
}

void culvert_set_busy(struct culvert *tunnel, bool is_busy)
{
	tunnel->is_busy = is_busy;
}

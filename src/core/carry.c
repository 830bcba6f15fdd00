/* The tables of what is carried over, and the walks along them. */
#include "carry.h"

#include <string.h>
#include "digest.h"
#include "ensure.h"
#include "lifecycle.h"
#include "members.h"
#include "schedule.h"
#include "wipe.h"

struct field {
	const char *name;
	uint16_t offset, size;
	bool is_bool;
};

#define BYTES(type, member)                                                                        \
	{                                                                                          \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member), false  \
	}
#define BOOL(type, member)                                                                         \
	{                                                                                          \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member), true   \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct field device_fields[] = {
	BOOL(device, is_up),
	BOOL(device, has_identity),
	BYTES(device, identity.private_key),
	BYTES(device, checker.secret),
	BYTES(device, checker.secret_born),
	BYTES(device, loaded_until),
	BYTES(device, mark),
	BYTES(device, verdicts),
};

static const struct field peer_fields[] = {
	BYTES(peer, public_key),
	BYTES(peer, psk),
	BYTES(peer, static_static_state),
	BYTES(peer, static_static),
	BYTES(peer, cookie.cookie),
	BYTES(peer, cookie.cookie_born),
	BYTES(peer, cookie.last_mac1),
	BOOL(peer, cookie.may_accept_reply),
	BOOL(peer, has_handshake),
	BYTES(peer, handshake_index),
	BYTES(peer, handshake),
	BYTES(peer, handshake_sent),
	BYTES(peer, stamp_sent),
	BYTES(peer, stamp_received),
	BYTES(peer, initiation_consumed),
	BYTES(peer, keyring),
	BYTES(peer, timers.due),
	BYTES(peer, timers.persistent_s),
	BYTES(peer, timers.retries),
	BOOL(peer, timers.needs_another_keepalive),
	BOOL(peer, timers.asked_on_receive),
	BYTES(peer, endpoint),
	BYTES(peer, sent_bytes),
	BYTES(peer, received_bytes),
	BYTES(peer, last_handshake),
};

static const struct field session_fields[] = {
	BYTES(session, keys),
	BYTES(session, send_counter),
	BYTES(session, born),
	BYTES(session, local_index),
	BYTES(session, remote_index),
	BOOL(session, is_initiator),
	BOOL(session, may_send),
	BYTES(session, replay),
};

static uint64_t digest_fields(uint64_t digest, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		digest = digest_add_text(digest, fields[i].name);
		digest = digest_add(digest, &fields[i].size, sizeof(fields[i].size));
	}
	return digest;
}

uint64_t carry_layout(void)
{
	const uint8_t version = CARRY_VERSION;
	uint64_t digest = digest_add(DIGEST_EMPTY, &version, sizeof(version));

	digest = digest_fields(digest, device_fields, COUNT(device_fields));
	digest = digest_fields(digest, peer_fields, COUNT(peer_fields));
	return digest_fields(digest, session_fields, COUNT(session_fields));
}

static size_t store(
	const void *record, const struct field *fields, size_t count, uint8_t *out, size_t at)
{
	for (size_t i = 0; i < count; i++) {
		memcpy(out + at, (const uint8_t *)record + fields[i].offset, fields[i].size);
		at += fields[i].size;
	}
	return at;
}

/* What is still to be read. */
struct rest {
	const uint8_t *at;
	size_t len;
};

static bool load(struct rest *rest, void *record, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rest->len < fields[i].size || (fields[i].is_bool && rest->at[0] > 1))
			return false;
		memcpy((uint8_t *)record + fields[i].offset, rest->at, fields[i].size);
		rest->at += fields[i].size;
		rest->len -= fields[i].size;
	}
	return true;
}

size_t carry_store_device(const struct device *device, uint8_t *out)
{
	return store(device, device_fields, COUNT(device_fields), out, 0);
}

bool carry_load_device(struct device *device, const uint8_t *bytes, size_t len)
{
	struct rest rest = {bytes, len};
	struct device loaded;
	bool is_good;

	ENSURE(device->peers_count == 0 && !device->is_up);
	is_good = load(&rest, &loaded, device_fields, COUNT(device_fields)) && rest.len == 0;
	if (is_good && loaded.has_identity) {
		device_set_private_key(device, &loaded.identity.private_key);
		memcpy(device->checker.secret, loaded.checker.secret,
			sizeof(device->checker.secret));
		device->checker.secret_born = loaded.checker.secret_born;
	}
	if (is_good) {
		device->is_up = loaded.is_up;
		device->loaded_until = loaded.loaded_until;
		device->mark = loaded.mark;
		memcpy(device->verdicts, loaded.verdicts, sizeof(device->verdicts));
	}
	wipe(&loaded, sizeof(loaded));
	return is_good;
}

size_t carry_store_peer(struct device *device, uint32_t slot, uint8_t *out)
{
	const struct peer *peer = device_peer(device, slot);
	const struct session *sessions = device_sessions(device, slot);
	size_t len = store(peer, peer_fields, COUNT(peer_fields), out, 0);

	for (unsigned i = 0; i < SESSIONS_PER_PEER; i++) {
		out[len++] = sessions[i].is_present;
		if (sessions[i].is_present)
			len = store(&sessions[i], session_fields, COUNT(session_fields), out, len);
	}
	return len;
}

/* Each part is played by another session, and one that is there. */
static bool is_sound(const struct keyring *ring, const struct session *sessions)
{
	const uint8_t parts[] = {ring->previous, ring->current, ring->next};
	unsigned played = 0;

	for (unsigned i = 0; i < COUNT(parts); i++) {
		if (parts[i] == SESSION_NONE)
			continue;
		if (parts[i] > SESSION_NONE || (played & 1U << parts[i]) ||
			!sessions[parts[i]].is_present)
			return false;
		played |= 1U << parts[i];
	}
	for (unsigned i = 0; i < SESSIONS_PER_PEER; i++)
		if (sessions[i].is_present && !(played & 1U << i))
			return false;
	return true;
}

static bool load_sessions(struct rest *rest, struct session *sessions)
{
	for (unsigned i = 0; i < SESSIONS_PER_PEER; i++) {
		if (rest->len == 0 || rest->at[0] > 1)
			return false;
		sessions[i].is_present = rest->at[0];
		rest->at++;
		rest->len--;
		if (sessions[i].is_present &&
			!load(rest, &sessions[i], session_fields, COUNT(session_fields)))
			return false;
	}
	return rest->len == 0;
}

/* The receiver indices of what the peer has; false, with none entered, when one is taken. */
static bool enter_indices(struct device *device, uint32_t slot)
{
	const struct peer *peer = device_peer(device, slot);
	const struct session *sessions = device_sessions(device, slot);
	struct index_table *table = device_indices(device);
	uint32_t indices[1 + SESSIONS_PER_PEER];
	uint8_t slots[COUNT(indices)];
	unsigned count = 0;

	if (peer->has_handshake) {
		indices[count] = peer->handshake_index;
		slots[count++] = INDEX_HANDSHAKE;
	}
	for (unsigned i = 0; i < SESSIONS_PER_PEER; i++)
		if (sessions[i].is_present) {
			indices[count] = sessions[i].local_index;
			slots[count++] = (uint8_t)(INDEX_SESSION_0 + i);
		}
	for (unsigned i = 0; i < count; i++)
		if (!index_insert(table, indices[i],
			    (struct index_entry){.peer = slot, .slot = slots[i]})) {
			while (i-- > 0)
				index_remove(table, indices[i]);
			return false;
		}
	return true;
}

static bool load_peer(struct rest *rest, struct peer *peer, struct session *sessions)
{
	return load(rest, peer, peer_fields, COUNT(peer_fields)) && load_sessions(rest, sessions) &&
	       is_sound(&peer->keyring, sessions) &&
	       (unsigned)peer->static_static_state <= STATIC_STATIC_KNOWN &&
	       ip_is_family(peer->endpoint.addr.family) &&
	       ip_is_family(peer->endpoint.local.family);
}

bool carry_load_peer(struct device *device, const uint8_t *bytes, size_t len, uint32_t *slot)
{
	struct rest rest = {bytes, len};
	struct public_key key;
	struct session *sessions;
	struct peer *peer;

	if (len < sizeof(key))
		return false;
	memcpy(key.b, bytes, sizeof(key));
	if (device_find_peer(device, &key) != PEER_NONE)
		return false;
	*slot = device_add_peer(device, &key);
	if (*slot == PEER_NONE)
		return false;
	peer = device_peer(device, *slot);
	sessions = device_sessions(device, *slot);
	if (load_peer(&rest, peer, sessions) && enter_indices(device, *slot)) {
		device_reschedule(device, *slot);
		return true;
	}
	/* What it says of keys is not to be believed when it is removed. */
	keyring_init(&peer->keyring);
	peer->has_handshake = false;
	wipe(sessions, SESSIONS_PER_PEER * sizeof(*sessions));
	device_remove_peer(device, *slot);
	return false;
}

/*
 * Handshake messages against the device's state. Datagrams come from daemon/datapath (in) and
 * leave by its endpoint (out); the mathematics is noise.c's.
 */
#include "handshake.h"

#include <string.h>
#include "ensure.h"
#include "limits.h"
#include "members.h"
#include "schedule.h"
#include "wipe.h"
#include "x25519.h"

void handshake_job_fini(struct handshake_job *job)
{
	wipe(job, sizeof(*job));
}

/* The handshake of ours that a response names, if it waits for one. */
static bool find_handshake(
	struct device *device, const struct handshake_message *message, struct index_entry *entry)
{
	const struct wire_response *response = (const void *)message->bytes;

	return index_lookup(device_indices(device), le32_load(response->receiver), entry) &&
	       entry->slot == INDEX_HANDSHAKE;
}

enum verdict handshake_admit(struct device *device, const struct handshake_message *message,
	bool is_busy, struct instant now, const struct chance *chance,
	struct wire_cookie_reply *reply)
{
	struct index_entry entry;

	if (!device->has_identity)
		return device_count(device, VERDICT_NO_IDENTITY);
	/* First what costs least: nobody can guess the index that we wait for. */
	if (message->len == RESPONSE_LEN && !find_handshake(device, message, &entry))
		return device_count(device, VERDICT_NO_HANDSHAKE);
	if (!cookie_check_mac1(&device->checker, message->bytes, message->len))
		return device_count(device, VERDICT_BAD_MAC1);
	if (is_busy)
		device->loaded_until = instant_after(now, UNDER_LOAD_HOLD_NS);
	if (instant_reached(now, device->loaded_until))
		return VERDICT_OK;
	if (!cookie_check_mac2(
		    &device->checker, message->bytes, message->len, &message->source, now)) {
		cookie_create_reply(&device->checker, message->bytes, message->len,
			&message->source, now, chance->cookie_secret, chance->nonce, reply);
		return device_count(device, VERDICT_COOKIE_NEEDED);
	}
	if (!ratelimit_allow(device_sources(device), &message->source.addr, now))
		return device_count(device, VERDICT_RATE_LIMITED);
	return VERDICT_OK;
}

enum verdict handshake_consume_cookie_reply(
	struct device *device, const struct wire_cookie_reply *reply, struct instant now)
{
	struct index_entry entry;

	if (!index_lookup(device_indices(device), le32_load(reply->receiver), &entry))
		return device_count(device, VERDICT_NO_HANDSHAKE);
	if (!cookie_consume_reply(&device_peer(device, entry.peer)->cookie, reply, now))
		return device_count(device, VERDICT_BAD_COOKIE);
	return VERDICT_OK;
}

/* What every job needs of the device, and of the peer when it is known. */
static void begin(struct device *device, enum handshake_step step, struct instant now,
	struct handshake_job *job)
{
	job->step = step;
	job->identity_epoch = device->identity_epoch;
	job->prepared = now;
	job->self = device->identity;
	job->result = VERDICT_OK;
	job->datagram_len = 0;
}

static void copy_peer(const struct peer *peer, uint32_t slot, struct handshake_job *job)
{
	job->peer = (struct peer_id){slot, peer->generation};
	job->remote = peer->public_key;
	job->psk = peer->psk;
	job->static_static = peer->static_static;
	job->is_static_static_known = peer->static_static_state == STATIC_STATIC_KNOWN;
}

static bool is_throttled(const struct peer *peer, struct instant now)
{
	return peer->is_initiating ||
	       (peer->handshake_sent.ns != 0 &&
		       instant_age(now, peer->handshake_sent) < REKEY_TIMEOUT_NS);
}

enum verdict handshake_prepare_initiation(struct device *device, uint32_t slot, bool is_retry,
	struct moment now, const struct chance *chance, struct handshake_job *job)
{
	struct peer *peer = device_peer(device, slot);

	if (!is_retry)
		peer->timers.retries = 0;
	if (!device->is_up)
		return VERDICT_NOT_NOW;
	if (is_throttled(peer, now.at)) {
		/*
		 * Wanted all the same: at the first moment that is allowed. One under way may have been
		 * prepared before the machine slept, and its moment be over.
		 */
		device_timer_event(device, slot, EVENT_INITIATION_PUT_OFF,
			peer->is_initiating ? now.at : peer->handshake_sent,
			le32_load(chance->jitter));
		return VERDICT_NOT_NOW;
	}
	peer->handshake_sent = now.at;
	if (!device->has_identity || peer->endpoint.addr.family == IP_NONE) {
		/* Nothing can leave, but the retries go on: what is missing may come. */
		device_timer_event(device, slot, EVENT_TRAVERSAL, now.at, 0);
		device_timer_event(
			device, slot, EVENT_INITIATION_SENT, now.at, le32_load(chance->jitter));
		return device->has_identity ? VERDICT_NO_ENDPOINT : VERDICT_NO_IDENTITY;
	}
	begin(device, STEP_INITIATE, now.at, job);
	copy_peer(peer, slot, job);
	peer->stamp_sent = tai64n_next(now.wall, &peer->stamp_sent);
	peer->is_initiating = true;
	job->stamp = peer->stamp_sent;
	job->ephemeral = chance->ephemeral;
	return VERDICT_OK;
}

static enum verdict prepare_response(
	struct device *device, struct instant now, struct handshake_job *job)
{
	struct index_entry entry;
	struct peer *peer;

	if (!find_handshake(device, &job->message, &entry))
		return device_count(device, VERDICT_NO_HANDSHAKE);
	peer = device_peer(device, entry.peer);
	begin(device, STEP_COMPLETE, now, job);
	copy_peer(peer, entry.peer, job);
	job->handshake = peer->handshake;
	job->handshake_index = peer->handshake_index;
	return VERDICT_OK;
}

enum verdict handshake_prepare_message(struct device *device,
	const struct handshake_message *message, struct instant now, struct handshake_job *job)
{
	if (!device->has_identity)
		return device_count(device, VERDICT_NO_IDENTITY);
	job->message = *message;
	if (message->len == RESPONSE_LEN)
		return prepare_response(device, now, job);
	begin(device, STEP_OPEN, now, job);
	return VERDICT_OK;
}

static void learn_static_static(struct handshake_job *job)
{
	if (job->is_static_static_known)
		return;
	/* A peer with a low-order key keeps the all-zero secret, and noise.c refuses it. */
	if (!x25519_shared(&job->self.private_key, &job->remote, &job->static_static))
		wipe(&job->static_static, sizeof(job->static_static));
	job->is_static_static_known = true;
}

static bool run_initiate(struct handshake_job *job)
{
	learn_static_static(job);
	job->datagram_len = INITIATION_LEN;
	return noise_create_initiation(&job->self, &job->remote, &job->static_static,
		&job->ephemeral, &job->stamp, &job->handshake, (void *)job->datagram);
}

/* job->stamp: the greatest timestamp seen from the peer; a replay costs no further than this. */
static enum verdict run_respond(struct handshake_job *job)
{
	struct tai64n greatest = job->stamp;

	learn_static_static(job);
	if (!noise_accept_initiation(&job->handshake, &job->static_static,
		    (const void *)job->message.bytes, &job->stamp))
		return VERDICT_BAD_HANDSHAKE;
	if (!tai64n_newer(&job->stamp, &greatest))
		return VERDICT_OLD_TIMESTAMP;
	job->datagram_len = RESPONSE_LEN;
	return noise_create_response(&job->handshake, &job->remote, &job->psk, &job->ephemeral,
		       (void *)job->datagram, &job->keys)
		       ? VERDICT_OK
		       : VERDICT_BAD_HANDSHAKE;
}

void handshake_run(struct handshake_job *job)
{
	bool ok = false;

	switch (job->step) {
	case STEP_INITIATE:
		ok = run_initiate(job);
		break;
	case STEP_OPEN:
		ok = noise_open_initiation(&job->self, (const void *)job->message.bytes,
			&job->handshake, &job->remote);
		break;
	case STEP_RESPOND:
		job->result = run_respond(job);
		return;
	case STEP_COMPLETE:
		ok = noise_consume_response(&job->self, &job->handshake, &job->psk,
			(const void *)job->message.bytes, &job->keys);
		break;
	}
	job->result = ok ? VERDICT_OK : VERDICT_BAD_HANDSHAKE;
}

/* Enters the first free one of the drawn indices for the peer. */
static bool draw_index(struct device *device, uint32_t slot, enum index_slot what,
	const struct chance *chance, uint32_t *index)
{
	struct index_entry entry = {.peer = slot, .slot = (uint8_t)what};

	for (unsigned i = 0; i < CHANCE_INDICES; i++) {
		*index = index_mark_put(&device->mark, le32_load(chance->indices[i]));
		if (index_insert(device_indices(device), *index, entry))
			return true;
	}
	return false;
}

static void keep_static_static(struct peer *peer, const struct handshake_job *job)
{
	if (job->is_static_static_known) {
		peer->static_static = job->static_static;
		peer->static_static_state = STATIC_STATIC_KNOWN;
	}
}

/* Our initiation is ready: it takes the peer's handshake slot and goes out. */
static enum verdict finish_initiate(struct device *device, struct peer *peer,
	struct handshake_job *job, struct instant now, const struct chance *chance)
{
	struct wire_initiation *message = (void *)job->datagram;
	uint32_t slot = job->peer.slot;

	peer->is_initiating = false;
	keep_static_static(peer, job);
	device_timer_event(device, slot, EVENT_INITIATION_SENT, now, le32_load(chance->jitter));
	/* Meanwhile we answered the peer's own initiation: that handshake goes first. */
	if (peer->handshake_sent.ns != job->prepared.ns)
		return VERDICT_NOT_NOW;
	if (job->result != VERDICT_OK)
		return device_count(device, job->result);
	device_clear_handshake(device, slot);
	if (!draw_index(device, slot, INDEX_HANDSHAKE, chance, &peer->handshake_index))
		return VERDICT_GONE;
	peer->has_handshake = true;
	peer->handshake = job->handshake;
	message->type = le32_store(MESSAGE_INITIATION);
	message->sender = le32_store(peer->handshake_index);
	cookie_stamp(&peer->cookie, job->datagram, job->datagram_len, now);
	device_timer_event(device, slot, EVENT_TRAVERSAL, now, 0);
	device_timer_event(device, slot, EVENT_ANY_SENT, now, 0);
	return VERDICT_OK;
}

/* The initiation names a peer: if we have it, it may prove itself. */
static enum verdict finish_open(
	struct device *device, struct handshake_job *job, const struct chance *chance)
{
	uint32_t slot;
	const struct peer *peer;

	if (job->result != VERDICT_OK)
		return device_count(device, job->result);
	slot = device_find_peer(device, &job->remote);
	if (slot == PEER_NONE)
		return device_count(device, VERDICT_UNKNOWN_PEER);
	peer = device_peer(device, slot);
	copy_peer(peer, slot, job);
	job->stamp = peer->stamp_received;
	job->ephemeral = chance->ephemeral;
	job->step = STEP_RESPOND;
	return VERDICT_OK;
}

static bool is_flood(const struct peer *peer, struct instant now)
{
	return peer->initiation_consumed.ns != 0 &&
	       instant_age(now, peer->initiation_consumed) < INITIATION_INTERVAL_NS;
}

/*
 * Two initiations crossed when ours still waits. If both ends gave theirs up for the other's, both
 * responses would come too late and only chance could end it; so one of them, as the keys are
 * ordered, keeps its own. A peer that does not know this rule gives up and so keeps it, too, or
 * it tries again as always.
 */
static bool must_yield(const struct device *device, const struct peer *peer)
{
	return memcmp(device->identity.public_key.b, peer->public_key.b, KEY_LEN) < 0;
}

/* A genuine initiation and our response to it: the new keys wait for the peer's first packet. */
static enum verdict finish_respond(struct device *device, struct peer *peer,
	struct handshake_job *job, struct instant now, const struct chance *chance)
{
	const struct wire_initiation *initiation = (const void *)job->message.bytes;
	struct wire_response *response = (void *)job->datagram;
	struct session *sessions = device_sessions(device, job->peer.slot);
	struct session_freed freed = {.count = 0};
	uint32_t slot = job->peer.slot, index;
	uint8_t number;

	keep_static_static(peer, job);
	if (job->result != VERDICT_OK)
		return device_count(device, job->result);
	if (!tai64n_newer(&job->stamp, &peer->stamp_received))
		return device_count(device, VERDICT_OLD_TIMESTAMP);
	if (is_flood(peer, now))
		return device_count(device, VERDICT_INITIATION_FLOOD);
	peer->stamp_received = job->stamp;
	peer->initiation_consumed = now;
	peer->endpoint = job->message.source;
	peer->received_bytes += INITIATION_LEN;
	if (must_yield(device, peer))
		device_clear_handshake(device, slot);
	device_timer_event(device, slot, EVENT_ANY_RECEIVED, now, 0);

	number = keyring_add_unconfirmed(&peer->keyring, sessions, &freed);
	device_forget_sessions(device, &freed);
	if (!draw_index(device, slot, INDEX_SESSION_0 + number, chance, &index)) {
		peer->keyring.next = SESSION_NONE;
		return VERDICT_GONE;
	}
	session_begin(
		&sessions[number], &job->keys, false, index, le32_load(initiation->sender), now);
	response->type = le32_store(MESSAGE_RESPONSE);
	response->sender = le32_store(index);
	response->receiver = initiation->sender;
	cookie_stamp(&peer->cookie, job->datagram, job->datagram_len, now);
	peer->handshake_sent = now;
	device_timer_event(device, slot, EVENT_SESSION_DERIVED, now, 0);
	device_timer_event(device, slot, EVENT_TRAVERSAL, now, 0);
	device_timer_event(device, slot, EVENT_ANY_SENT, now, 0);
	return VERDICT_OK;
}

/* The response to our initiation: the new keys are current at once. */
static enum verdict finish_complete(
	struct device *device, struct peer *peer, struct handshake_job *job, struct moment now)
{
	const struct wire_response *response = (const void *)job->message.bytes;
	struct session *sessions = device_sessions(device, job->peer.slot);
	struct session_freed freed = {.count = 0};
	uint32_t slot = job->peer.slot;
	uint8_t number;

	/* Refused or outdated: the handshake that waits, if any, goes on waiting. */
	if (job->result != VERDICT_OK)
		return device_count(device, job->result);
	if (!peer->has_handshake || peer->handshake_index != job->handshake_index)
		return device_count(device, VERDICT_NO_HANDSHAKE);
	peer->endpoint = job->message.source;
	peer->received_bytes += RESPONSE_LEN;
	peer->last_handshake = now.wall;

	number = keyring_add_confirmed(&peer->keyring, sessions, now.at, &freed);
	device_forget_sessions(device, &freed);
	session_begin(&sessions[number], &job->keys, true, peer->handshake_index,
		le32_load(response->sender), now.at);
	index_replace(device_indices(device), peer->handshake_index,
		(struct index_entry){.peer = slot, .slot = (uint8_t)(INDEX_SESSION_0 + number)});
	peer->has_handshake = false;
	wipe(&peer->handshake, sizeof(peer->handshake));
	device_timer_event(device, slot, EVENT_ANY_RECEIVED, now.at, 0);
	device_timer_event(device, slot, EVENT_TRAVERSAL, now.at, 0);
	device_timer_event(device, slot, EVENT_SESSION_DERIVED, now.at, 0);
	device_timer_event(device, slot, EVENT_HANDSHAKE_COMPLETE, now.at, 0);
	return VERDICT_OK;
}

enum verdict handshake_finish(struct device *device, struct handshake_job *job, struct moment now,
	const struct chance *chance, unsigned *effects)
{
	struct peer *peer;
	enum verdict verdict = VERDICT_GONE;

	*effects = EFFECT_NONE;
	if (!device->is_up || job->identity_epoch != device->identity_epoch)
		return VERDICT_GONE;
	if (job->step == STEP_OPEN) {
		verdict = finish_open(device, job, chance);
		if (verdict == VERDICT_OK)
			*effects = EFFECT_RUN_AGAIN;
		return verdict;
	}
	peer = device_peer_by_id(device, job->peer);
	if (!peer)
		return VERDICT_GONE;
	switch (job->step) {
	case STEP_OPEN:
		break;
	case STEP_INITIATE:
		verdict = finish_initiate(device, peer, job, now.at, chance);
		if (verdict == VERDICT_OK)
			*effects = EFFECT_SEND;
		break;
	case STEP_RESPOND:
		verdict = finish_respond(device, peer, job, now.at, chance);
		if (verdict == VERDICT_OK)
			*effects = EFFECT_SEND;
		break;
	case STEP_COMPLETE:
		verdict = finish_complete(device, peer, job, now);
		if (verdict == VERDICT_OK)
			*effects = EFFECT_FLUSH | EFFECT_KEEPALIVE;
		break;
	}
	return verdict;
}

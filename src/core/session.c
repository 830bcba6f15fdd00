/* Key slots: who is previous, current, next; and the limits of one key's life. */
#include "session.h"

#include <string.h>
#include "ensure.h"
#include "wipe.h"

void keyring_init(struct keyring *ring)
{
	*ring = (struct keyring){SESSION_NONE, SESSION_NONE, SESSION_NONE};
}

static void free_slot(uint8_t *slot, struct session *sessions, struct session_freed *freed)
{
	if (*slot == SESSION_NONE)
		return;
	ENSURE(freed->count < SESSIONS_PER_PEER);
	freed->indices[freed->count++] = sessions[*slot].local_index;
	wipe(&sessions[*slot], sizeof(sessions[*slot]));
	*slot = SESSION_NONE;
}

static uint8_t unused_slot(const struct session *sessions)
{
	uint8_t slot = 0;

	while (slot < SESSIONS_PER_PEER && sessions[slot].is_present)
		slot++;
	ENSURE(slot < SESSIONS_PER_PEER);
	return slot;
}

static bool is_aged(const struct session *session, struct instant now, uint64_t age_ns)
{
	return instant_age(now, session->born) >= age_ns;
}

uint8_t keyring_add_confirmed(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct instant now, struct session_freed *freed)
{
	free_slot(&ring->previous, sessions, freed);
	/*
	 * Who has a key uses it at once: one that stayed unconfirmed for so long is nobody's, left
	 * behind by initiations that crossed. The peer still sends under current.
	 */
	if (ring->next != SESSION_NONE && is_aged(&sessions[ring->next], now, REKEY_TIMEOUT_NS))
		free_slot(&ring->next, sessions, freed);
	if (ring->next != SESSION_NONE) {
		free_slot(&ring->current, sessions, freed);
		ring->previous = ring->next;
		ring->next = SESSION_NONE;
	} else {
		ring->previous = ring->current;
	}
	ring->current = unused_slot(sessions);
	return ring->current;
}

uint8_t keyring_add_unconfirmed(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct session_freed *freed)
{
	free_slot(&ring->next, sessions, freed);
	free_slot(&ring->previous, sessions, freed);
	ring->next = unused_slot(sessions);
	return ring->next;
}

void keyring_confirm(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct session_freed *freed)
{
	ENSURE(ring->next != SESSION_NONE);
	free_slot(&ring->previous, sessions, freed);
	ring->previous = ring->current;
	ring->current = ring->next;
	ring->next = SESSION_NONE;
}

void keyring_clear(struct keyring *ring, struct session sessions[SESSIONS_PER_PEER],
	struct session_freed *freed)
{
	free_slot(&ring->previous, sessions, freed);
	free_slot(&ring->current, sessions, freed);
	free_slot(&ring->next, sessions, freed);
}

void session_begin(struct session *session, const struct noise_keys *keys, bool is_initiator,
	uint32_t local_index, uint32_t remote_index, struct instant now)
{
	session->keys = *keys;
	session->send_counter = 0;
	session->born = now;
	session->local_index = local_index;
	session->remote_index = remote_index;
	session->is_present = true;
	session->is_initiator = is_initiator;
	session->may_send = true;
	replay_init(&session->replay);
}

bool session_may_receive(const struct session *session, struct instant now)
{
	return session->is_present && !is_aged(session, now, REJECT_AFTER_TIME_NS) &&
	       session->replay.next < REJECT_AFTER_MESSAGES;
}

bool session_may_send(const struct session *session, struct instant now)
{
	return session->is_present && session->may_send &&
	       !is_aged(session, now, REJECT_AFTER_TIME_NS) &&
	       session->send_counter < REJECT_AFTER_MESSAGES;
}

uint32_t session_reserve(
	struct session *session, uint32_t count, struct instant now, uint64_t *first)
{
	if (!session_may_send(session, now)) {
		session->may_send = false;
		return 0;
	}
	if (count > REJECT_AFTER_MESSAGES - session->send_counter)
		count = (uint32_t)(REJECT_AFTER_MESSAGES - session->send_counter);
	*first = session->send_counter;
	session->send_counter += count;
	return count;
}

bool session_wants_rekey_on_send(const struct session *session, struct instant now)
{
	return session->may_send &&
	       (session->send_counter > REKEY_AFTER_MESSAGES ||
		       (session->is_initiator && is_aged(session, now, REKEY_AFTER_TIME_NS)));
}

bool session_wants_rekey_on_receive(const struct session *session, struct instant now)
{
	return session->may_send && session->is_initiator &&
	       is_aged(session, now, REKEY_ON_RECEIVE_NS);
}

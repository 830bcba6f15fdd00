/* What must hold whatever the network does. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include "wipe.h"

void sim_failed(const struct sim *sim, const char *file, int line, const char *condition)
{
	fail_msg("seed 0x%llx at %.3f s, %s:%d: %s", (unsigned long long)sim->seed,
		(double)sim->now.ns / 1e9, file, line, condition);
	abort();
}

/* Three sessions at most, each in one place, each found by its index; nothing left behind. */
static void check_sessions(struct sim *sim, struct device *device, uint32_t slot)
{
	const struct peer *peer = device_peer(device, slot);
	const struct session *sessions = device_sessions(device, slot);
	const uint8_t places[] = {
		peer->keyring.previous, peer->keyring.current, peer->keyring.next};
	unsigned held[SESSIONS_PER_PEER] = {0};
	struct index_entry entry;

	for (unsigned i = 0; i < 3; i++)
		if (places[i] != SESSION_NONE)
			held[places[i]]++;
	for (unsigned i = 0; i < SESSIONS_PER_PEER; i++) {
		SIM_ENSURE(sim, held[i] == sessions[i].is_present);
		if (!sessions[i].is_present) {
			SIM_ENSURE(sim, bytes_zero_ct(&sessions[i].keys, sizeof(sessions[i].keys)));
			continue;
		}
		SIM_ENSURE(
			sim, index_lookup(device_indices(device), sessions[i].local_index, &entry));
		SIM_ENSURE(sim, entry.peer == slot && entry.slot == INDEX_SESSION_0 + i);
	}
	/* Only the responder's unconfirmed key is next. */
	SIM_ENSURE(sim,
		peer->keyring.next == SESSION_NONE || !sessions[peer->keyring.next].is_initiator);
}

static void check_handshake(struct sim *sim, struct device *device, uint32_t slot)
{
	const struct peer *peer = device_peer(device, slot);
	struct index_entry entry;

	if (peer->has_handshake) {
		SIM_ENSURE(
			sim, index_lookup(device_indices(device), peer->handshake_index, &entry));
		SIM_ENSURE(sim, entry.peer == slot && entry.slot == INDEX_HANDSHAKE);
	} else {
		SIM_ENSURE(sim, bytes_zero_ct(&peer->handshake, sizeof(peer->handshake)));
	}
	SIM_ENSURE(sim, peer->wake.ns <= timers_next(&peer->timers).ns);
}

void sim_check(struct sim *sim)
{
	for (unsigned i = 0; i < sim->hosts_count; i++) {
		struct device *device = sim->hosts[i].device;

		for (uint32_t slot = device->first_peer; slot != PEER_NONE;
			slot = device_peer(device, slot)->next) {
			check_sessions(sim, device, slot);
			check_handshake(sim, device, slot);
		}
	}
}

/* The entry of the key, new ones beginning at counter 0. */
static struct sim_key *find_key(struct sim *sim, const struct symmetric_key *key)
{
	uint32_t at;

	memcpy(&at, key->b, sizeof(at));
	for (unsigned i = 0; i < SIM_KEYS; i++) {
		struct sim_key *entry = &sim->keys[(at + i) % SIM_KEYS];

		if (memcmp(&entry->key, key, sizeof(*key)) == 0)
			return entry;
		if (bytes_zero_ct(&entry->key, sizeof(entry->key))) {
			entry->key = *key;
			return entry;
		}
	}
	sim_failed(sim, __FILE__, __LINE__, "the table of keys is long enough");
}

/* Each key seals each counter once, and only while it is young and current. */
void sim_check_sealing(struct sim *sim, struct sim_host *host, uint32_t slot,
	const struct symmetric_key *key, uint64_t counter)
{
	const struct peer *peer = device_peer(host->device, slot);
	const struct session *current = &device_sessions(host->device, slot)[peer->keyring.current];
	struct sim_key *entry = find_key(sim, key);

	SIM_ENSURE(sim, peer->keyring.current != SESSION_NONE);
	SIM_ENSURE(sim, memcmp(key, &current->keys.send, sizeof(*key)) == 0);
	SIM_ENSURE(sim, sim->now.ns - current->born.ns < REJECT_AFTER_TIME_NS);
	SIM_ENSURE(sim, counter < REJECT_AFTER_MESSAGES);
	SIM_ENSURE(sim, counter >= entry->next);
	entry->next = counter + 1;
}

/* A host's own initiations to a peer are always newer, whatever its clock does. */
void sim_check_stamp(
	struct sim *sim, struct sim_host *host, uint32_t slot, const struct tai64n *stamp)
{
	SIM_ENSURE(sim, tai64n_newer(stamp, &host->stamps[slot]));
	host->stamps[slot] = *stamp;
}

/* An accepted packet is one that was sent, to us, by the peer it came from, and for once. */
void sim_check_accepted(
	struct sim *sim, struct sim_host *host, uint32_t slot, const uint8_t *packet, size_t len)
{
	struct sim_packet *known;
	struct be64 id;

	SIM_ENSURE(sim, len >= 32);
	memcpy(&id, packet + 20, sizeof(id));
	SIM_ENSURE(sim, be64_load(id) < sim->packets_count);
	known = &sim->packets[be64_load(id)];
	SIM_ENSURE(sim, &sim->hosts[known->to] == host);
	SIM_ENSURE(sim, slot == sim_slot(sim, known->to, known->from));
	SIM_ENSURE(sim, !known->is_delivered);
	known->is_delivered = true;
	known->delivered = sim->now;
	sim->delivered_count++;
}

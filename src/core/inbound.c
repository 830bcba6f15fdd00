/*
 * From a sealed message to a plain packet. Datagrams come from the UDP socket by daemon/datapath
 * and go back to it as packets for the TUN device.
 */
#include "inbound.h"

#include "ip.h"
#include "limits.h"
#include "members.h"
#include "schedule.h"
#include "wipe.h"

void inbound_run_fini(struct inbound_run *run)
{
	wipe(&run->key, sizeof(run->key));
}

enum verdict inbound_prepare(
	struct device *device, const uint8_t *datagram, struct instant now, struct inbound_run *run)
{
	const struct wire_data *header = (const void *)datagram;
	const struct session *session;
	struct index_entry entry;

	if (!index_lookup(device_indices(device), le32_load(header->receiver), &entry) ||
		entry.slot == INDEX_HANDSHAKE)
		return device_count(device, VERDICT_NO_SESSION);
	run->session = (uint8_t)(entry.slot - INDEX_SESSION_0);
	session = &device_sessions(device, entry.peer)[run->session];
	if (!session_may_receive(session, now))
		return device_count(device, VERDICT_EXPIRED);
	run->peer = (struct peer_id){entry.peer, device_peer(device, entry.peer)->generation};
	run->local_index = session->local_index;
	run->key = session->keys.receive;
	run->has_authentic = run->has_data = false;
	run->bytes = 0;
	return VERDICT_OK;
}

bool inbound_belongs(const struct inbound_run *run, const uint8_t *datagram)
{
	const struct wire_data *header = (const void *)datagram;

	return le32_load(header->receiver) == run->local_index;
}

bool inbound_open(
	struct bulk_engine *engine, const struct inbound_run *run, uint8_t *datagram, size_t len)
{
	const struct wire_data *header = (const void *)datagram;
	uint8_t *sealed = datagram + DATA_HEADER_LEN;

	return bulk_open(
		engine, &run->key, le64_load(header->counter), sealed, len - DATA_OVERHEAD, sealed);
}

/* The run's session, unless it was freed since. */
static struct session *run_session(struct device *device, const struct inbound_run *run)
{
	struct session *session;

	if (!device_peer_by_id(device, run->peer))
		return NULL;
	session = &device_sessions(device, run->peer.slot)[run->session];
	return session->is_present && session->local_index == run->local_index ? session : NULL;
}

/* Trims to the packet's own length and checks that its source is the peer's. */
static enum verdict accept_packet(struct device *device, const struct inbound_run *run,
	uint8_t *packet, size_t padded_len, uint8_t outer_ecn, size_t *packet_len)
{
	const struct allowedips *allowed_ips = device_allowed_ips(device);
	struct ip_info info;
	uint32_t owner;

	if (!ip_parse(packet, padded_len, &info))
		return device_count(device, VERDICT_BAD_INNER);
	owner = info.family == IP_V4 ? allowedips_lookup_v4(allowed_ips, info.source)
				     : allowedips_lookup_v6(allowed_ips, info.source);
	if (owner != run->peer.slot)
		return device_count(device, VERDICT_WRONG_SOURCE);
	ip_ecn_decapsulate(packet, outer_ecn);
	*packet_len = info.len;
	return VERDICT_OK;
}

enum verdict inbound_accept(struct device *device, struct inbound_run *run, bool is_open,
	uint8_t *datagram, size_t len, uint8_t outer_ecn, size_t *packet_len)
{
	const struct wire_data *header = (const void *)datagram;
	struct session *session = run_session(device, run);
	enum verdict verdict;

	*packet_len = 0;
	if (!is_open)
		return device_count(device, VERDICT_BAD_TAG);
	if (!session)
		return device_count(device, VERDICT_GONE);
	if (!replay_accept(&session->replay, le64_load(header->counter)))
		return device_count(device, VERDICT_REPLAYED);
	run->has_authentic = true;
	if (len == KEEPALIVE_LEN) {
		run->bytes += len;
		return VERDICT_OK;
	}
	run->has_data = true;
	verdict = accept_packet(device, run, datagram + DATA_HEADER_LEN, len - DATA_OVERHEAD,
		outer_ecn, packet_len);
	if (verdict == VERDICT_OK)
		run->bytes += len;
	return verdict;
}

/* First data under the key that we answered with: the initiator has it, so we may use it. */
static void confirm(struct device *device, uint32_t slot, struct moment now)
{
	struct peer *peer = device_peer(device, slot);
	struct session_freed freed = {.count = 0};

	keyring_confirm(&peer->keyring, device_sessions(device, slot), &freed);
	device_forget_sessions(device, &freed);
	peer->last_handshake = now.wall;
	device_timer_event(device, slot, EVENT_HANDSHAKE_COMPLETE, now.at, 0);
}

static bool wants_rekey(struct device *device, uint32_t slot, struct instant now)
{
	struct peer *peer = device_peer(device, slot);

	if (peer->keyring.current == SESSION_NONE || peer->timers.asked_on_receive ||
		!session_wants_rekey_on_receive(
			&device_sessions(device, slot)[peer->keyring.current], now))
		return false;
	peer->timers.asked_on_receive = true;
	return true;
}

unsigned inbound_finish(struct device *device, const struct inbound_run *run,
	const struct endpoint *source, struct moment now)
{
	struct peer *peer = device_peer_by_id(device, run->peer);
	uint32_t slot = run->peer.slot;
	unsigned effects = EFFECT_NONE;

	if (!run->has_authentic || !peer || !run_session(device, run))
		return EFFECT_NONE;
	peer->endpoint = *source;
	peer->received_bytes += run->bytes;
	if (run->session == peer->keyring.next) {
		confirm(device, slot, now);
		effects |= EFFECT_FLUSH;
	}
	if (wants_rekey(device, slot, now.at))
		effects |= EFFECT_INITIATE;
	device_timer_event(device, slot, EVENT_ANY_RECEIVED, now.at, 0);
	device_timer_event(device, slot, EVENT_TRAVERSAL, now.at, 0);
	if (run->has_data)
		device_timer_event(device, slot, EVENT_DATA_RECEIVED, now.at, 0);
	return effects;
}

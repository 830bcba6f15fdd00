/*
 * From a plain packet to a sealed message. Packets come from the TUN device by daemon/datapath
 * and go back to it as datagrams for the UDP socket.
 */
#include "outbound.h"

#include "ensure.h"
#include "ip.h"
#include "limits.h"
#include "schedule.h"
#include "wipe.h"

void outbound_grant_fini(struct outbound_grant *grant)
{
	wipe(&grant->key, sizeof(grant->key));
}

enum verdict outbound_route(
	struct device *device, const uint8_t *packet, size_t len, uint32_t *slot)
{
	const struct allowedips *allowed_ips = device_allowed_ips(device);
	struct ip_info info;

	if (!ip_parse(packet, len, &info))
		return device_count(device, VERDICT_BAD_PACKET);
	*slot = info.family == IP_V4 ? allowedips_lookup_v4(allowed_ips, info.destination)
				     : allowedips_lookup_v6(allowed_ips, info.destination);
	if (*slot == ALLOWEDIPS_NONE)
		return device_count(device, VERDICT_NO_PEER);
	if (device_peer(device, *slot)->endpoint.addr.family == IP_NONE)
		return device_count(device, VERDICT_NO_ENDPOINT);
	return VERDICT_OK;
}

enum verdict outbound_reserve(struct device *device, uint32_t slot, uint32_t count,
	struct instant now, struct outbound_grant *grant)
{
	const struct peer *peer = device_peer(device, slot);
	struct session *session;

	if (peer->keyring.current == SESSION_NONE)
		return VERDICT_NO_KEY;
	session = &device_sessions(device, slot)[peer->keyring.current];
	grant->count = session_reserve(session, count, now, &grant->first_counter);
	if (grant->count == 0)
		return VERDICT_NO_KEY;
	grant->peer = (struct peer_id){slot, peer->generation};
	grant->key = session->keys.send;
	grant->receiver = session->remote_index;
	grant->endpoint = peer->endpoint;
	return VERDICT_OK;
}

size_t outbound_padded_len(size_t len, size_t mtu)
{
	size_t in_last = mtu != 0 && len > mtu ? len % mtu : len;
	size_t padded = (in_last + PADDING_MULTIPLE - 1) / PADDING_MULTIPLE * PADDING_MULTIPLE;

	if (mtu != 0 && padded > mtu)
		padded = mtu;
	return len - in_last + padded;
}

void outbound_seal(struct bulk_engine *engine, const struct outbound_grant *grant, uint32_t i,
	const uint8_t *packet, size_t padded_len, uint8_t *out)
{
	struct wire_data *header = (void *)out;
	uint64_t counter = grant->first_counter + i;

	ENSURE(i < grant->count);
	header->type = le32_store(MESSAGE_DATA);
	header->receiver = le32_store(grant->receiver);
	header->counter = le64_store(counter);
	bulk_seal(engine, &grant->key, counter, packet, padded_len, out + DATA_HEADER_LEN);
}

unsigned outbound_finish(struct device *device, const struct outbound_grant *grant, bool has_data,
	struct instant now, uint32_t jitter)
{
	struct peer *peer = device_peer_by_id(device, grant->peer);
	uint32_t slot = grant->peer.slot;

	if (!peer)
		return EFFECT_NONE;
	device_timer_event(device, slot, EVENT_TRAVERSAL, now, 0);
	device_timer_event(device, slot, EVENT_ANY_SENT, now, 0);
	if (has_data)
		device_timer_event(device, slot, EVENT_DATA_SENT, now, jitter);
	if (peer->keyring.current != SESSION_NONE &&
		session_wants_rekey_on_send(
			&device_sessions(device, slot)[peer->keyring.current], now))
		return EFFECT_INITIATE;
	return EFFECT_NONE;
}

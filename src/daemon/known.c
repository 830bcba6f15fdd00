/* One pass over the peers, and a short sorted list. */
#include "known.h"

/* The birth of the peer's session, or INSTANT_NEVER without one or an endpoint. */
static struct instant session_born(struct device *device, uint32_t slot, struct instant now)
{
	const struct peer *peer = device_peer(device, slot);
	const struct session *session;

	if (peer->endpoint.addr.family == IP_NONE || peer->keyring.current == SESSION_NONE)
		return INSTANT_NEVER;
	session = &device_sessions(device, slot)[peer->keyring.current];
	return session_may_receive(session, now) ? session->born : INSTANT_NEVER;
}

/* Moves up what is younger; the youngest may fall out. */
static void insert(struct known *known, struct instant births[UDP_KNOWN_MAX],
	const struct ip_addr *address, struct instant born)
{
	unsigned at = known->count < UDP_KNOWN_MAX ? known->count++ : UDP_KNOWN_MAX - 1;

	for (; at > 0 && births[at - 1].ns > born.ns; at--) {
		births[at] = births[at - 1];
		known->addresses[at] = known->addresses[at - 1];
	}
	births[at] = born;
	known->addresses[at] = *address;
}

void known_find(struct known *known, struct device *device, struct instant now)
{
	struct instant births[UDP_KNOWN_MAX];

	known->count = 0;
	for (uint32_t slot = device->first_peer; slot != PEER_NONE;
		slot = device_peer(device, slot)->next) {
		struct instant born = session_born(device, slot, now);

		if (born.ns == INSTANT_NEVER.ns ||
			(known->count == UDP_KNOWN_MAX && born.ns >= births[known->count - 1].ns))
			continue;
		insert(known, births, &device_peer(device, slot)->endpoint.addr, born);
	}
}

bool known_has(const struct known *known, const struct ip_addr *address)
{
	for (unsigned i = 0; i < known->count; i++)
		if (ip_addr_equal(&known->addresses[i], address))
			return true;
	return false;
}

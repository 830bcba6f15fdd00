/* One route lookup a peer after each change of routes. */
#include "sources.h"

#include "iproute.h"

void sources_doubt(struct tunnel *tunnel)
{
	tunnel->routes_epoch++;
}

static bool is_good(struct tunnel *tunnel, const struct endpoint *endpoint)
{
	struct iproute route;
	int err;

	/* A link-local address has but one way. */
	if (endpoint->scope_id != 0)
		return true;
	err = iproute_lookup(
		&tunnel->routes, &endpoint->addr, &endpoint->local, tunnel->fwmark, &route);

	return err == 0 &&
	       (endpoint->addr.family == IP_V6 || route.ifindex == endpoint->local_ifindex);
}

void sources_check(struct tunnel *tunnel, uint32_t slot)
{
	struct peer *peer = device_peer(tunnel->device, slot);

	if (tunnel->sources_checked[slot] == tunnel->routes_epoch)
		return;
	tunnel->sources_checked[slot] = tunnel->routes_epoch;
	if (peer->endpoint.local.family == IP_NONE || is_good(tunnel, &peer->endpoint))
		return;
	peer->endpoint.local.family = IP_NONE;
	peer->endpoint.local_ifindex = 0;
}

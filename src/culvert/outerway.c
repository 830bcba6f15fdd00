/* Routes and links, asked once. */
#include "outerway.h"

#include <errno.h>
#include "iproute.h"
#include "link.h"
#include "nsid.h"
#include "rtnl.h"

int outerway_link_mtu(const char *interface, size_t *mtu)
{
	struct link_state link;
	struct rtnl rtnl;
	uint32_t ifindex;
	int error = link_find(interface, &ifindex);

	if (error)
		return error;
	error = rtnl_open(&rtnl);
	if (!error)
		error = link_get(&rtnl, NSID_OWN, ifindex, &link);
	if (!error)
		*mtu = link.mtu;
	rtnl_close(&rtnl);
	return error;
}

int outerway_find(
	const struct device_settings *device, const struct peer_settings *peer, size_t *mtu)
{
	struct iproute route = {0};
	struct link_state link;
	struct rtnl rtnl;
	int error;

	if (!(peer->has & PEER_HAS_ENDPOINT))
		return -EDESTADDRREQ;
	error = rtnl_open(&rtnl);
	if (!error)
		error = iproute_lookup(&rtnl, &peer->endpoint.addr, NULL, device->fwmark, &route);
	if (!error)
		error = link_get(&rtnl, NSID_OWN, route.ifindex, &link);
	if (!error)
		*mtu = route.mtu && route.mtu < link.mtu ? route.mtu : link.mtu;
	rtnl_close(&rtnl);
	return error;
}

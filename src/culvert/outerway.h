/* The way that a tunnel's own datagrams take. 0 or -errno. */
#ifndef CULVERT_CULVERT_OUTERWAY_H
#define CULVERT_CULVERT_OUTERWAY_H

#include "settings.h"

/* The MTU of the interface of that name. */
int outerway_link_mtu(const char *interface, size_t *mtu);

/*
 * The largest packet that the way to the peer's endpoint takes as far as this system knows.
 * -EDESTADDRREQ: the peer has no endpoint.
 */
int outerway_find(
	const struct device_settings *device, const struct peer_settings *peer, size_t *mtu);

#endif

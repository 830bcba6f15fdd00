/*
 * The addresses that strangers' share is not for: those of peers with a session, so that they renew it
 * whatever else comes in. See thinner.h.
 */
#ifndef CULVERT_DAEMON_KNOWN_H
#define CULVERT_DAEMON_KNOWN_H

#include "tunnel.h"
#include "udp.h"

struct known {
	struct ip_addr addresses[UDP_KNOWN_MAX];
	unsigned count;
};

/* When there are too many, those whose sessions are oldest, as they are renewed next. */
void known_find(struct known *known, struct device *device, struct instant now);

#endif

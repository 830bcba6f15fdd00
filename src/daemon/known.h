/*
 * The addresses of peers with a session. What comes from there is thinned apart from strangers', so
 * that a session is renewed whatever else comes in: see thinner.h.
 */
#ifndef CULVERT_DAEMON_KNOWN_H
#define CULVERT_DAEMON_KNOWN_H

#include <stdbool.h>
#include "device.h"
#include "udp.h"

struct known {
	struct ip_addr addresses[UDP_KNOWN_MAX];
	unsigned count;
};

/* When there are too many, those whose sessions are oldest, as they are renewed next. */
void known_find(struct known *known, struct device *device, struct instant now);

bool known_has(const struct known *known, const struct ip_addr *address);

#endif

/*
 * The control socket's server: connections, requests and replies, without ever waiting for a
 * client. A reply to `get` is made in slices between the tunnel's other work.
 */
#ifndef CULVERT_DAEMON_CONTROL_H
#define CULVERT_DAEMON_CONTROL_H

#include "tunnel.h"

enum {
	CONTROL_CONNECTIONS = 512,
	/* One request is not longer: room for more peers than a device can have. */
	CONTROL_REQUEST_MAX = 128 * 1024 * 1024,
};

struct control;

/* listener: from unixsock; the loop watches it with TAG_LISTENER. 0 or -errno. */
int control_create(struct control **control, struct tunnel *tunnel, int listener);

/* Closes all connections; the listener stays the caller's. */
void control_destroy(struct control *control);

/* The listener is readable: takes connections; a full house closes the one idle for longest. */
void control_accept(struct control *control);

/* Connection number n (tag TAG_CONNECTION + n) is ready: enum event_ready. */
void control_ready(struct control *control, unsigned n, unsigned ready, struct moment now);

#endif

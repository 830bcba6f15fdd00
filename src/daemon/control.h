/*
 * The control socket's server: connections, requests and replies, without ever waiting for a
 * client. A long reply is made in slices between the tunnel's other work. Everybody's socket has a
 * server of its own, which answers one question, and whose many or slow clients get little time.
 */
#ifndef CULVERT_DAEMON_CONTROL_H
#define CULVERT_DAEMON_CONTROL_H

#include "handover.h"
#include "tunnel.h"

enum {
	CONTROL_CONNECTIONS = 512,
	/* One request is not longer: room for more peers than a device can have. */
	CONTROL_REQUEST_MAX = 128 * 1024 * 1024,
};

struct control;

enum control_kind {
	CONTROL_FULL,   /* all requests; tags TAG_LISTENER and TAG_CONNECTION */
	CONTROL_PUBLIC, /* only what happened, without keys and addresses; TAG_PUBLIC_... */
};

/* listener: from unixsock. 0 or -errno. */
int control_create(
	struct control **control, struct tunnel *tunnel, int listener, enum control_kind kind);

/* Closes all connections; the listener stays the caller's. */
void control_destroy(struct control *control);

/* Who asks to take the tunnel over may be given these; without, nobody is given anything. */
void control_offer(struct control *control, const struct handover_ends *ends);

/*
 * The connection of a daemon that is ready to take the tunnel over, or -1. may_cut: replies under way
 * do not hinder it; a change under way does in any case.
 */
int control_taker(const struct control *control, bool may_cut);

/* True while there is one, whatever hinders it. */
bool control_has_taker(const struct control *control);

/* It did not come to that: its connection is closed. */
void control_end_taking(struct control *control);

/* The listener is readable: takes connections; a full house closes the one idle for longest. */
void control_accept(struct control *control);

/* Connection number n (the kind's tag for connections, plus n) is ready: enum event_ready. */
void control_ready(struct control *control, unsigned n, unsigned ready, struct moment now);

#endif

/*
 * A live upgrade: a new daemon goes on with the tunnel of a running one. They talk over the control
 * socket, which only root can open and which tells all keys anyhow; nothing of it is ever a file.
 *
 *   new   "replace=1", the version and layout of the state that it understands
 *   old   "errno=0" with the TUN device and the listening sockets; or why not. It goes on working
 *   new   sets everything up, gives its privileges up, starts its threads, then "take=1"
 *   old   reads no more, finishes what it has read, sends the state with the outer sockets
 *   new   builds the tunnel, then "ready"
 *   old   "go"
 *   new   "runs", and from here on sends; the old one ends
 *
 * Whatever fails before "runs" leaves the tunnel to the old one: it goes on when the connection ends
 * without it. The new one sends nothing before it, the old one nothing behind its "go", so that no
 * counter of a key is ever used twice.
 */
#ifndef CULVERT_DAEMON_HANDOVER_H
#define CULVERT_DAEMON_HANDOVER_H

#include <stdbool.h>
#include "span.h"
#include "textbuf.h"
#include "tunnel.h"

/* What the old one hands over at once. */
struct handover_ends {
	int tun, listener, public_listener; /* -1: there is none */
};

/*
 * Old: answers the request by itself, or with a refusal in out, when the connection is to be closed.
 * True: the new one has the descriptors.
 */
bool handover_greet(
	int fd, struct span request, const struct handover_ends *ends, struct textbuf *out);

/*
 * Old: gives the tunnel away, waiting for the new one as it must. True: it runs there, and all that
 * is left to do here is to end. False: the tunnel is ours still, and as it was; every socket
 * may be readable.
 */
bool handover_give(struct tunnel *tunnel, int fd, bool is_persistent);

/* What the new one makes of it. */
struct handover {
	int fd; /* -1: nothing is taken over */
	struct handover_ends ends;
	char refusal[160]; /* in words, when something failed */
};

/* New: connects and takes the ends, which are the caller's. -errno: handover->refusal says why. */
int handover_ask(struct handover *handover, const char *interface);

/*
 * New: takes the state into a tunnel that is set up, down and without peers. 0: the tunnel is ours,
 * and must be run. -errno: it is the old one's still.
 */
int handover_take(struct handover *handover, struct tunnel *tunnel, bool *is_persistent);

void handover_fini(struct handover *handover);

#endif

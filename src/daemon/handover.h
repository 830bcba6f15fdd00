/*
 * A live upgrade: a new daemon goes on with the tunnel of a running one. They talk over the control
 * socket, which only root can open and which tells all keys anyhow; nothing of it is ever a file.
 *
 *   new   "replace=1", the version and layout of the state that it understands
 *   old   "errno=0" with the TUN device and the listening sockets; or why not. It goes on working
 *   new   sets everything up, gives its privileges up, starts its threads, then "take=1"
 *   old   reads no more, finishes what it has read, sends the state with the outer sockets
 *   new   builds the tunnel, then "runs", and from here on sends
 *   old   ends when the connection does
 *
 * Only between "take=1" and "runs" does traffic wait, in the kernel, and the old one waits no longer
 * than a second for each step. "runs" decides: the new one sends nothing before it, and the old one
 * nothing any more, unless that word cannot come. It makes sure of that by closing its end for reading:
 * either the word is there already, or sending it fails, and who could not send it must not run. So
 * no counter of a key is ever used twice, whoever hangs or dies, and when.
 */
#ifndef CULVERT_DAEMON_HANDOVER_H
#define CULVERT_DAEMON_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include "span.h"
#include "textbuf.h"
#include "tunnel.h"

/* What a daemon owes to others than its peers. */
struct handover_duties {
	bool is_persistent;   /* the interface: stays when the daemon dies */
	uint64_t watchdog_ns; /* a service manager wants signs of life, so often; 0: none */
};

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
bool handover_give(struct tunnel *tunnel, int fd, const struct handover_duties *duties);

/* What the new one makes of it. */
struct handover {
	int fd; /* -1: nothing is taken over */
	struct handover_ends ends;
	char refusal[160]; /* in words, when something failed */
};

/* New: -errno, also of the calls below: handover->refusal says why. */
int handover_connect(struct handover *handover, const char *interface);

/* New: takes the ends, which are the caller's. */
int handover_ask(struct handover *handover);

/*
 * New: takes the state into a tunnel that is set up, down and without peers. 0: the tunnel is ours,
 * and must be run. -errno: it is the old one's still.
 */
int handover_take(struct handover *handover, struct tunnel *tunnel, struct handover_duties *duties);

/* New: the old one ends as soon as no process has the connection any more. */
void handover_fini(struct handover *handover);

#endif

/*
 * A new client from the options of a call, the directives of the file and chance: keys, what it
 * sends into the tunnel, where it finds us.
 */
#ifndef CULVERT_CULVERT_PEERCLIENT_H
#define CULVERT_CULVERT_PEERCLIENT_H

#include "clientconf.h"
#include "peerfile.h"
#include "peerverbs.h"

/* Texts that the client points to. */
struct peerclient {
	struct client client;
	struct textbuf dns, allowed_ips, endpoint;
};

/* Everything but the addresses. False: it has complained. fini always. */
bool peerclient_make(
	struct peerclient *made, const struct peer_call *call, const struct peerfile *file);
void peerclient_fini(struct peerclient *made);

#endif

/* Handing out a new peer's configuration: to the terminal, as a file, as a code to be scanned. */
#ifndef CULVERT_CULVERT_PEERDELIVER_H
#define CULVERT_CULVERT_PEERDELIVER_H

#include "clientconf.h"
#include "peerverbs.h"

/* What the build and the options can do, before anything is changed. False: it has complained. */
bool peerdeliver_check(const struct peer_call *call);

/* config: the text; interface, expires (0: never): for JSON. False: it has complained. */
bool peerdeliver(const struct peer_call *call, const struct client *client, struct span config,
	const char *interface, int64_t expires);

#endif

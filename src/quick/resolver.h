/*
 * A helper process that sees to endpoints by name while an interface is up: it asks the resolver
 * again while a peer has no endpoint, when the time to live of the name's record has ended, and
 * when a peer's handshakes have failed, as the name may stand for another address by then. The
 * rules are in follow.h.
 */
#ifndef CULVERT_QUICK_RESOLVER_H
#define CULVERT_QUICK_RESOLVER_H

#include "quickconf.h"

/* Starts it in the background. 0; -EBUSY: one is there; -errno. */
int resolver_start(const struct config *config);

/* Ends it and waits for its end; none to end is fine. 0 or -errno. */
int resolver_stop(const char *ifname);

#endif

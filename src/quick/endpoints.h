/*
 * Endpoints by name. What the resolver answers soon is set before the interface comes up; a helper
 * process sees to the rest, and to names that stand for another address later: it asks again
 * while there is no endpoint, and when a peer's handshakes have failed, never while they work.
 */
#ifndef CULVERT_QUICK_ENDPOINTS_H
#define CULVERT_QUICK_ENDPOINTS_H

#include <stdbool.h>
#include "quickconf.h"

/* Does the file name any? */
bool endpoints_has_names(const struct config *config);

/*
 * Asks the resolver for all of them at once, waits a few seconds at most, and puts what it has
 * learned into the settings. Says which names are left. The port's service name too.
 */
void endpoints_resolve(struct config *config);

/* Starts the helper in the background, or ends it. 0 or -errno; none to end is fine. */
int endpoints_start(const struct config *config);
int endpoints_stop(const char *ifname);

#endif

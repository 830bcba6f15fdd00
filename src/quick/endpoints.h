/*
 * Endpoints by name, before the interface comes up. What the resolver answers within a few seconds
 * is used from the start; the rest is the helper's (resolver.h), so that the interface need not
 * wait, but for peers of a full tunnel: once that is up, it would swallow the resolver's queries.
 */
#ifndef CULVERT_QUICK_ENDPOINTS_H
#define CULVERT_QUICK_ENDPOINTS_H

#include <stdbool.h>
#include "quickconf.h"

/* Does the file name any? */
bool endpoints_has_names(const struct config *config);

/*
 * Puts what the resolver answers into the settings, and says which names are left. Patient: waits
 * for the peers of a full tunnel as long as wg would. False, with a message, when one of those is
 * not to be had, or the port's service is unknown.
 */
bool endpoints_resolve(struct config *config, bool is_patient);

#endif

/* Names of hosts and services in arguments and files, resolved with patience. */
#ifndef CULVERT_WG_ENDPOINT_RESOLVE_H
#define CULVERT_WG_ENDPOINT_RESOLVE_H

#include <stdbool.h>
#include "addr.h"

/*
 * HOST:PORT into endpoint; false when it has complained. Tries again as often as
 * WG_ENDPOINT_RESOLUTION_RETRIES says (15; "infinity"), waiting longer each time, when the
 * resolver has a trouble that may pass.
 */
bool endpoint_resolve(const char *text, struct endpoint *endpoint);

/* True when WG_ENDPOINT_RESOLUTION_RETRIES can be understood; complains. */
bool endpoint_retries_are_valid(void);

/* A listen port by the name of its service. */
bool port_resolve(const char *text, uint16_t *port);

#endif

/*
 * Names to endpoints, by the system's resolver (getaddrinfo). Waits as long as that does.
 */
#ifndef CULVERT_OS_RESOLVE_H
#define CULVERT_OS_RESOLVE_H

#include <stdbool.h>
#include "addr.h"

/*
 * The first address of host and port, names or numbers. 0; or what getaddrinfo() says, for
 * gai_strerror(). EAI_SYSTEM: errno says.
 */
int resolve_endpoint(const char *host, const char *port, struct endpoint *endpoint);

/* The number of a UDP service, "domain" or "53". The same codes. */
int resolve_port(const char *service, uint16_t *port);

/* True when trying again later makes sense: not when the answer was that there is none. */
bool resolve_is_temporary(int code);

#endif

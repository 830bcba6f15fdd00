/*
 * Names to endpoints, by the system's resolver (getaddrinfo). Waits as long as that does.
 */
#ifndef CULVERT_OS_RESOLVE_H
#define CULVERT_OS_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include "addr.h"

/* What a name stands for, the addresses that are to be preferred first. */
enum { RESOLVED_MAX = 32 };
struct resolved {
	struct endpoint list[RESOLVED_MAX]; /* more are left out */
	size_t count;                       /* 1 at least */
};

/*
 * All addresses of host and port, names or numbers. 0; or what getaddrinfo() says, for
 * gai_strerror(). EAI_SYSTEM: errno says.
 */
int resolve_endpoints(const char *host, const char *port, struct resolved *found);

/* The first of them; the same codes. */
int resolve_endpoint(const char *host, const char *port, struct endpoint *endpoint);

/* The number of a UDP service, "domain" or "53". The same codes. */
int resolve_port(const char *service, uint16_t *port);

/* True when trying again later makes sense: not when the answer was that there is none. */
bool resolve_is_temporary(int code);

#endif

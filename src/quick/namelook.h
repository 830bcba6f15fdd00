/* One endpoint by name, asked of the system's resolver, and DNS asked how long the answer holds. */
#ifndef CULVERT_QUICK_NAMELOOK_H
#define CULVERT_QUICK_NAMELOOK_H

#include <stdint.h>
#include "resolve.h"

/* HOST:PORT or [HOST]:PORT. 0 or what getaddrinfo() says. */
int namelook_addresses(const char *text, struct resolved *found);

/*
 * The same; and *ttl_error: 0, with the time to live of the record; -ENOENT: it has none, as DNS
 * does not give these addresses (/etc/hosts does, say); -EAGAIN: DNS does not answer.
 */
int namelook_whole(const char *text, struct resolved *found, int *ttl_error, uint32_t *ttl_s);

#endif

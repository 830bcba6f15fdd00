/* The address at which a peer is reached inside the tunnel. */
#ifndef CULVERT_CULVERT_INNER_H
#define CULVERT_CULVERT_INNER_H

#include <stdbool.h>
#include "settings.h"

/*
 * The word that named the peer when it is an address; else the peer's first allowed IP that is a
 * single address. False: it has none.
 */
bool inner_address(const struct peer_settings *peer, const char *word, struct ip_addr *addr);

#endif

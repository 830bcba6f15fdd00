/* Addresses for a new peer: a free one of each network of the interface. */
#ifndef CULVERT_CULVERT_PEERADDRESS_H
#define CULVERT_CULVERT_PEERADDRESS_H

#include "clientconf.h"
#include "peerfile.h"

/*
 * Fills client->addresses from what neither the file's peers have, switched off ones too, nor those
 * of the running interface. False, with a complaint, when a network is full or there is none.
 */
bool peeraddress_choose(const struct peerfile *file, struct client *client);

/* Is the prefix inside one of the interface's networks, so that a route leads there? */
bool peeraddress_is_routed(const struct peerfile *file, const struct ip_prefix *prefix);

/* "10.0.0.0/24, fd00::/64": the networks of the interface. */
void peeraddress_print_networks(struct textbuf *out, const struct peerfile *file);

#endif

/* The next address of a network that nobody has. Pure. */
#ifndef CULVERT_CULVERT_FREEADDR_H
#define CULVERT_CULVERT_FREEADDR_H

#include <stdbool.h>
#include "prefixset.h"

/*
 * The lowest address of the (masked) network that lies in no prefix of `used`. Never the network's
 * own address, where it has more than two, nor its broadcast address. False: it is full.
 */
bool freeaddr_find(
	const struct ip_prefix *network, const struct prefix_set *used, struct ip_addr *addr);

#endif

/*
 * Sticky source addresses against routes that change. A peer is answered from the address it
 * reached us at (its endpoint's `local`), but not for ever: once routes have changed, each such
 * address is looked at again before it is next used, and let go when it is no longer ours or,
 * for IPv4, the way to the peer leaves by another interface now. As Linux' WireGuard has it.
 */
#ifndef CULVERT_DAEMON_SOURCES_H
#define CULVERT_DAEMON_SOURCES_H

#include <stdint.h>
#include "tunnel.h"

/* Routes, rules or addresses have changed. */
void sources_doubt(struct tunnel *tunnel);

/* Before the peer's endpoint is used. Costs a call to the kernel once a change and peer. */
void sources_check(struct tunnel *tunnel, uint32_t slot);

#endif

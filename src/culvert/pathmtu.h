/* The largest packet that reaches an address and whose like comes back, in one piece. */
#ifndef CULVERT_CULVERT_PATHMTU_H
#define CULVERT_CULVERT_PATHMTU_H

#include <stddef.h>
#include "addr.h"

/* Every IPv6 path carries this much; of IPv4 it is what hosts must take. */
enum { PATHMTU_MIN_V4 = 576, PATHMTU_MIN_V6 = 1280 };

size_t pathmtu_min(uint8_t family);

/*
 * Asks `to` with echoes of up to `most` bytes, IP header included. interface and mark as echo_open()
 * has them. 0; -ETIMEDOUT: not even the smallest is answered; -errno.
 */
int pathmtu_find(
	const char *interface, uint32_t mark, const struct ip_addr *to, size_t most, size_t *mtu);

#endif

/* The counters of network links, from the text of /proc/net/dev. */
#ifndef CULVERT_CULVERT_NETDEV_H
#define CULVERT_CULVERT_NETDEV_H

#include <stdint.h>
#include "span.h"

enum netdev_counter {
	NETDEV_RECEIVED_BYTES,
	NETDEV_RECEIVED_PACKETS,
	NETDEV_RECEIVE_ERRORS,
	NETDEV_RECEIVE_DROPS,
	NETDEV_SENT_BYTES,
	NETDEV_SENT_PACKETS,
	NETDEV_SEND_ERRORS,
	NETDEV_SEND_DROPS,
	NETDEV_COUNTERS
};

/* False: the text has no such link, or not these counters of it. */
bool netdev_find(struct span text, const char *link, uint64_t counters[NETDEV_COUNTERS]);

#endif

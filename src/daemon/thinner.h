/*
 * How much of what strangers send is looked at: initiations, and what is no message at all. Beyond
 * their share the kernel drops them by chance, before they cost us a call, so that neither they nor
 * our cookies take the time that sessions need. Decides only; the caller tells the sockets
 * (udp_thin).
 */
#ifndef CULVERT_DAEMON_THINNER_H
#define CULVERT_DAEMON_THINNER_H

#include <stdbool.h>
#include <stdint.h>
#include "instant.h"

enum {
	/* Datagrams of strangers a second, when nothing else needs the time. */
	THINNER_CALM_MAX = 65536,
	/* When something does: so many, or one for so many of the data's. */
	THINNER_BUSY_MAX = 16384,
	THINNER_BUSY_DATA = 16,
	/* Something does when so many datagrams of data a second come and go, */
	THINNER_DATA_FAST = 32768,
	/* One in 2^so many is looked at all the same. */
	THINNER_LEVEL_MAX = 10,
};

/* ... or when the loop has not come to rest for so long; and for a while after. */
#define THINNER_RESTLESS_NS  (100 * NS_PER_MS)
#define THINNER_BUSY_HOLD_NS NS_PER_S

/* So long is counted before it is judged. */
#define THINNER_WINDOW_NS (100 * NS_PER_MS)

/* All zero: everything is looked at. */
struct thinner {
	unsigned level;            /* one in 2^level is looked at */
	struct instant busy_until; /* before it something needs the time */
	struct instant since;
	uint32_t strangers, data; /* datagrams since then; the data's both ways */
};

/* Once a turn of the loop; rested: when nothing was pending last. True when level has changed. */
bool thinner_judge(struct thinner *thinner, struct instant rested, struct instant now);

/* When to judge though nothing comes: what comes may be what is dropped. */
struct instant thinner_when(const struct thinner *thinner);

#endif

/*
 * How much of what strangers send is looked at: initiations, what names a session that we never had,
 * and what is no message at all. Beyond their share the kernel drops them by chance, before they cost us
 * a call, so that neither they nor our cookies take the time that sessions need. Who has got a cookie
 * has a chance of his own, so that a flood of one kind does not keep a newcomer out twice, and so have
 * the addresses of peers with a session, which have to renew it. What names a session of ours is
 * never dropped. Decides only; the caller tells the sockets (udp_thin).
 */
#ifndef CULVERT_DAEMON_THINNER_H
#define CULVERT_DAEMON_THINNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "instant.h"
#include "wire.h"

enum {
	/* Datagrams of a class of strangers a second, when nothing else needs the time. */
	THINNER_CALM_MAX = 65536,
	/* When something does: so many, or one for so many of the data's. */
	THINNER_BUSY_MAX = 4096,
	THINNER_BUSY_DATA = 64,
	/* Something does when so many datagrams of data a second come and go, */
	THINNER_DATA_FAST = 32768,
	/* Where less than one in 2^so many would be looked at, nobody gets in by luck in time: */
	THINNER_LEVEL_LUCK = 5,
	/* then one in 2^so many is, to see what comes, and the time is left to sessions. */
	THINNER_LEVEL_MAX = 10,
	/* Four bytes of an initiation here, not zero: it has a cookie. */
	THINNER_COOKIE_AT = INITIATION_LEN - WIRE_MAC_LEN,
};

/* ... or when the loop has not come to rest for so long; and for a while after. */
#define THINNER_RESTLESS_NS  (100 * NS_PER_MS)
#define THINNER_BUSY_HOLD_NS NS_PER_S

/* So long is counted before it is judged. */
#define THINNER_WINDOW_NS (100 * NS_PER_MS)

/* So often the known are looked up anew. */
#define THINNER_KNOWN_NS (5 * NS_PER_S)

/* What strangers' datagrams are. */
enum thinner_kind {
	THINNER_FIRST,       /* an initiation without a cookie, or nothing that is a message */
	THINNER_WITH_COOKIE, /* an initiation whose mac2 is not zero: it says that it has one */
	THINNER_KNOWN,       /* either, from the address of a peer with a session (known.h) */
	THINNER_ASTRAY,      /* a message for a session whose index is none of ours (indexmark.h) */
	THINNER_CLASSES,
};

struct thinner_class {
	unsigned level;     /* one in 2^level is looked at */
	uint32_t strangers; /* datagrams that came in this window */
};

/* All zero: everything is looked at. */
struct thinner {
	struct thinner_class classes[THINNER_CLASSES]; /* by enum thinner_kind */
	struct instant busy_until;                     /* before it something needs the time */
	struct instant since;                          /* when the window began */
	struct instant told;                           /* when the sockets were told last */
	uint32_t data; /* datagrams of data in this window, both ways */
};

/* A datagram that came in and has no index of ours. */
void thinner_count(struct thinner *thinner, const uint8_t *datagram, size_t len, bool is_known);

/*
 * Once a turn of the loop; rested: when nothing was pending last. True when the sockets are to be told:
 * a level has changed, or the known are to be looked up.
 */
bool thinner_judge(struct thinner *thinner, struct instant rested, struct instant now);

/* True when not everything is looked at. */
bool thinner_is_at_work(const struct thinner *thinner);

/* When to judge though nothing comes: what comes may be what is dropped. */
struct instant thinner_when(const struct thinner *thinner);

#endif

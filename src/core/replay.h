/*
 * The replay window of one receiving key (RFC 6479): which counters below the highest were seen.
 * Ask only after the tag verified.
 */
#ifndef CULVERT_CORE_REPLAY_H
#define CULVERT_CORE_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include "limits.h"

struct replay {
	uint64_t next; /* highest counter accepted plus one; 0: none yet */
	uint64_t seen[REPLAY_BITS / 64];
};

void replay_init(struct replay *replay);

/*
 * True once for each counter that is below REJECT_AFTER_MESSAGES and at most REPLAY_WINDOW below
 * the highest one accepted; marks it seen.
 */
bool replay_accept(struct replay *replay, uint64_t counter);

#endif

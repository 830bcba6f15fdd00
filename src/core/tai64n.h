/*
 * The timestamp of an initiation: TAI64N, 12 bytes big-endian, rounded down to 2^24 ns so that it
 * tells little of the clock. Compared as bytes.
 */
#ifndef CULVERT_CORE_TAI64N_H
#define CULVERT_CORE_TAI64N_H

#include <stdbool.h>
#include <stdint.h>
#include "instant.h"
#include "wire.h"

struct tai64n {
	uint8_t b[WIRE_TIMESTAMP_LEN];
};

/*
 * The stamp to send at wall-clock time now, always newer than *last: when the clock stands still
 * or goes back it is one step after *last.
 */
struct tai64n tai64n_next(struct wall_time now, const struct tai64n *last);

/* True when a is strictly newer than b. */
bool tai64n_newer(const struct tai64n *a, const struct tai64n *b);

#endif

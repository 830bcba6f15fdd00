/*
 * The instant at which a peer expires, as people write it and as files keep it. UTC.
 */
#ifndef CULVERT_CULVERT_EXPIRY_H
#define CULVERT_CULVERT_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>
#include "span.h"

enum { EXPIRY_TEXT_ROOM = 32 };

/*
 * "30d" and the like (s, m, h, d, w; from `now`), "2027-01-31", "2027-01-31T12:00:00Z", or
 * "2027-01-31 12:00". Seconds since 1970; false when it is none of these. A day alone means its
 * beginning.
 */
bool expiry_parse(struct span text, int64_t now, int64_t *expires);

/* "2027-01-31T12:00:00Z". */
const char *expiry_print(int64_t expires, char text[EXPIRY_TEXT_ROOM]);

#endif

/* Ages, sizes and rates in few characters, for tables. */
#ifndef CULVERT_CULVERT_BRIEFTEXT_H
#define CULVERT_CULVERT_BRIEFTEXT_H

#include <stdint.h>

enum { BRIEF_ROOM = 32 };

/* "12 s", "3 min", "5 h", "2 d". */
const char *brief_age(int64_t seconds, char text[BRIEF_ROOM]);

/* "-" for none, "812 B", "1.4 MiB". */
const char *brief_size(uint64_t bytes, char text[BRIEF_ROOM]);

/* Bytes a second as bits: "-" for none, "940 bit/s", "1.4 Mbit/s", by powers of 1,000. */
const char *brief_rate(uint64_t bytes_per_second, char text[BRIEF_ROOM]);

#endif

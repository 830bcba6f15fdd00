/* Ages and sizes as people read them, their units coloured. */
#ifndef CULVERT_CLI_AGETEXT_H
#define CULVERT_CLI_AGETEXT_H

#include <stdint.h>
#include "textbuf.h"

/* "1 minute, 3 seconds": whole seconds, no unit that is zero. */
void age_print(struct textbuf *out, uint64_t seconds);

/*
 * How long before `now` the moment `then` was, both in seconds since 1970: "... ago", "Now", or
 * a warning that the clock went back.
 */
void age_print_since(struct textbuf *out, int64_t then, int64_t now);

/* "1.37 MiB". */
void size_print(struct textbuf *out, uint64_t bytes);

#endif

/* Names of routing tables, as iproute2 keeps them in its rt_tables files. */
#ifndef CULVERT_QUICK_RTTABLES_H
#define CULVERT_QUICK_RTTABLES_H

#include <stdbool.h>
#include <stdint.h>
#include "span.h"

/* A number (decimal or 0x), or a name of the kernel's or of those files; false: neither. */
bool rttable_parse(struct span text, uint32_t *table);

#endif

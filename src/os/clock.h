/*
 * The two clocks: boot time for ages and deadlines, wall-clock time for what people and peers see.
 */
#ifndef CULVERT_OS_CLOCK_H
#define CULVERT_OS_CLOCK_H

#include "instant.h"

struct instant clock_now(void);
struct wall_time clock_wall(void);

#endif

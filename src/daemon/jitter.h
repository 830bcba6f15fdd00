/*
 * Random numbers for timers' jitter. The data path draws one a run of packets, so that they come
 * from the kernel in pools.
 */
#ifndef CULVERT_DAEMON_JITTER_H
#define CULVERT_DAEMON_JITTER_H

#include "tunnel.h"

uint32_t jitter_draw(struct tunnel *tunnel);

#endif

/*
 * Time passing: which peer's timer is due, what follows, and when to ask again.
 */
#ifndef CULVERT_CORE_TICK_H
#define CULVERT_CORE_TICK_H

#include <stdbool.h>
#include <stdint.h>
#include "device.h"

/*
 * Takes one due timer: *slot is the peer's, *effects (INITIATE, RETRY, KEEPALIVE, DROP_STAGED)
 * what its owner should do. False when nothing is due any more; call until then.
 */
bool tick_next(struct device *device, struct instant now, uint32_t *slot, unsigned *effects);

/* When something will be due next; INSTANT_NEVER: never, as it is. May be early, never late. */
struct instant tick_when(const struct device *device);

#endif

/*
 * The deadlines of all peers of a device, in their order.
 */
#ifndef CULVERT_CORE_SCHEDULE_H
#define CULVERT_CORE_SCHEDULE_H

#include <stdint.h>
#include "device.h"

/* An event for the peer's timers; keeps the device's order of deadlines. */
void device_timer_event(struct device *device, uint32_t slot, enum timer_event event,
	struct instant now, uint32_t jitter);

/* The peer's deadlines changed: put it where it belongs. */
void device_reschedule(struct device *device, uint32_t slot);

/* The peer whose deadline is first, or PEER_NONE. */
uint32_t device_first_due(const struct device *device);

#endif

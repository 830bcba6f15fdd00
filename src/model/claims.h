/* Allowed IPs of a device as one sorted list, in which what two peers claim stands side by side. */
#ifndef CULVERT_MODEL_CLAIMS_H
#define CULVERT_MODEL_CLAIMS_H

#include "settings.h"

/* An allowed IP and whose it is: a number in device->peers. */
struct claim {
	struct ip_prefix prefix;
	size_t peer;
};

/* By prefix, then peer; to be freed. NULL when memory is short. */
struct claim *claims_list(const struct device_settings *device, size_t *count);

#endif

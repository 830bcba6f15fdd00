/*
 * One look at interfaces, and what two looks say together: how fast each peer receives and sends.
 */
#ifndef CULVERT_CULVERT_SAMPLE_H
#define CULVERT_CULVERT_SAMPLE_H

#include "instant.h"
#include "names.h"
#include "settings.h"

struct sample_device {
	struct device_settings device;
	struct peer_names names;
};

struct sample {
	struct instant at;
	struct sample_device *devices;
	size_t count;
};

/* Bytes, or bytes a second. */
struct rates {
	uint64_t rx, tx;
};

/*
 * The interface of that name, or all (NULL). What goes away meanwhile is left out. 0 or -errno, of
 * a named interface also -ENODEV and the like. fini always.
 */
__attribute__((warn_unused_result)) int sample_take(struct sample *sample, const char *interface);
void sample_fini(struct sample *sample);

/*
 * The bytes that peer number `peer` of device number `device` of `after` received and sent since
 * `before`; zero when it was not there, or its counters began anew.
 */
struct rates sample_growth(
	const struct sample *before, const struct sample *after, size_t device, size_t peer);

/* The same a second, of the time between the two. */
struct rates sample_rates(
	const struct sample *before, const struct sample *after, size_t device, size_t peer);

enum { HANDSHAKE_FRESH_SECONDS = 180 };

/* Is the peer's session one that can carry data, as far as its last handshake tells? */
bool sample_is_up(const struct peer_settings *peer, int64_t now);

#endif

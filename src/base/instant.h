/*
 * Instants: nanoseconds of a clock that counts suspend (CLOCK_BOOTTIME) and never goes back.
 * Wall-clock time is another type, so that no age is ever measured by it.
 */
#ifndef CULVERT_BASE_INSTANT_H
#define CULVERT_BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_S  1000000000ULL

struct instant {
	uint64_t ns;
};

/* Seconds and nanoseconds since 1970, as the administrator's clock has it. */
struct wall_time {
	uint64_t sec;
	uint32_t nsec;
};

/* One look at both clocks. */
struct moment {
	struct instant at;
	struct wall_time wall;
};

/* Later than every real instant: a deadline that is not set. */
#define INSTANT_NEVER ((struct instant){UINT64_MAX})

static inline struct instant instant_after(struct instant t, uint64_t ns)
{
	return t.ns > UINT64_MAX - ns ? INSTANT_NEVER : (struct instant){t.ns + ns};
}

/* True when deadline has come at now. */
static inline bool instant_reached(struct instant now, struct instant deadline)
{
	return now.ns >= deadline.ns;
}

/* How long before now t was, in nanoseconds; 0 when t is not in the past. */
static inline uint64_t instant_age(struct instant now, struct instant t)
{
	return now.ns > t.ns ? now.ns - t.ns : 0;
}

static inline struct instant instant_min(struct instant a, struct instant b)
{
	return a.ns < b.ns ? a : b;
}

#endif

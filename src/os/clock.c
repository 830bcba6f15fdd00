/* The clocks, by clock_gettime(), which cannot fail for these two. */
#include "clock.h"

#include <time.h>
#include "ensure.h"

static struct timespec read_clock(clockid_t id);

struct instant clock_now(void)
{
	struct timespec now = read_clock(CLOCK_BOOTTIME);

	return (struct instant){(uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec};
}

struct wall_time clock_wall(void)
{
	struct timespec now = read_clock(CLOCK_REALTIME);

	return (struct wall_time){(uint64_t)now.tv_sec, (uint32_t)now.tv_nsec};
}

static struct timespec read_clock(clockid_t id)
{
	struct timespec now;

	ENSURE(clock_gettime(id, &now) == 0);
	return now;
}

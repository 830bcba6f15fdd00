/* One descriptor, one deadline. */
#include "fdwait.h"

#include <errno.h>
#include <poll.h>
#include "clock.h"

int fdwait(int fd, short events, struct instant deadline)
{
	struct pollfd wait = {.fd = fd, .events = events};
	struct instant now = clock_now();
	int got;

	if (instant_reached(now, deadline))
		return -ETIMEDOUT;
	got = poll(&wait, 1, (int)((deadline.ns - now.ns) / NS_PER_MS) + 1);
	return got < 0 && errno != EINTR ? -errno : 0;
}

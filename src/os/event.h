/*
 * Waiting: readiness of descriptors (as long as it lasts, or at each edge), a deadline that counts suspend, and a
 * wake-up from another thread. It returns what is ready and calls nobody.
 */
#ifndef CULVERT_OS_EVENT_H
#define CULVERT_OS_EVENT_H

#include <stdint.h>
#include "instant.h"

enum event_ready {
	EVENT_READ = 1 << 0,
	EVENT_WRITE = 1 << 1,
	EVENT_ERROR = 1 << 2, /* error or hang-up; reported whether asked for or not */
	EVENT_EDGE = 1 << 3,  /* asked for only: tell again only when more has come */
};

enum { EVENT_BATCH_MAX = 64 };

/* Tags from here on are the loop's own. */
#define EVENT_TAG_LIMIT (UINT64_MAX - 1)
/* The tag of a wake-up: however many event_wake() came, once. */
#define EVENT_TAG_WAKE UINT64_MAX

struct event {
	uint64_t tag;
	unsigned ready; /* enum event_ready */
};

struct event_loop {
	int epoll_fd, timer_fd, wake_fd;
	struct instant armed; /* when the timer will fire; INSTANT_NEVER: not set */
};

int event_open(struct event_loop *loop);
void event_close(struct event_loop *loop);

/* wanted: enum event_ready; 0: only EVENT_ERROR. tag < EVENT_TAG_LIMIT. */
int event_add(struct event_loop *loop, int fd, unsigned wanted, uint64_t tag);
int event_change(struct event_loop *loop, int fd, unsigned wanted, uint64_t tag);
/* Before fd is closed. */
int event_remove(struct event_loop *loop, int fd);

/*
 * Waits until something is ready or the deadline has come (INSTANT_NEVER: no deadline; one in the
 * past: only look). Returns how many events, at most max (1 to EVENT_BATCH_MAX), or -errno. 0 may
 * come before the deadline: look at the clock, then wait again. A signal handler gives 0, too.
 */
int event_wait(
	struct event_loop *loop, struct instant deadline, struct event *events, unsigned max);

/* Makes the current or else the next event_wait() return EVENT_TAG_WAKE; from any thread. */
void event_wake(const struct event_loop *loop);

#endif

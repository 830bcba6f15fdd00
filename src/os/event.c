/* Waiting, by epoll with a timerfd and an eventfd in it. */
#include "event.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "ensure.h"

#define TAG_TIMER EVENT_TAG_LIMIT

static int control(struct event_loop *loop, int operation, int fd, unsigned wanted, uint64_t tag);
static int timeout_until(struct event_loop *loop, struct instant deadline);
static unsigned take(struct event_loop *loop, const struct epoll_event *ready, unsigned count,
	struct event *events);
static void drain(int fd);

int event_open(struct event_loop *loop)
{
	int err = 0;

	loop->armed = INSTANT_NEVER;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->epoll_fd < 0 || loop->timer_fd < 0 || loop->wake_fd < 0)
		err = -errno;
	if (!err)
		err = control(loop, EPOLL_CTL_ADD, loop->timer_fd, EVENT_READ, TAG_TIMER);
	if (!err)
		err = control(loop, EPOLL_CTL_ADD, loop->wake_fd, EVENT_READ, EVENT_TAG_WAKE);
	if (err)
		event_close(loop);
	return err;
}

void event_close(struct event_loop *loop)
{
	int *fds[] = {&loop->epoll_fd, &loop->timer_fd, &loop->wake_fd};

	for (unsigned i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int event_add(struct event_loop *loop, int fd, unsigned wanted, uint64_t tag)
{
	ENSURE(tag < EVENT_TAG_LIMIT);
	return control(loop, EPOLL_CTL_ADD, fd, wanted, tag);
}

int event_change(struct event_loop *loop, int fd, unsigned wanted, uint64_t tag)
{
	ENSURE(tag < EVENT_TAG_LIMIT);
	return control(loop, EPOLL_CTL_MOD, fd, wanted, tag);
}

int event_remove(struct event_loop *loop, int fd)
{
	return control(loop, EPOLL_CTL_DEL, fd, 0, 0);
}

static int control(struct event_loop *loop, int operation, int fd, unsigned wanted, uint64_t tag)
{
	struct epoll_event entry = {.data.u64 = tag};

	if (wanted & EVENT_READ)
		entry.events |= EPOLLIN;
	if (wanted & EVENT_WRITE)
		entry.events |= EPOLLOUT;
	if (wanted & EVENT_EDGE)
		entry.events |= EPOLLET;
	return epoll_ctl(loop->epoll_fd, operation, fd, &entry) < 0 ? -errno : 0;
}

int event_wait(struct event_loop *loop, struct instant deadline, struct event *events, unsigned max)
{
	struct epoll_event ready[EVENT_BATCH_MAX];
	int count;

	ENSURE(max > 0 && max <= EVENT_BATCH_MAX);
	count = epoll_wait(loop->epoll_fd, ready, (int)max, timeout_until(loop, deadline));
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	return (int)take(loop, ready, (unsigned)count, events);
}

/*
 * The timer is only set when it would fire too late. Firing too early is allowed, and deadlines
 * that move on with each packet then cost no system call.
 */
static int timeout_until(struct event_loop *loop, struct instant deadline)
{
	struct itimerspec at = {0};

	if (instant_reached(clock_now(), deadline))
		return 0;
	if (deadline.ns < loop->armed.ns) {
		at.it_value.tv_sec = (time_t)(deadline.ns / NS_PER_S);
		at.it_value.tv_nsec = (long)(deadline.ns % NS_PER_S);
		ENSURE(timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
		loop->armed = deadline;
	}
	return -1;
}

/* Hands the caller's events out and keeps the loop's own. */
static unsigned take(struct event_loop *loop, const struct epoll_event *ready, unsigned count,
	struct event *events)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++) {
		uint32_t bits = ready[i].events;
		struct event *event = &events[taken];

		if (ready[i].data.u64 == TAG_TIMER) {
			drain(loop->timer_fd);
			loop->armed = INSTANT_NEVER;
			continue;
		}
		if (ready[i].data.u64 == EVENT_TAG_WAKE)
			drain(loop->wake_fd);
		*event = (struct event){.tag = ready[i].data.u64};
		event->ready |= bits & EPOLLIN ? EVENT_READ : 0;
		event->ready |= bits & EPOLLOUT ? EVENT_WRITE : 0;
		event->ready |= bits & (EPOLLERR | EPOLLHUP) ? EVENT_ERROR : 0;
		taken++;
	}
	return taken;
}

static void drain(int fd)
{
	uint64_t count;
	ssize_t got = read(fd, &count, sizeof(count));

	/* Nothing there is as good. */
	ENSURE(got == (ssize_t)sizeof(count) || errno == EAGAIN);
}

void event_wake(const struct event_loop *loop)
{
	uint64_t one = 1;
	ssize_t done = write(loop->wake_fd, &one, sizeof(one));

	/* A full counter wakes as well. */
	ENSURE(done == (ssize_t)sizeof(one) || errno == EAGAIN);
}

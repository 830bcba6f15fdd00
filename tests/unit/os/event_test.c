/* Waiting: readiness, deadlines, wake-ups. Time is only ever bounded from below. */
#include "unit.h"
#include "event.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include "clock.h"

static struct event events[EVENT_BATCH_MAX];

/* Waits on through what comes early, until there is an event or the deadline has come. */
static int wait_until(struct event_loop *loop, struct instant deadline)
{
	int count;

	do {
		count = event_wait(loop, deadline, events, EVENT_BATCH_MAX);
	} while (count == 0 && !instant_reached(clock_now(), deadline));
	return count;
}

static struct instant soon(void)
{
	return instant_after(clock_now(), 5 * NS_PER_S);
}

static void tells_what_is_ready(void **state)
{
	struct event_loop loop;
	int fds[2];

	(void)state;
	assert_int_equal(event_open(&loop), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(event_add(&loop, fds[0], EVENT_READ, 7), 0);
	assert_int_equal(event_wait(&loop, (struct instant){0}, events, 1), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	for (int i = 0; i < 2; i++) { /* level-triggered */
		assert_int_equal(wait_until(&loop, soon()), 1);
		assert_int_equal(events[0].tag, 7);
		assert_int_equal(events[0].ready, EVENT_READ);
	}
	assert_int_equal(event_add(&loop, fds[1], EVENT_WRITE, EVENT_TAG_LIMIT - 1), 0);
	assert_int_equal(wait_until(&loop, soon()), 2);
	assert_int_equal(event_wait(&loop, soon(), events, 1), 1);

	assert_int_equal(event_change(&loop, fds[0], 0, 8), 0);
	assert_int_equal(wait_until(&loop, soon()), 1);
	assert_true(events[0].tag == EVENT_TAG_LIMIT - 1);
	assert_int_equal(events[0].ready, EVENT_WRITE);
	assert_int_equal(event_remove(&loop, fds[1]), 0);
	close(fds[1]);
	assert_int_equal(wait_until(&loop, soon()), 1);
	assert_int_equal(events[0].tag, 8);
	assert_int_equal(events[0].ready, EVENT_ERROR);
	close(fds[0]);
	event_close(&loop);
	assert_int_equal(loop.epoll_fd, -1);
}

static void keeps_deadlines(void **state)
{
	struct event_loop loop;
	struct instant start;

	(void)state;
	assert_int_equal(event_open(&loop), 0);
	start = clock_now();
	/* Later, earlier, later again than what is set; each is waited for. */
	for (uint64_t ms = 1; ms <= 81; ms = ms * 3) {
		struct instant deadline = instant_after(start, ms * NS_PER_MS);

		assert_int_equal(wait_until(&loop, deadline), 0);
		assert_true(instant_reached(clock_now(), deadline));
	}
	event_close(&loop);
}

static void sets_the_timer_only_for_earlier(void **state)
{
	struct event_loop loop;
	struct instant now = clock_now();
	struct instant far = instant_after(now, 3600 * NS_PER_S);
	struct instant near = instant_after(now, 1800 * NS_PER_S);

	(void)state;
	assert_int_equal(event_open(&loop), 0);
	event_wake(&loop);
	assert_int_equal(event_wait(&loop, far, events, 1), 1);
	assert_true(loop.armed.ns == far.ns);
	event_wake(&loop);
	assert_int_equal(event_wait(&loop, near, events, 1), 1);
	assert_true(loop.armed.ns == near.ns);
	event_wake(&loop);
	assert_int_equal(event_wait(&loop, far, events, 1), 1);
	assert_true(loop.armed.ns == near.ns);
	event_wake(&loop);
	assert_int_equal(event_wait(&loop, INSTANT_NEVER, events, 1), 1);
	assert_true(loop.armed.ns == near.ns);
	event_close(&loop);
}

static void *wake(void *loop)
{
	event_wake(loop);
	event_wake(loop);
	return NULL;
}

static void wakes_from_another_thread(void **state)
{
	struct event_loop loop;
	pthread_t thread;

	(void)state;
	assert_int_equal(event_open(&loop), 0);
	assert_int_equal(pthread_create(&thread, NULL, wake, &loop), 0);
	assert_int_equal(wait_until(&loop, soon()), 1);
	assert_true(events[0].tag == EVENT_TAG_WAKE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	/* However many, it is one event; the second may have come after the first was taken. */
	event_wake(&loop);
	assert_int_equal(wait_until(&loop, soon()), 1);
	assert_int_equal(event_wait(&loop, (struct instant){0}, events, 1), 0);
	event_close(&loop);
}

static void ignore(int number)
{
	(void)number;
}

static void returns_for_a_signal(void **state)
{
	const struct sigaction action = {.sa_handler = ignore};
	struct event_loop loop;

	(void)state;
	assert_int_equal(event_open(&loop), 0);
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	assert_int_equal(event_wait(&loop, INSTANT_NEVER, events, 1), 0);
	event_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_is_ready),
		cmocka_unit_test(keeps_deadlines),
		cmocka_unit_test(sets_the_timer_only_for_earlier),
		cmocka_unit_test(wakes_from_another_thread),
		cmocka_unit_test(returns_for_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

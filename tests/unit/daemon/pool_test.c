/* The pool's threads: every job is run once, by whoever; and the end may come at any time. */
#include "unit.h"
#include "pool.h"

#include <string.h>
#include "clock.h"

enum {
	THREADS = 3,
	WAIT_S = 30,
};

struct sum {
	struct pool_job job; /* first: see run_sum() */
	unsigned from, to;
	uint64_t result;
	atomic_uint runs;
};

static struct event_loop loop;
static struct pool *pool;
static struct bulk_engine *engine;
static struct sum sums[POOL_JOBS_MAX];

static void run_sum(struct pool_job *job, struct bulk_engine *own)
{
	struct sum *sum = (struct sum *)(void *)job;

	assert_non_null(own);
	for (unsigned i = sum->from; i < sum->to; i++)
		sum->result += i;
	atomic_fetch_add(&sum->runs, 1);
}

static void begin(unsigned threads)
{
	memset(sums, 0, sizeof(sums));
	for (unsigned i = 0; i < POOL_JOBS_MAX; i++) {
		sums[i].job.run = run_sum;
		sums[i].from = i;
		sums[i].to = 100 * i;
	}
	assert_int_equal(event_open(&loop), 0);
	engine = bulk_create(BULK_BEST);
	assert_non_null(engine);
	assert_int_equal(pool_create(&pool, threads, &loop), 0);
	assert_int_equal(pool_threads(pool), threads);
}

static void finish(void)
{
	pool_destroy(pool);
	bulk_destroy(engine);
	event_close(&loop);
}

static void submit_all(void)
{
	for (unsigned i = 0; i < POOL_JOBS_MAX; i++)
		pool_submit(pool, &sums[i].job);
}

/* A done job has woken the loop: waiting for it ends. */
static void wait_done(struct sum *sum)
{
	uint64_t bound = clock_now().ns + WAIT_S * NS_PER_S;
	struct event event;

	while (!pool_is_done(&sum->job)) {
		assert_true(clock_now().ns < bound);
		event_wait(&loop, (struct instant){bound}, &event, 1);
	}
}

static void check_all(unsigned runs)
{
	for (unsigned i = 0; i < POOL_JOBS_MAX; i++) {
		uint64_t to = sums[i].to, from = sums[i].from;

		assert_int_equal(atomic_load(&sums[i].runs), runs);
		assert_int_equal(sums[i].result,
			runs * (i == 0 ? 0 : to * (to - 1) / 2 - from * (from - 1) / 2));
	}
}

static void runs_every_job_once(void **state)
{
	(void)state;
	begin(THREADS);
	for (unsigned round = 1; round <= 50; round++) {
		submit_all();
		pool_forget(pool);
		for (unsigned i = 0; i < POOL_JOBS_MAX; i++)
			wait_done(&sums[i]);
		check_all(round);
	}
	finish();
}

static void is_helped(void **state)
{
	unsigned helped = 0;

	(void)state;
	begin(0);
	assert_false(pool_help(pool, engine));
	submit_all();
	pool_forget(pool);
	assert_false(pool_is_done(&sums[0].job));
	while (pool_help(pool, engine))
		helped++;
	assert_int_equal(helped, POOL_JOBS_MAX);
	check_all(1);
	finish();
	/* Threads and the caller share: each job once all the same. */
	begin(THREADS);
	submit_all();
	while (pool_help(pool, engine))
		continue;
	for (unsigned i = 0; i < POOL_JOBS_MAX; i++)
		wait_done(&sums[i]);
	check_all(1);
	finish();
}

/* Jobs under way are finished, others are not begun after the end. */
static void ends_with_jobs_waiting(void **state)
{
	unsigned runs[POOL_JOBS_MAX];

	(void)state;
	begin(THREADS);
	submit_all();
	finish();
	for (unsigned i = 0; i < POOL_JOBS_MAX; i++) {
		runs[i] = atomic_load(&sums[i].runs);
		assert_true(runs[i] <= 1);
		assert_int_equal(runs[i] == 1, pool_is_done(&sums[i].job));
	}
	pool_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_every_job_once),
		cmocka_unit_test(is_helped),
		cmocka_unit_test(ends_with_jobs_waiting),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}

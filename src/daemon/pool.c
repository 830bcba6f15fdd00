/*
 * A queue of jobs under one mutex. Jobs are whole batches, tens of microseconds each, so the
 * mutex is taken rarely and held for a few instructions.
 */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include "ensure.h"

struct pool {
	const struct event_loop *loop;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	bool is_ending;
	struct pool_job *queue[POOL_JOBS_MAX];
	unsigned first, count;
	unsigned forgets; /* how often pool_forget() was called */
	unsigned threads_count;
	struct worker {
		struct pool *pool;
		struct bulk_engine *engine;
		pthread_t thread;
	} workers[POOL_THREADS_MAX];
};

static struct pool_job *take(struct pool *pool)
{
	struct pool_job *job;

	if (pool->count == 0)
		return NULL;
	job = pool->queue[pool->first];
	pool->first = (pool->first + 1) % POOL_JOBS_MAX;
	pool->count--;
	return job;
}

static void run(struct pool_job *job, struct bulk_engine *engine)
{
	job->run(job, engine);
	atomic_store_explicit(&job->is_done, true, memory_order_release);
}

static void *work(void *context)
{
	const struct worker *worker = context;
	struct pool *pool = worker->pool;
	struct bulk_engine *engine = worker->engine;
	unsigned forgets = 0;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->is_ending) {
		struct pool_job *job = take(pool);

		if (!job && forgets == pool->forgets) {
			pthread_cond_wait(&pool->work, &pool->mutex);
			continue;
		}
		if (!job)
			forgets = pool->forgets;
		pthread_mutex_unlock(&pool->mutex);
		if (job) {
			run(job, engine);
			event_wake(pool->loop);
		} else {
			bulk_forget(engine);
		}
		pthread_mutex_lock(&pool->mutex);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

/*
 * Starts one thread with all signals blocked: they are the loop's. Its engine is made here: later,
 * in the thread, the filter of system calls might be there already.
 */
static int start(struct pool *pool)
{
	struct worker *worker = &pool->workers[pool->threads_count];
	sigset_t all, before;
	int err;

	worker->pool = pool;
	worker->engine = bulk_create(BULK_BEST);
	if (!worker->engine)
		return -ENOMEM;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		pool->threads_count++;
	else
		bulk_destroy(worker->engine);
	return -err;
}

int pool_create(struct pool **pool, unsigned threads, const struct event_loop *loop)
{
	struct pool *p = calloc(1, sizeof(*p));
	int err = 0;

	ENSURE(threads <= POOL_THREADS_MAX);
	if (!p)
		return -ENOMEM;
	p->loop = loop;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->work, NULL);
	while (err == 0 && p->threads_count < threads)
		err = start(p);
	if (err < 0)
		pool_destroy(p);
	else
		*pool = p;
	return err;
}

void pool_destroy(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->is_ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->threads_count; i++) {
		pthread_join(pool->workers[i].thread, NULL);
		bulk_destroy(pool->workers[i].engine);
	}
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

unsigned pool_threads(const struct pool *pool)
{
	return pool->threads_count;
}

void pool_submit(struct pool *pool, struct pool_job *job)
{
	atomic_store_explicit(&job->is_done, false, memory_order_relaxed);
	pthread_mutex_lock(&pool->mutex);
	ENSURE(pool->count < POOL_JOBS_MAX);
	pool->queue[(pool->first + pool->count++) % POOL_JOBS_MAX] = job;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->mutex);
}

void pool_forget(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->forgets++;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->mutex);
}

bool pool_is_done(struct pool_job *job)
{
	return atomic_load_explicit(&job->is_done, memory_order_acquire);
}

bool pool_help(struct pool *pool, struct bulk_engine *engine)
{
	struct pool_job *job;

	pthread_mutex_lock(&pool->mutex);
	job = take(pool);
	pthread_mutex_unlock(&pool->mutex);
	if (job)
		run(job, engine);
	return job != NULL;
}

/*
 * Threads that work for the loop: whole batches are sealed (and sent: see outflight.h) or opened on
 * them when one loop does not keep up. A job holds all it needs; nothing of the device is touched here.
 */
#ifndef CULVERT_DAEMON_POOL_H
#define CULVERT_DAEMON_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include "bulk.h"
#include "event.h"

enum { POOL_THREADS_MAX = 64, POOL_JOBS_MAX = 64 };

struct pool;

/* The first member of what is to be computed. */
struct pool_job {
	void (*run)(struct pool_job *job, struct bulk_engine *engine);
	atomic_bool is_done;
};

/* threads: 0 to POOL_THREADS_MAX. loop: woken when a job is done. 0 or -errno. */
int pool_create(struct pool **pool, unsigned threads, const struct event_loop *loop);

/* Waits for the jobs under way; jobs not begun are dropped. */
void pool_destroy(struct pool *pool);

unsigned pool_threads(const struct pool *pool);

/* Hands the job over; it belongs to the pool until pool_is_done(). */
void pool_submit(struct pool *pool, struct pool_job *job);

/* True when the job's results can be read. */
bool pool_is_done(struct pool_job *job);

/*
 * Each thread wipes what its engine and its stack hold of keys, as soon as it has nothing else to
 * do. Does not wait for that.
 */
void pool_forget(struct pool *pool);

/* Runs one job that no thread has begun on the caller's; false when there is none. */
bool pool_help(struct pool *pool, struct bulk_engine *engine);

#endif

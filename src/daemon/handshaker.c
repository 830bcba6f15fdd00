/*
 * Queue, wishes and jobs. Only the two rings of job numbers are shared with the worker, under one
 * mutex that is held for a few instructions.
 */
#include "handshaker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "ensure.h"
#include "entropy.h"
#include "limits.h"
#include "verdict_reason.h"
#include "wipe.h"

/* Jobs at once: enough that the worker never waits for the loop, few enough to start fresh. */
enum { JOBS = 16 };

struct ring {
	unsigned first, count;
	struct handshake_job *jobs[JOBS];
};

/* A peer's wish, linked by slot plus one; zero memory is no wish. */
struct wish {
	uint32_t previous, next;
	bool is_wanted, is_retry;
};

struct handshaker {
	const struct event_loop *loop;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	bool is_ending;
	struct ring ready, done; /* under the mutex */
	struct ring idle;        /* the loop's own, as all below */
	struct handshake_job jobs[JOBS];
	uint32_t first_wish, last_wish;
	uint32_t peers_max;
	struct arena arena;
	struct wish *wishes;
	struct handshake_message *queue;
	uint32_t queue_first, queue_count;
	bool was_message; /* what came last: wishes and messages take turns */
};

static void ring_put(struct ring *ring, struct handshake_job *job)
{
	ENSURE(ring->count < JOBS);
	ring->jobs[(ring->first + ring->count++) % JOBS] = job;
}

static struct handshake_job *ring_take(struct ring *ring)
{
	struct handshake_job *job;

	if (ring->count == 0)
		return NULL;
	job = ring->jobs[ring->first];
	ring->first = (ring->first + 1) % JOBS;
	ring->count--;
	return job;
}

static void *work(void *context)
{
	struct handshaker *h = context;

	pthread_mutex_lock(&h->mutex);
	while (!h->is_ending) {
		struct handshake_job *job = ring_take(&h->ready);

		if (!job) {
			pthread_cond_wait(&h->work, &h->mutex);
			continue;
		}
		pthread_mutex_unlock(&h->mutex);
		handshake_run(job);
		/* Libraries leave pieces of secrets there, and the next job may be long in coming. */
		wipe_stack();
		pthread_mutex_lock(&h->mutex);
		ring_put(&h->done, job);
		event_wake(h->loop);
	}
	pthread_mutex_unlock(&h->mutex);
	return NULL;
}

/* Starts the worker with all signals blocked: they are the loop's. */
static int start(struct handshaker *h)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&h->thread, NULL, work, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int handshaker_create(
	struct handshaker **handshaker, uint32_t peers_max, const struct event_loop *loop)
{
	struct handshaker *h = calloc(1, sizeof(*h));
	size_t queue_len = HANDSHAKE_QUEUE_MAX * sizeof(struct handshake_message);
	int err = -ENOMEM;

	if (!h)
		return err;
	err = arena_reserve(&h->arena, queue_len + peers_max * sizeof(struct wish), ARENA_PRIVATE);
	if (err < 0)
		goto free;
	h->queue = h->arena.base;
	h->wishes = (void *)((uint8_t *)h->arena.base + queue_len);
	h->peers_max = peers_max;
	h->loop = loop;
	for (unsigned i = 0; i < JOBS; i++)
		ring_put(&h->idle, &h->jobs[i]);
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->work, NULL);
	err = start(h);
	if (err < 0)
		goto release;
	*handshaker = h;
	return 0;
release:
	pthread_cond_destroy(&h->work);
	pthread_mutex_destroy(&h->mutex);
	arena_release(&h->arena);
free:
	free(h);
	return err;
}

void handshaker_destroy(struct handshaker *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->mutex);
	h->is_ending = true;
	pthread_cond_signal(&h->work);
	pthread_mutex_unlock(&h->mutex);
	pthread_join(h->thread, NULL);
	pthread_cond_destroy(&h->work);
	pthread_mutex_destroy(&h->mutex);
	arena_release(&h->arena);
	wipe(h, sizeof(*h));
	free(h);
}

bool handshaker_is_busy(const struct handshaker *h)
{
	return h->queue_count >= UNDER_LOAD_QUEUE;
}

bool handshaker_is_idle(const struct handshaker *h)
{
	return h->idle.count == JOBS && h->queue_count == 0 && h->first_wish == 0;
}

bool handshaker_queue(struct handshaker *h, const struct handshake_message *message)
{
	if (h->queue_count == HANDSHAKE_QUEUE_MAX)
		return false;
	h->queue[(h->queue_first + h->queue_count++) % HANDSHAKE_QUEUE_MAX] = *message;
	return true;
}

/* Where the number of the wish before, or behind, this one is kept. */
static uint32_t *link_before(struct handshaker *h, uint32_t next)
{
	return next != 0 ? &h->wishes[next - 1].previous : &h->last_wish;
}

static uint32_t *link_behind(struct handshaker *h, uint32_t previous)
{
	return previous != 0 ? &h->wishes[previous - 1].next : &h->first_wish;
}

void handshaker_want(struct handshaker *h, uint32_t slot, bool is_retry)
{
	struct wish *wish = &h->wishes[slot];

	ENSURE(slot < h->peers_max);
	if (wish->is_wanted) {
		wish->is_retry = wish->is_retry && is_retry;
		return;
	}
	*wish = (struct wish){.previous = h->last_wish, .is_wanted = true, .is_retry = is_retry};
	*link_behind(h, wish->previous) = slot + 1;
	h->last_wish = slot + 1;
}

void handshaker_forget(struct handshaker *h, uint32_t slot)
{
	struct wish *wish = &h->wishes[slot];

	ENSURE(slot < h->peers_max);
	if (!wish->is_wanted)
		return;
	*link_behind(h, wish->previous) = wish->next;
	*link_before(h, wish->next) = wish->previous;
	*wish = (struct wish){0};
}

static void submit(struct handshaker *h, struct handshake_job *job)
{
	pthread_mutex_lock(&h->mutex);
	ring_put(&h->ready, job);
	pthread_cond_signal(&h->work);
	pthread_mutex_unlock(&h->mutex);
}

/* The wish or message came to nothing. peer NULL: source says who sent it. */
static void note_refusal(struct chronicle *chronicle, enum verdict verdict, uint32_t slot,
	const struct peer *peer, const struct endpoint *source, struct instant now)
{
	const struct note note = {.reason = verdict_reason(verdict), .source = source};

	if (note.reason == REASON_COUNT)
		return;
	if (peer)
		chronicle_note_peer(chronicle, (struct peer_id){slot, peer->generation},
			&peer->public_key, &note, now);
	else
		chronicle_note(chronicle, &note, now);
}

static enum verdict prepare_wish(struct handshaker *h, struct device *device,
	struct chronicle *chronicle, struct moment now, struct handshake_job *job)
{
	uint32_t slot = h->first_wish - 1;
	bool is_retry = h->wishes[slot].is_retry;
	struct chance chance;
	enum verdict verdict;

	handshaker_forget(h, slot);
	entropy_fill(&chance, sizeof(chance));
	verdict = handshake_prepare_initiation(device, slot, is_retry, now, &chance, job);
	wipe(&chance, sizeof(chance));
	note_refusal(chronicle, verdict, slot, device_peer(device, slot), NULL, now.at);
	return verdict;
}

static enum verdict prepare_message(struct handshaker *h, struct device *device,
	struct chronicle *chronicle, struct moment now, struct handshake_job *job)
{
	const struct handshake_message *message = &h->queue[h->queue_first];
	enum verdict verdict;

	h->queue_first = (h->queue_first + 1) % HANDSHAKE_QUEUE_MAX;
	h->queue_count--;
	verdict = handshake_prepare_message(device, message, now.at, job);
	note_refusal(chronicle, verdict, PEER_NONE, NULL, &message->source, now.at);
	return verdict;
}

/*
 * Prepares what is first, a wish or a message in turn: so many peers to call do not keep their
 * answers waiting, nor a flood of messages our own calls.
 */
static enum verdict prepare_next(struct handshaker *h, struct device *device,
	struct chronicle *chronicle, struct moment now, struct handshake_job *job)
{
	h->was_message = h->first_wish == 0 || (h->queue_count > 0 && !h->was_message);
	return h->was_message ? prepare_message(h, device, chronicle, now, job)
			      : prepare_wish(h, device, chronicle, now, job);
}

void handshaker_feed(
	struct handshaker *h, struct device *device, struct chronicle *chronicle, struct moment now)
{
	while (h->idle.count > 0 && (h->first_wish != 0 || h->queue_count > 0)) {
		struct handshake_job *job = ring_take(&h->idle);

		if (prepare_next(h, device, chronicle, now, job) == VERDICT_OK)
			submit(h, job);
		else
			handshaker_release(h, job);
	}
}

struct handshake_job *handshaker_take_done(struct handshaker *h)
{
	struct handshake_job *job;

	pthread_mutex_lock(&h->mutex);
	job = ring_take(&h->done);
	pthread_mutex_unlock(&h->mutex);
	return job;
}

void handshaker_run_again(struct handshaker *h, struct handshake_job *job)
{
	submit(h, job);
}

void handshaker_release(struct handshaker *h, struct handshake_job *job)
{
	handshake_job_fini(job);
	ring_put(&h->idle, job);
}

/*
 * Where handshakes are computed: a thread of its own, so that X25519 never holds up data. The loop's
 * thread queues messages and wishes, prepares jobs while there are free ones, and finishes them
 * when the worker is done; the worker sees nothing but jobs.
 */
#ifndef CULVERT_DAEMON_HANDSHAKER_H
#define CULVERT_DAEMON_HANDSHAKER_H

#include <stdbool.h>
#include <stdint.h>
#include "chronicle.h"
#include "event.h"
#include "handshake.h"

struct handshaker;

/*
 * peers_max: of the device. loop: woken when a job is done. 0 or -errno; the worker thread runs
 * until handshaker_destroy().
 */
int handshaker_create(
	struct handshaker **handshaker, uint32_t peers_max, const struct event_loop *loop);
void handshaker_destroy(struct handshaker *handshaker);

/* True when so many messages wait that the load rule holds. */
bool handshaker_is_busy(const struct handshaker *handshaker);

/* True when nothing waits and nothing is being computed. */
bool handshaker_is_idle(const struct handshaker *handshaker);

/* Queues an admitted message; false: the queue is full. */
bool handshaker_queue(struct handshaker *handshaker, const struct handshake_message *message);

/* Wishes for an initiation to the peer; a second wish for the same peer adds nothing. */
void handshaker_want(struct handshaker *handshaker, uint32_t slot, bool is_retry);

/* The slot is empty: no wish for its last tenant survives. */
void handshaker_forget(struct handshaker *handshaker, uint32_t slot);

/*
 * Turns wishes and messages into jobs, as many as there are free ones. chronicle: is told of those
 * that come to nothing.
 */
void handshaker_feed(struct handshaker *handshaker, struct device *device,
	struct chronicle *chronicle, struct moment now);

/* A job the worker is done with, to be finished; NULL: none. */
struct handshake_job *handshaker_take_done(struct handshaker *handshaker);

/* After finishing: the job runs once more, or it is free again (and wiped). */
void handshaker_run_again(struct handshaker *handshaker, struct handshake_job *job);
void handshaker_release(struct handshaker *handshaker, struct handshake_job *job);

#endif

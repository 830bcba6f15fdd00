/* The ring of batches under way, and whose turn it is to send. */
#include "outflight.h"

void outflight_init(struct outflight *flight, struct outcall *call)
{
	pthread_mutex_init(&flight->sending, NULL);
	flight->call = call;
	flight->turn = flight->first = flight->in_flight = 0;
	flight->is_held = false;
	for (unsigned i = 0; i < flight->batches_count; i++)
		flight->batches[i]->flight = flight;
}

void outflight_fini(struct outflight *flight)
{
	pthread_mutex_destroy(&flight->sending);
}

static struct outbatch *batch_at(const struct outflight *flight, unsigned i)
{
	return flight->batches[(flight->first + i) % flight->batches_count];
}

static enum outbatch_state state_of(struct outbatch *batch)
{
	return atomic_load_explicit(&batch->state, memory_order_acquire);
}

static void set_state(struct outbatch *batch, enum outbatch_state state)
{
	atomic_store_explicit(&batch->state, state, memory_order_release);
}

/* Sent as a whole: it is the next one's turn. */
static void pass_turn(struct outflight *flight, struct outbatch *batch)
{
	set_state(batch, OUTBATCH_SENT);
	flight->turn = (flight->turn + 1) % flight->batches_count;
}

/*
 * A job of the pool. While another thread sends, this one leaves its batch to that one, or to the loop,
 * which is woken by both when they are done.
 */
static void seal_and_send(struct pool_job *job, struct bulk_engine *engine)
{
	struct outbatch *batch = (struct outbatch *)(void *)job;
	struct outflight *flight = batch->flight;

	outbatch_seal(batch, engine);
	set_state(batch, OUTBATCH_SEALED);
	if (pthread_mutex_trylock(&flight->sending) != 0)
		return;
	for (;;) {
		batch = flight->batches[flight->turn];
		if (flight->is_held || state_of(batch) != OUTBATCH_SEALED || !batch->may_go_ahead)
			break;
		if (outsend_ahead(flight->call, batch))
			pass_turn(flight, batch);
		else
			flight->is_held = true;
	}
	pthread_mutex_unlock(&flight->sending);
}

struct outbatch *outflight_next(struct outflight *flight, size_t mtu)
{
	struct outbatch *batch;

	if (flight->in_flight == flight->batches_count)
		return NULL;
	batch = batch_at(flight, flight->in_flight);
	outbatch_reset(batch, mtu);
	return batch;
}

void outflight_begin(
	struct outflight *flight, struct outsend *outsend, struct tunnel *tunnel, struct pool *pool)
{
	struct outbatch *batch = batch_at(flight, flight->in_flight++);

	batch->udp = tunnel->udp;
	batch->may_go_ahead = pool && outsend_may_go_ahead(outsend, tunnel);
	if (pool) {
		batch->job.run = seal_and_send;
		pool_submit(pool, &batch->job);
		return;
	}
	outbatch_seal(batch, tunnel->engine);
	atomic_store_explicit(&batch->job.is_done, true, memory_order_relaxed);
	set_state(batch, OUTBATCH_SEALED);
}

/* True when a batch that is sealed, the first of all, is sent now. */
static bool send_first(struct outflight *flight, struct outsend *outsend, struct tunnel *tunnel,
	struct outbatch *batch)
{
	/* Someone sent it meanwhile. */
	if (state_of(batch) != OUTBATCH_SEALED)
		return true;
	flight->is_held = !outsend_batch(outsend, tunnel, batch);
	if (!flight->is_held)
		pass_turn(flight, batch);
	return !flight->is_held;
}

bool outflight_advance(struct outflight *flight, struct outsend *outsend, struct tunnel *tunnel)
{
	while (flight->in_flight > 0) {
		struct outbatch *batch = batch_at(flight, 0);

		if (state_of(batch) == OUTBATCH_SEALED) {
			bool is_sent;

			if (pthread_mutex_trylock(&flight->sending) != 0)
				return true;
			is_sent = send_first(flight, outsend, tunnel, batch);
			pthread_mutex_unlock(&flight->sending);
			if (!is_sent)
				return false;
		}
		/* Its thread has to be through with it, too. */
		if (state_of(batch) != OUTBATCH_SENT || !pool_is_done(&batch->job))
			return true;
		/* Nothing is left to send: this counts what a thread sent. */
		outsend_batch(outsend, tunnel, batch);
		set_state(batch, OUTBATCH_GATHERED);
		flight->first = (flight->first + 1) % flight->batches_count;
		flight->in_flight--;
	}
	return true;
}

void outflight_discard(struct outflight *flight)
{
	pthread_mutex_lock(&flight->sending);
	for (unsigned i = 0; i < flight->in_flight; i++) {
		struct outbatch *batch = batch_at(flight, i);

		batch->udp = (struct udp_pair){.fd4 = -1, .fd6 = -1};
		if (state_of(batch) == OUTBATCH_SEALED)
			batch->messages_count = 0;
	}
	flight->is_held = false;
	pthread_mutex_unlock(&flight->sending);
}

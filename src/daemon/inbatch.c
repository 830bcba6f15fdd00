/* Gathering and opening data messages: no system calls, and no device while opening. */
#include "inbatch.h"

void inbatch_init(struct inbatch *batch, uint8_t *memory)
{
	batch->job.run = inbatch_open;
	for (unsigned i = 0; i < INBATCH_MESSAGES; i++) {
		batch->messages[i].buffer = memory + i * INBATCH_BUFFER_LEN;
		batch->messages[i].buffer_len = UDP_BUFFER_LEN;
	}
	batch->runs_count = 0;
	inbatch_reset(batch);
}

void inbatch_reset(struct inbatch *batch)
{
	for (unsigned i = 0; i < batch->runs_count; i++)
		inbound_run_fini(&batch->runs[i].core);
	batch->datagrams_count = batch->runs_count = 0;
}

/* The run that the datagram goes on with: the last one, or a new one. */
static enum verdict find_run(struct inbatch *batch, struct device *device,
	const struct endpoint *source, const uint8_t *datagram, struct instant now,
	struct inrun **found)
{
	struct inrun *run = batch->runs_count > 0 ? &batch->runs[batch->runs_count - 1] : NULL;
	enum verdict verdict;

	*found = run;
	if (run && run->source == source && inbound_belongs(&run->core, datagram))
		return VERDICT_OK;
	run = &batch->runs[batch->runs_count];
	verdict = inbound_prepare(device, datagram, now, &run->core);
	if (verdict != VERDICT_OK)
		return verdict;
	run->source = source;
	run->first = batch->datagrams_count;
	run->count = 0;
	batch->runs_count++;
	*found = run;
	return VERDICT_OK;
}

enum verdict inbatch_add(struct inbatch *batch, struct device *device, unsigned i,
	uint8_t *datagram, size_t len, struct instant now)
{
	const struct udp_in *message = &batch->messages[i];
	struct inrun *run;
	enum verdict verdict;

	if (batch->datagrams_count == INBATCH_DATAGRAMS)
		return VERDICT_BAD_MESSAGE;
	verdict = find_run(batch, device, &message->source, datagram, now, &run);
	if (verdict != VERDICT_OK)
		return verdict;
	run->count++;
	batch->datagrams[batch->datagrams_count++] =
		(struct indatagram){.at = datagram, .len = (uint16_t)len, .ecn = message->ecn};
	return VERDICT_OK;
}

void inbatch_open(struct pool_job *job, struct bulk_engine *engine)
{
	struct inbatch *batch = (struct inbatch *)(void *)job;

	for (unsigned r = 0; r < batch->runs_count; r++) {
		const struct inrun *run = &batch->runs[r];

		for (unsigned i = run->first; i < run->first + run->count; i++) {
			struct indatagram *d = &batch->datagrams[i];

			d->is_open = inbound_open(engine, &run->core, d->at, d->len);
		}
	}
}

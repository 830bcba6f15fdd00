/* A host of the simulation: a daemon without an operating system. */
#include "sim.h"

#include <string.h>
#include "inbound.h"
#include "ip.h"
#include "outbound.h"
#include "tick.h"
#include "wire.h"

enum { MTU = 1420 };

static void transmit(struct sim *sim, struct sim_host *host, const struct endpoint *to, uint8_t ecn,
	const void *bytes, size_t len)
{
	host->sent[wire_classify(bytes, len)]++;
	sim_transmit(sim, &host->address, to, ecn, bytes, len);
}

static void add_job(struct sim *sim, struct sim_host *host, const struct handshake_job *job)
{
	uint64_t takes_ns = sim_below(sim, sim->network.job_max * 1000 + 1) * 1000ULL;

	SIM_ENSURE(sim, sim->jobs_count < SIM_JOBS_MAX);
	sim->jobs[sim->jobs_count++] = (struct sim_job){
		.host = (uint8_t)(host - sim->hosts),
		.done = instant_after(sim->now, takes_ns),
		.job = *job,
	};
}

static void initiate(struct sim *sim, struct sim_host *host, uint32_t slot, bool is_retry)
{
	struct handshake_job job;
	struct chance chance;

	sim_chance(sim, &chance);
	if (handshake_prepare_initiation(host->device, slot, is_retry, sim_moment(sim, host),
		    &chance, &job) == VERDICT_OK)
		add_job(sim, host, &job);
}

/* Seals one packet, or a keepalive of no bytes, and sends it. */
static void seal(struct sim *sim, struct sim_host *host, const struct outbound_grant *grant,
	uint32_t i, const uint8_t *packet, size_t len)
{
	uint8_t out[SIM_DATAGRAM_MAX + PADDING_MULTIPLE] = {0};
	size_t padded = outbound_padded_len(len, MTU);

	if (len > 0)
		memcpy(out + DATA_HEADER_LEN, packet, len);
	sim_check_sealing(sim, host, grant->peer.slot, &grant->key, grant->first_counter + i);
	outbound_seal(sim->engine, grant, i, out + DATA_HEADER_LEN, padded, out);
	transmit(sim, host, &grant->endpoint, len > 0 ? ip_ecn_encapsulate(ip_ecn(packet)) : 0, out,
		DATA_OVERHEAD + padded);
	device_count_sent(host->device, grant->peer, DATA_OVERHEAD + padded);
}

static void send_keepalive(struct sim *sim, struct sim_host *host, uint32_t slot)
{
	struct outbound_grant grant;
	unsigned effects;

	if (outbound_reserve(host->device, slot, 1, sim->now, &grant) != VERDICT_OK) {
		initiate(sim, host, slot, false);
		return;
	}
	effects = outbound_finish(host->device, &grant, false, sim->now, 0);
	seal(sim, host, &grant, 0, NULL, 0);
	outbound_grant_fini(&grant);
	sim_host_obey(sim, host, slot, effects);
}

static void flush(struct sim *sim, struct sim_host *host, uint32_t slot)
{
	struct sim_queue *queue = &host->queues[slot];
	struct outbound_grant grant;
	unsigned effects;

	if (queue->count == 0)
		return;
	if (outbound_reserve(host->device, slot, queue->count, sim->now, &grant) != VERDICT_OK) {
		initiate(sim, host, slot, false);
		return;
	}
	effects = outbound_finish(
		host->device, &grant, true, sim->now, (uint32_t)seeded_next(&sim->random));
	for (uint32_t i = 0; i < grant.count; i++)
		seal(sim, host, &grant, i, queue->packets[i].bytes, queue->packets[i].len);
	queue->count -= grant.count;
	memmove(queue->packets, queue->packets + grant.count,
		queue->count * sizeof(queue->packets[0]));
	outbound_grant_fini(&grant);
	sim_host_obey(sim, host, slot, effects);
}

void sim_host_obey(struct sim *sim, struct sim_host *host, uint32_t slot, unsigned effects)
{
	struct sim_queue *queue = &host->queues[slot];

	if (effects & EFFECT_DROP_STAGED) {
		queue->count = 0;
		host->given_up++;
	}
	if (effects & (EFFECT_INITIATE | EFFECT_RETRY))
		initiate(sim, host, slot, effects & EFFECT_RETRY);
	if (effects & (EFFECT_FLUSH | EFFECT_KEEPALIVE) && queue->count > 0)
		flush(sim, host, slot);
	else if (effects & EFFECT_KEEPALIVE)
		send_keepalive(sim, host, slot);
}

void sim_host_packet(struct sim *sim, struct sim_host *host, const uint8_t *packet, size_t len)
{
	struct sim_queue *queue;
	uint32_t slot;

	if (outbound_route(host->device, packet, len, &slot) != VERDICT_OK)
		return;
	queue = &host->queues[slot];
	if (queue->count == STAGED_PACKETS_MAX)
		memmove(queue->packets, queue->packets + 1,
			--queue->count * sizeof(queue->packets[0]));
	queue->packets[queue->count].len = len;
	memcpy(queue->packets[queue->count++].bytes, packet, len);
	flush(sim, host, slot);
}

void sim_host_tick(struct sim *sim, struct sim_host *host)
{
	uint32_t slot;
	unsigned effects;

	while (tick_next(host->device, sim->now, &slot, &effects))
		sim_host_obey(sim, host, slot, effects);
}

void sim_host_finish(struct sim *sim, struct sim_host *host, struct handshake_job *job)
{
	const struct peer *peer;
	struct chance chance;
	unsigned effects;

	sim_chance(sim, &chance);
	handshake_finish(host->device, job, sim_moment(sim, host), &chance, &effects);
	if (effects & EFFECT_RUN_AGAIN)
		add_job(sim, host, job);
	if (effects & EFFECT_SEND) {
		if (job->step == STEP_INITIATE)
			sim_check_stamp(sim, host, job->peer.slot, &job->stamp);
		peer = device_peer(host->device, job->peer.slot);
		transmit(sim, host, &peer->endpoint, 0, job->datagram, job->datagram_len);
		device_count_sent(host->device, job->peer, job->datagram_len);
	}
	sim_host_obey(sim, host, job->peer.slot, effects);
}

static void receive_handshake(
	struct sim *sim, struct sim_host *host, const struct sim_datagram *datagram)
{
	struct handshake_message message = {
		.source = datagram->source, .len = (uint8_t)datagram->len};
	struct wire_cookie_reply reply;
	struct handshake_job job = {0};
	struct chance chance;
	enum verdict verdict;

	message.source.local = datagram->destination.addr;
	memcpy(message.bytes, datagram->bytes, datagram->len);
	sim_chance(sim, &chance);
	verdict = handshake_admit(host->device, &message, host->is_busy, sim->now, &chance, &reply);
	if (verdict == VERDICT_COOKIE_NEEDED)
		transmit(sim, host, &datagram->source, 0, &reply, sizeof(reply));
	/* As in a daemon: when too many messages wait, they are dropped; our own tries are not. */
	if (verdict == VERDICT_OK && sim->jobs_count < SIM_JOBS_MAX / 2 &&
		handshake_prepare_message(host->device, &message, sim->now, &job) == VERDICT_OK)
		add_job(sim, host, &job);
}

static void receive_data(struct sim *sim, struct sim_host *host, struct sim_datagram *datagram)
{
	struct inbound_run run;
	enum verdict verdict;
	unsigned effects;
	size_t len;
	bool is_open;

	if (inbound_prepare(host->device, datagram->bytes, sim->now, &run) != VERDICT_OK)
		return;
	SIM_ENSURE(sim, inbound_belongs(&run, datagram->bytes));
	is_open = inbound_open(sim->engine, &run, datagram->bytes, datagram->len);
	verdict = inbound_accept(
		host->device, &run, is_open, datagram->bytes, datagram->len, datagram->ecn, &len);
	if (verdict == VERDICT_OK && len > 0)
		sim_check_accepted(
			sim, host, run.peer.slot, datagram->bytes + DATA_HEADER_LEN, len);
	if (verdict == VERDICT_WRONG_SOURCE || verdict == VERDICT_BAD_INNER)
		host->refused_inner++;
	effects = inbound_finish(host->device, &run, &datagram->source, sim_moment(sim, host));
	inbound_run_fini(&run);
	sim_host_obey(sim, host, run.peer.slot, effects);
}

void sim_host_receive(struct sim *sim, struct sim_host *host, struct sim_datagram *datagram)
{
	switch (wire_classify(datagram->bytes, datagram->len)) {
	case MESSAGE_NONE:
		break;
	case MESSAGE_INITIATION:
	case MESSAGE_RESPONSE:
		receive_handshake(sim, host, datagram);
		break;
	case MESSAGE_COOKIE_REPLY:
		handshake_consume_cookie_reply(
			host->device, (const void *)datagram->bytes, sim->now);
		break;
	case MESSAGE_DATA:
		receive_data(sim, host, datagram);
		break;
	}
}

/*
 * One batch of datagrams in: received messages, the runs of data messages in them that share a
 * key, and what each datagram is. Packets are decrypted where they lie.
 */
#ifndef CULVERT_DAEMON_INBATCH_H
#define CULVERT_DAEMON_INBATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "inbound.h"
#include "pool.h"
#include "udp.h"

enum {
	INBATCH_MESSAGES = 8,
	INBATCH_BUFFER_LEN = 65536,
	/* The kernel joins at most 128 datagrams in one message. */
	INBATCH_DATAGRAMS = INBATCH_MESSAGES * 128,
	INBATCH_RUNS = INBATCH_DATAGRAMS,
	INBATCH_MEMORY_LEN = INBATCH_MESSAGES * INBATCH_BUFFER_LEN,
};

/* A data message, part of a run. */
struct indatagram {
	uint8_t *at;
	uint16_t len;
	uint8_t ecn;
	bool is_open; /* after inbatch_open() */
};

/* Consecutive datagrams of one message under one key. */
struct inrun {
	struct inbound_run core;
	const struct endpoint *source;
	unsigned first, count; /* datagrams */
};

struct inbatch {
	struct pool_job job; /* opening; first, so that the pool's pointer is ours too */
	struct udp_in messages[INBATCH_MESSAGES];
	unsigned datagrams_count, runs_count;
	struct indatagram datagrams[INBATCH_DATAGRAMS];
	struct inrun runs[INBATCH_RUNS];
};

/* memory: INBATCH_MEMORY_LEN bytes. */
void inbatch_init(struct inbatch *batch, uint8_t *memory);

/* Empty; keys are wiped. */
void inbatch_reset(struct inbatch *batch);

/*
 * Adds a data message of message i, which follows those before it. Not OK: it is dropped, because
 * there is no key for it (device counts why) or no room (BAD_MESSAGE: more than a kernel joins).
 */
enum verdict inbatch_add(struct inbatch *batch, struct device *device, unsigned i,
	uint8_t *datagram, size_t len, struct instant now);

/* Decrypts all; any thread, and a pool job's run. */
void inbatch_open(struct pool_job *job, struct bulk_engine *engine);

#endif

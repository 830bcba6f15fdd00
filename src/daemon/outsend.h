/*
 * Sealed messages to the UDP sockets, and what to do about each that the kernel does not take: wait,
 * go without the chosen source address, or go datagram by datagram.
 */
#ifndef CULVERT_DAEMON_OUTSEND_H
#define CULVERT_DAEMON_OUTSEND_H

#include <stdbool.h>
#include <stddef.h>
#include "outbatch.h"
#include "tunnel.h"

/* What one call to the kernel needs beside the messages. */
struct outcall {
	struct udp_scratch scratch;
	struct udp_out outs[UDP_BATCH_MAX];
};

struct outsend;

size_t outsend_size(void);

/* memory: outsend_size() zeroed bytes, 8-byte aligned. */
struct outsend *outsend_init(void *memory);

/*
 * Sends a batch's messages in their order. True: none is left and the batch is reset. False: a
 * full socket left some; call again when it has room.
 */
bool outsend_batch(struct outsend *outsend, struct tunnel *tunnel, struct outbatch *batch);

/* True while messages may go in segments to everybody, so that outsend_ahead() has nothing to decide. */
bool outsend_may_go_ahead(const struct outsend *outsend, const struct tunnel *tunnel);

/*
 * Sends a batch's messages, from any thread, and marks those that went. False: some did not, and the
 * batch is outsend_batch()'s. True: that has nothing left to do but to count.
 */
bool outsend_ahead(struct outcall *call, struct outbatch *batch);

/* Routes have changed: an address that took no messages in segments may do so now. */
void outsend_forget_paths(struct outsend *outsend);

#endif

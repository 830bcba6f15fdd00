/*
 * What is on its way through a tunnel in one direction, and what is said about what comes out: each
 * packet must be, byte for byte, one that is on its way in its flow. Those before it are then lost.
 */
#ifndef CULVERT_TESTS_EXACT_WATCH_H
#define CULVERT_TESTS_EXACT_WATCH_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exact_traffic.h"

enum { EXACT_MEMORY = 512 };

struct exact_packet {
	struct exact_packet *next;
	size_t len;
	uint8_t bytes[];
};

struct exact_counts {
	uint64_t sent, received, lost, altered, duplicated, reordered;
	uint64_t supers_sent, supers_received, bytes;
};

/* Hashes of the latest packets of a flow. */
struct exact_memory {
	uint64_t hashes[EXACT_MEMORY];
	unsigned count;
};

struct exact_watch {
	struct exact_counts counts;
	uint64_t in_flight;
	struct {
		struct exact_packet *first, **end;
		struct exact_memory received, lost;
	} flows[EXACT_SOURCES];
};

void exact_watch_init(struct exact_watch *watch);

/* The burst is about to be sent. */
void exact_watch_expect(struct exact_watch *watch, const struct exact_burst *burst);

/* What came out, a packet or a super-packet; false: it is not right, and what and why is told. */
bool exact_watch_take(struct exact_watch *watch, const struct virtio_net_hdr *header,
	const uint8_t *bytes, size_t len);

/* Nothing that is on its way will come. */
void exact_watch_give_up(struct exact_watch *watch);

#endif

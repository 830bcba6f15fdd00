/*
 * What is sent: flows of random packets, each with all that the packet path looks at, and what must
 * come out at the other end. A flow is told by its source address, and its packets keep their order.
 * Not here: sockets (exact_link.h), comparing (exact_watch.h).
 */
#ifndef CULVERT_TESTS_EXACT_TRAFFIC_H
#define CULVERT_TESTS_EXACT_TRAFFIC_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "packet_model.h"
#include "seeded.h"

enum {
	EXACT_FLOWS = 24,
	/* A flow's packets of odd protocols have a source of their own. */
	EXACT_SOURCES = 2 * EXACT_FLOWS,
	EXACT_SEGMENTS_MAX = 60,
};

struct exact_flow {
	struct packet_spec spec; /* of the next packet, when nothing odd happens to it */
	bool is_id_fixed;
	uint32_t payload_usual;
};

/* One write into the tunnel: a packet or a super-packet, as PACKET_VNET_HDR has it. */
struct exact_burst {
	struct virtio_net_hdr header;
	uint8_t bytes[MODEL_PACKET_MAX];
	size_t len, ip_len;
	unsigned flow; /* below EXACT_SOURCES */
	uint8_t protocol;
	uint32_t segments; /* packets that must come out */
	bool is_finished_by_kernel;
};

struct exact_traffic {
	struct seeded chance;
	size_t mtu;
	/*
	 * The sender's device takes no unfinished checksums, so its kernel finishes those of single
	 * packets; it writes 0xffff for zero (CSUM_MANGLED_0 of skb_checksum_help()), for TCP too.
	 */
	bool is_finished_by_kernel;
	unsigned current;
	struct exact_flow flows[EXACT_FLOWS];
};

void exact_traffic_init(struct exact_traffic *traffic, uint64_t seed, size_t mtu);
void exact_traffic_next(struct exact_traffic *traffic, struct exact_burst *burst);

/* Packet i of those that must come out, to out (MODEL_PACKET_MAX bytes); returns its length. */
size_t exact_burst_expect(const struct exact_burst *burst, uint32_t i, uint8_t *out);

/* The flow of a packet; -1: none of ours, such as the kernel's own. */
int exact_flow_of(const uint8_t *packet, size_t len);

#endif

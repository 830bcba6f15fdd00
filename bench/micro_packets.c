/* The data path's share without system calls: checksums, cutting and joining super-packets. */
#include "micro.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checksum.h"
#include "coalesce.h"
#include "ensure.h"
#include "fields.h"
#include "split.h"

enum {
	MTU = 1420,
	SEGMENTS = 45,    /* as many as fit one UDP message */
	OPTIONS_LEN = 12, /* TCP's timestamps */
	REPEATS = 20,
};

/* A super-packet as the TUN device gives it, and what it is cut into. */
struct load {
	struct tun_header header;
	size_t len, segment_len;
	struct coalescer coalescer;
	uint8_t headers[SPLIT_HEADER_MAX]; /* as they came */
	uint8_t first[SPLIT_HEADER_MAX];   /* of the first segment, before it is joined */
	uint8_t packet[TUN_ROOM + SPLIT_TAILROOM];
	uint8_t segments[SEGMENTS][MTU];
};

static void sum(void *context, uint64_t times)
{
	const struct load *load = context;
	uint64_t all = 0;

	for (uint64_t i = 0; i < times; i++)
		all += checksum_fold(
			checksum_add(0, load->segments[i % SEGMENTS], load->segment_len));
	ENSURE(all > 0);
}

/* Cutting writes headers over payload that is done with; only the first must be set right. */
static void begin(struct load *load, struct split *split)
{
	memcpy(load->packet, load->headers, load->header.header_len);
	ENSURE(split_begin(split, &load->header, load->packet, load->len));
}

static void cut(void *context, uint64_t times)
{
	struct load *load = context;
	struct split split;

	for (uint64_t i = 0; i < times; i += SEGMENTS)
		for (begin(load, &split); split.next < split.count;)
			split_next(&split, split_segment_len(&split, split.next));
}

static void join(void *context, uint64_t times)
{
	struct load *load = context;

	for (uint64_t i = 0; i < times; i += SEGMENTS) {
		memcpy(load->segments[0], load->first, sizeof(load->first));
		for (unsigned j = 0; j < SEGMENTS; j++)
			ENSURE(coalesce_add(
				&load->coalescer, load->segments[j], load->segment_len));
		ENSURE(load->coalescer.count == 1);
		coalesce_finish(&load->coalescer, 0);
		coalesce_reset(&load->coalescer);
	}
}

/* Each alone: what joining costs a flow that does not join. */
static void pass(void *context, uint64_t times)
{
	struct load *load = context;

	for (uint64_t i = 0; i < times; i++) {
		ENSURE(coalesce_add(&load->coalescer, load->segments[0], load->segment_len));
		coalesce_finish(&load->coalescer, 0);
		coalesce_reset(&load->coalescer);
	}
}

/* Addresses are some random bytes; the transport header is all zero but for what counts. */
static void store_ip(struct load *load, uint8_t family, uint8_t protocol)
{
	uint8_t *packet = load->packet;

	if (family == 4) {
		packet[0] = 0x45;
		field_store_16(packet + V4_LENGTH_AT, (uint16_t)load->len);
		field_store_16(packet + V4_FRAGMENT_AT, V4_DF);
		packet[V4_PROTOCOL_AT] = protocol;
		memset(packet + V4_ADDRESSES_AT, 10, 8);
		return;
	}
	packet[0] = 0x60;
	field_store_16(packet + V6_LENGTH_AT, (uint16_t)(load->len - V6_HEADER_LEN));
	packet[V6_NEXT_AT] = protocol;
	memset(packet + V6_ADDRESSES_AT, 0xfd, 32);
}

static void store_transport(struct load *load, size_t ip_len, uint8_t protocol)
{
	uint8_t *at = load->packet + ip_len;
	size_t len = load->len - ip_len;

	if (protocol == IPPROTO_TCP) {
		at[TCP_DATA_OFFSET_AT] = (TCP_HEADER_LEN + OPTIONS_LEN) / 4 << 4;
		at[TCP_FLAGS_AT] = TCP_ACK;
	} else {
		field_store_16(at + UDP_LENGTH_AT, (uint16_t)len);
	}
	field_store_16(at + load->header.checksum_offset,
		checksum_fold(checksum_pseudo(load->packet, protocol, len)));
}

static void make_super_packet(struct load *load, uint8_t family, uint8_t protocol)
{
	bool is_tcp = protocol == IPPROTO_TCP;
	size_t ip_len = family == 4 ? V4_HEADER_LEN : V6_HEADER_LEN;
	size_t header_len = ip_len + (is_tcp ? TCP_HEADER_LEN + OPTIONS_LEN : UDP_HEADER_LEN);
	uint64_t random = family;

	load->header = (struct tun_header){
		.flags = TUN_NEEDS_CHECKSUM,
		.gso = !is_tcp       ? TUN_GSO_UDP
		       : family == 4 ? TUN_GSO_TCP4
				     : TUN_GSO_TCP6,
		.header_len = (uint16_t)header_len,
		.gso_size = (uint16_t)(load->segment_len - header_len),
		.checksum_start = (uint16_t)ip_len,
		.checksum_offset = is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT,
	};
	load->len = header_len + SEGMENTS * (size_t)load->header.gso_size;
	memset(load->packet, 0, header_len);
	micro_fill(&random, load->packet + header_len, load->len - header_len);
	store_ip(load, family, protocol);
	store_transport(load, ip_len, protocol);
	memcpy(load->headers, load->packet, header_len);
}

static void measure_load(struct load *load, uint8_t family, uint8_t protocol, size_t rounds)
{
	const char *what = protocol == IPPROTO_TCP ? "TCP" : "UDP";
	struct split split;
	char name[64];

	make_super_packet(load, family, protocol);
	for (begin(load, &split); split.next < split.count;) {
		uint32_t i = split.next;

		memcpy(load->segments[i], split_next(&split, load->segment_len), load->segment_len);
	}
	memcpy(load->first, load->segments[0], sizeof(load->first));
	snprintf(name, sizeof(name), "cut %s over IPv%u, %zu bytes, a segment", what, family,
		load->segment_len);
	micro_measure(name, cut, load, REPEATS * SEGMENTS, rounds);
	snprintf(name, sizeof(name), "join %s over IPv%u, %zu bytes, a segment", what, family,
		load->segment_len);
	micro_measure(name, join, load, REPEATS * SEGMENTS, rounds);
	memcpy(load->segments[0], load->first, sizeof(load->first));
	snprintf(name, sizeof(name), "pass %s over IPv%u alone, %zu bytes", what, family,
		load->segment_len);
	micro_measure(name, pass, load, REPEATS * SEGMENTS, rounds);
}

void micro_packets(size_t rounds)
{
	static const struct {
		uint8_t family, protocol;
		size_t segment_len;
	} loads[] = {
		{4, IPPROTO_TCP, MTU},
		{6, IPPROTO_TCP, MTU},
		{4, IPPROTO_UDP, MTU},
		{4, IPPROTO_UDP, 300},
	};
	struct load *load = calloc(1, sizeof(*load));

	ENSURE(load);
	coalesce_init(&load->coalescer, TUN_OFFLOAD_ALL);
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		load->segment_len = loads[i].segment_len;
		measure_load(load, loads[i].family, loads[i].protocol, rounds);
	}
	load->segment_len = MTU;
	micro_measure("checksum of 1,420 bytes", sum, load, REPEATS * SEGMENTS, rounds);
	free(load);
}

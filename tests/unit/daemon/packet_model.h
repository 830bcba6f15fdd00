/*
 * Packets made from a description, and what splitting and merging mean, written for the eye: byte
 * by byte, with copies, and nothing shared with the code under test.
 */
#ifndef CULVERT_TESTS_PACKET_MODEL_H
#define CULVERT_TESTS_PACKET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MODEL_PACKET_MAX = 65535 + 64,
	MODEL_TCP = 6,
	MODEL_UDP = 17,
	MODEL_FIN = 1,
	MODEL_SYN = 2,
	MODEL_RST = 4,
	MODEL_PSH = 8,
	MODEL_ACK = 16,
	MODEL_URG = 32,
	MODEL_ECE = 64,
	MODEL_CWR = 128,
	MODEL_DF = 0x4000,
};

struct packet_spec {
	uint8_t version;             /* 4, 6 */
	uint8_t protocol;            /* of the transport header */
	uint8_t source, destination; /* last byte of the addresses */
	uint16_t source_port, destination_port;
	uint8_t tos, ttl;
	uint16_t id, fragment; /* IPv4 */
	uint32_t flow_label;   /* IPv6 */
	size_t ip_options_len; /* IPv4: a multiple of 4, up to 40; IPv6: of 8, an extension header */
	uint8_t extension;     /* IPv6: which one */
	uint8_t tcp_flags;
	uint32_t sequence, acknowledged;
	uint16_t window, urgent;
	size_t tcp_options_len; /* a multiple of 4, up to 40 */
	uint8_t tcp_option_byte;
	size_t payload_len;
	uint32_t payload_seed;
};

/* A super-packet, and how it is to be cut. */
struct model_super {
	const uint8_t *packet;
	size_t len, ip_len, gso_size;
	uint8_t protocol;
	unsigned id_step; /* 1, or 0 for a fixed ID */
};

/*
 * From malloc, to be freed: cmocka's test_malloc() puts guard bytes around a block, in which a
 * sanitizer sees nothing.
 */
uint8_t *block_create(size_t len);

/* Everything in it right. Returns its length; out has room for it. */
size_t packet_build(const struct packet_spec *spec, uint8_t *out);

/* Where the transport header of a built packet begins, and where its payload. */
size_t packet_ip_len(const struct packet_spec *spec);
size_t packet_header_len(const struct packet_spec *spec);

/* Sets the transport's and the IPv4 header's checksum as they should be. */
void packet_mend(uint8_t *packet, size_t len, size_t ip_len, uint8_t protocol);

/* Puts the pseudo-header's sum into the transport's checksum field, as the kernel leaves it. */
void packet_unfinish(uint8_t *packet, size_t len, size_t ip_len, uint8_t protocol);

/* The sum of len bytes as numbers of 16 bits, big-endian, modulo 65535; `start` is added. */
uint32_t model_sum(uint32_t start, const uint8_t *bytes, size_t len);
uint32_t model_pseudo(const uint8_t *packet, uint8_t protocol, size_t len);
uint16_t model_checksum(uint32_t sum);

uint32_t model_count(const struct model_super *super);

/* Segment i, copied to out; returns its length. */
size_t model_segment(const struct model_super *super, uint32_t i, uint8_t *out);

#endif

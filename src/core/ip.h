/*
 * The inner packet's outside: version, addresses, length, and its ECN bits. Reads nothing behind
 * what the length covers and never trusts a length field further than the bytes that are there.
 */
#ifndef CULVERT_CORE_IP_H
#define CULVERT_CORE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"

struct ip_info {
	uint8_t family;                      /* IP_V4, IP_V6 */
	const uint8_t *source, *destination; /* 4 or 16 bytes, inside the packet */
	size_t len; /* as the header has it, never more than the bytes given */
};

/*
 * False unless packet has a whole fixed header of version 4 or 6 and a length field between that
 * header's size and `len` (IPv4: total length; IPv6: payload length + 40).
 */
bool ip_parse(const uint8_t *packet, size_t len, struct ip_info *info);

/* The ECN bits (0..3) of the packet's header; packet passed ip_parse(). */
uint8_t ip_ecn(const uint8_t *packet);

/* ECN of the outer header for an inner one (RFC 6040 normal mode, as Linux): CE becomes ECT(0). */
uint8_t ip_ecn_encapsulate(uint8_t inner);

/*
 * Brings the outer header's ECN into the inner packet (RFC 6040): ECT inside and CE outside gives
 * CE; ECT(0) inside and ECT(1) outside gives ECT(1); not-ECT inside stays. Mends the IPv4 header
 * checksum. packet passed ip_parse().
 */
void ip_ecn_decapsulate(uint8_t *packet, uint8_t outer);

#endif

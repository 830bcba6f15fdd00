/*
 * Where the fields stand in the headers of inner packets, and the integers in them. Whoever uses
 * this has made sure that the bytes are there.
 */
#ifndef CULVERT_DAEMON_FIELDS_H
#define CULVERT_DAEMON_FIELDS_H

#include <stdint.h>
#include "bytes.h"

enum {
	V4_HEADER_LEN = 20, /* without options */
	V4_TOS_AT = 1,
	V4_LENGTH_AT = 2,
	V4_ID_AT = 4,
	V4_FRAGMENT_AT = 6, /* reserved bit, DF, MF, offset */
	V4_PROTOCOL_AT = 9,
	V4_CHECKSUM_AT = 10,
	V4_ADDRESSES_AT = 12,
	V4_DF = 0x4000,

	V6_HEADER_LEN = 40,
	V6_LENGTH_AT = 4, /* of what follows the fixed header */
	V6_NEXT_AT = 6,
	V6_ADDRESSES_AT = 8,

	TCP_HEADER_LEN = 20, /* without options */
	TCP_SEQUENCE_AT = 4,
	TCP_ACKNOWLEDGED_AT = 8,
	TCP_DATA_OFFSET_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_WINDOW_AT = 14,
	TCP_CHECKSUM_AT = 16,
	TCP_URGENT_AT = 18,

	UDP_HEADER_LEN = 8,
	UDP_LENGTH_AT = 4,
	UDP_CHECKSUM_AT = 6,
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

/* IPv6 extension headers (RFC 8200). */
enum extension {
	EXTENSION_HOP_BY_HOP = 0,
	EXTENSION_ROUTING = 43,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_DESTINATION = 60,
};

static inline uint16_t field_load_16(const uint8_t *at)
{
	struct be16 v;

	memcpy(&v, at, sizeof(v));
	return be16_load(v);
}

static inline void field_store_16(uint8_t *at, uint16_t n)
{
	struct be16 v = be16_store(n);

	memcpy(at, &v, sizeof(v));
}

static inline uint32_t field_load_32(const uint8_t *at)
{
	struct be32 v;

	memcpy(&v, at, sizeof(v));
	return be32_load(v);
}

static inline void field_store_32(uint8_t *at, uint32_t n)
{
	struct be32 v = be32_store(n);

	memcpy(at, &v, sizeof(v));
}

#endif

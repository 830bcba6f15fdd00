/* Reading the inner header, and the two ways in which ECN crosses the tunnel's end. */
#include "ip.h"

#include "bytes.h"

enum {
	V4_HEADER_LEN = 20,
	V4_TOS_AT = 1,
	V4_LENGTH_AT = 2,
	V4_CHECKSUM_AT = 10,
	V4_SOURCE_AT = 12,
	V4_DESTINATION_AT = 16,
	V6_HEADER_LEN = 40,
	V6_LENGTH_AT = 4,
	V6_SOURCE_AT = 8,
	V6_DESTINATION_AT = 24,
};

enum ecn {
	NOT_ECT = 0,
	ECT_1 = 1,
	ECT_0 = 2,
	CE = 3,
	ECN_MASK = 3,
};

/* The IPv6 traffic class straddles two bytes; its low two bits stand here in the second one. */
enum { V6_ECN_SHIFT = 4 };

static uint16_t be16_at(const uint8_t *at)
{
	struct be16 v;

	memcpy(&v, at, sizeof(v));
	return be16_load(v);
}

static uint8_t ip_version(const uint8_t *packet)
{
	return packet[0] >> 4;
}

static bool ip_parse_v4(const uint8_t *packet, size_t len, struct ip_info *info)
{
	if (len < V4_HEADER_LEN)
		return false;
	*info = (struct ip_info){
		.family = IP_V4,
		.source = packet + V4_SOURCE_AT,
		.destination = packet + V4_DESTINATION_AT,
		.len = be16_at(packet + V4_LENGTH_AT),
	};
	return info->len >= V4_HEADER_LEN && info->len <= len;
}

static bool ip_parse_v6(const uint8_t *packet, size_t len, struct ip_info *info)
{
	if (len < V6_HEADER_LEN)
		return false;
	*info = (struct ip_info){
		.family = IP_V6,
		.source = packet + V6_SOURCE_AT,
		.destination = packet + V6_DESTINATION_AT,
		/* Up to 65575: wider than the field. */
		.len = (size_t)V6_HEADER_LEN + be16_at(packet + V6_LENGTH_AT),
	};
	return info->len <= len;
}

bool ip_parse(const uint8_t *packet, size_t len, struct ip_info *info)
{
	if (len == 0)
		return false;
	switch (ip_version(packet)) {
	case 4:
		return ip_parse_v4(packet, len, info);
	case 6:
		return ip_parse_v6(packet, len, info);
	default:
		return false;
	}
}

uint8_t ip_ecn(const uint8_t *packet)
{
	uint8_t byte = packet[V4_TOS_AT];

	return (ip_version(packet) == 4 ? byte : byte >> V6_ECN_SHIFT) & ECN_MASK;
}

uint8_t ip_ecn_encapsulate(uint8_t inner)
{
	inner &= ECN_MASK;
	return inner == CE ? ECT_0 : inner;
}

/* What the inner ECN becomes, by [inner][outer]. */
static const uint8_t decapsulated[4][4] = {
	[NOT_ECT] = {[NOT_ECT] = NOT_ECT, [ECT_1] = NOT_ECT, [ECT_0] = NOT_ECT, [CE] = NOT_ECT},
	[ECT_1] = {[NOT_ECT] = ECT_1, [ECT_1] = ECT_1, [ECT_0] = ECT_1, [CE] = CE},
	[ECT_0] = {[NOT_ECT] = ECT_0, [ECT_1] = ECT_1, [ECT_0] = ECT_0, [CE] = CE},
	[CE] = {[NOT_ECT] = CE, [ECT_1] = CE, [ECT_0] = CE, [CE] = CE},
};

/* Changes the TOS byte and the checksum with it (RFC 1624, equation 3). */
static void v4_replace_tos(uint8_t *packet, uint8_t tos)
{
	uint32_t sum = (uint16_t)~be16_at(packet + V4_CHECKSUM_AT);
	struct be16 checksum;

	sum += (uint16_t)~be16_at(packet);
	packet[V4_TOS_AT] = tos;
	sum += be16_at(packet);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	checksum = be16_store((uint16_t)~sum);
	memcpy(packet + V4_CHECKSUM_AT, &checksum, sizeof(checksum));
}

void ip_ecn_decapsulate(uint8_t *packet, uint8_t outer)
{
	uint8_t inner = ip_ecn(packet);
	uint8_t change = inner ^ decapsulated[inner][outer & ECN_MASK];

	if (change == 0)
		return;
	if (ip_version(packet) == 4)
		v4_replace_tos(packet, packet[V4_TOS_AT] ^ change);
	else
		packet[V4_TOS_AT] ^= (uint8_t)(change << V6_ECN_SHIFT);
}

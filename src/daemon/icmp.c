/* Making ICMP errors; when not to. Pure. */
#include "icmp.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <string.h>
#include "bytes.h"
#include "checksum.h"
#include "fields.h"

enum {
	IP4_LEN = 20,
	IP6_LEN = 40,
	ICMP_HEADER_LEN = 8,
	/* RFC 1812: as much of the packet as keeps the answer within 576 bytes; RFC 4443: 1280. */
	ANSWER4_MAX = 576,
	ANSWER6_MAX = ICMP_UNREACHABLE_MAX,
	TTL = 64,
	V6_FRAGMENT_OFFSET = 0xfff8,
};

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static bool is_icmp4_error(const uint8_t *packet, size_t len, size_t header_len)
{
	if (packet[9] != IPPROTO_ICMP)
		return false;
	if (len <= header_len)
		return true;
	switch (packet[header_len]) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMPREPLY:
		return false;
	default:
		return true;
	}
}

static bool is_single4(const uint8_t *addr)
{
	return addr[0] != 0 && addr[0] < 224;
}

static size_t unreachable4(const uint8_t *packet, size_t len, uint8_t *out)
{
	size_t header_len = (size_t)(packet[0] & 0x0f) * 4;
	size_t quoted = len;
	uint8_t *icmp = out + IP4_LEN;

	if (header_len < IP4_LEN || header_len > len || ((packet[6] & 0x1f) | packet[7]) != 0 ||
		!is_single4(packet + 12) || !is_single4(packet + 16) ||
		is_icmp4_error(packet, len, header_len))
		return 0;
	if (quoted > ANSWER4_MAX - IP4_LEN - ICMP_HEADER_LEN)
		quoted = ANSWER4_MAX - IP4_LEN - ICMP_HEADER_LEN;
	memset(out, 0, IP4_LEN + ICMP_HEADER_LEN);
	out[0] = 0x45;
	out[1] = IPTOS_PREC_INTERNETCONTROL;
	put16(out + 2, (unsigned)(IP4_LEN + ICMP_HEADER_LEN + quoted));
	out[8] = TTL;
	out[9] = IPPROTO_ICMP;
	memcpy(out + 12, packet + 16, 4);
	memcpy(out + 16, packet + 12, 4);
	put16(out + 10, (uint16_t)~checksum_fold(checksum_add(0, out, IP4_LEN)));
	icmp[0] = ICMP_DEST_UNREACH;
	icmp[1] = ICMP_HOST_UNREACH;
	memcpy(icmp + ICMP_HEADER_LEN, packet, quoted);
	put16(icmp + 2, (uint16_t)~checksum_fold(checksum_add(0, icmp, ICMP_HEADER_LEN + quoted)));
	return IP4_LEN + ICMP_HEADER_LEN + quoted;
}

static bool is_single6(const uint8_t *addr)
{
	static const uint8_t none[16];

	return addr[0] != 0xff && memcmp(addr, none, sizeof(none)) != 0;
}

/* Types below 128 are errors, and a redirect counts as one; what is cut could be one. */
static bool is_icmp6_error(const uint8_t *packet, size_t len, size_t at)
{
	return at >= len || packet[at] < ICMP6_ECHO_REQUEST || packet[at] == ND_REDIRECT;
}

/* Looks behind extension headers for an error, and for fragments that are not the first. */
static bool deserves_answer6(const uint8_t *packet, size_t len)
{
	uint8_t next = packet[V6_NEXT_AT];
	size_t at = IP6_LEN;

	while (next == EXTENSION_HOP_BY_HOP || next == EXTENSION_ROUTING ||
		next == EXTENSION_FRAGMENT || next == EXTENSION_DESTINATION) {
		size_t header_len = 8;

		if (at + header_len > len)
			return false;
		if (next != EXTENSION_FRAGMENT)
			header_len *= packet[at + 1] + 1U;
		else if ((field_load_16(packet + at + 2) & V6_FRAGMENT_OFFSET) != 0)
			return false;
		next = packet[at];
		at += header_len;
	}
	if (next == IPPROTO_ICMPV6)
		return !is_icmp6_error(packet, len, at);
	return at <= len;
}

static size_t unreachable6(const uint8_t *packet, size_t len, uint8_t *out)
{
	size_t quoted = len;
	uint8_t *icmp = out + IP6_LEN;

	if (!is_single6(packet + 8) || !is_single6(packet + 24) || !deserves_answer6(packet, len))
		return 0;
	if (quoted > ANSWER6_MAX - IP6_LEN - ICMP_HEADER_LEN)
		quoted = ANSWER6_MAX - IP6_LEN - ICMP_HEADER_LEN;
	memset(out, 0, IP6_LEN + ICMP_HEADER_LEN);
	out[0] = 0x60;
	put16(out + 4, (unsigned)(ICMP_HEADER_LEN + quoted));
	out[6] = IPPROTO_ICMPV6;
	out[7] = TTL;
	memcpy(out + 8, packet + 24, 16);
	memcpy(out + 24, packet + 8, 16);
	icmp[0] = ICMP6_DST_UNREACH;
	icmp[1] = ICMP6_DST_UNREACH_ADDR;
	memcpy(icmp + ICMP_HEADER_LEN, packet, quoted);
	put16(icmp + 2, (uint16_t)~checksum_fold(checksum_add(
				checksum_pseudo(out, IPPROTO_ICMPV6, ICMP_HEADER_LEN + quoted),
				icmp, ICMP_HEADER_LEN + quoted)));
	return IP6_LEN + ICMP_HEADER_LEN + quoted;
}

size_t icmp_unreachable(const uint8_t *packet, size_t len, uint8_t *out)
{
	return packet[0] >> 4 == 4 ? unreachable4(packet, len, out)
				   : unreachable6(packet, len, out);
}

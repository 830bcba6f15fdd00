/*
 * Super-packets into segments. Segment i begins at packet + i * gso_size: there its headers end
 * where its payload starts. What they overwrite is the original headers, which are saved, and
 * payload of segments that are done with; true even when segments are shorter than headers.
 */
#include "split.h"

#include <netinet/in.h>
#include <string.h>
#include "checksum.h"
#include "ensure.h"
#include "fields.h"

static bool begin_super(struct split *split, const struct tun_header *header);
static void save_headers(struct split *split);
static bool locate_payload(struct split *split, uint8_t gso);
static size_t transport_at_v4(const uint8_t *packet, size_t len, uint8_t protocol);
static size_t transport_at_v6(const uint8_t *packet, size_t len, uint8_t protocol);
static bool locate_payload_tcp(struct split *split);
static bool locate_payload_udp(struct split *split);
static void cover(struct split *split, uint8_t *at, size_t len);
static void uncover(struct split *split);
static void finish_segment(const struct split *split, uint8_t *segment, size_t len);
static void finish_ip(const struct split *split, uint8_t *segment, size_t len);
static void finish_tcp(const struct split *split, uint8_t *tcp);
static size_t checksum_at(const struct split *split);
static void finish_checksum(uint8_t *start, size_t len, size_t offset);
static uint16_t add_16(uint16_t a, uint16_t b);

bool split_begin(struct split *split, const struct tun_header *header, uint8_t *packet, size_t len)
{
	size_t start = header->checksum_start, offset = header->checksum_offset;

	split->packet = packet;
	split->len = len;
	split->count = 1;
	split->next = 0;
	split->gso_size = 0;
	split->covered_at = split->covered_len = 0;
	split->is_super = (header->gso & ~TUN_GSO_ECN) != TUN_GSO_NONE;
	if (!(header->flags & TUN_NEEDS_CHECKSUM))
		return !split->is_super;
	if (start + offset + sizeof(uint16_t) > len)
		return false;
	if (split->is_super)
		return begin_super(split, header);
	finish_checksum(packet + start, len - start, offset);
	return true;
}

size_t split_segment_len(const struct split *split, uint32_t i)
{
	ENSURE(i < split->count);
	if (i + 1 == split->count)
		return split->len - (size_t)i * split->gso_size;
	return (size_t)split->header_len + split->gso_size;
}

uint8_t *split_next(struct split *split, size_t padded_len)
{
	size_t len = split_segment_len(split, split->next);
	uint8_t *segment = split->packet + (size_t)split->next * split->gso_size;

	ENSURE(padded_len >= len && padded_len - len < SPLIT_TAILROOM);
	uncover(split);
	if (split->is_super)
		finish_segment(split, segment, len);
	cover(split, segment + len, padded_len - len);
	split->next++;
	return segment;
}

static bool begin_super(struct split *split, const struct tun_header *header)
{
	size_t payload_len;

	if (!locate_payload(split, header->gso & (uint8_t)~TUN_GSO_ECN))
		return false;
	if (header->checksum_start != split->ip_len ||
		split->ip_len + (size_t)header->checksum_offset != checksum_at(split))
		return false;
	payload_len = split->len - split->header_len;
	if (header->gso_size == 0 || header->gso_size > payload_len)
		return false;
	split->gso_size = header->gso_size;
	split->count = (uint32_t)((payload_len + split->gso_size - 1) / split->gso_size);
	save_headers(split);
	return true;
}

/*
 * The checksum fields then hold what all segments' sums have in common. The transport's comes with
 * the pseudo-header's sum. Only the kernel knows the addresses in it (with a routing header the
 * destination is another), so just the length is taken out.
 */
static void save_headers(struct split *split)
{
	uint8_t *headers = split->headers, *field = headers + checksum_at(split);
	uint16_t transport_len = (uint16_t)(split->len - split->ip_len);

	memcpy(headers, split->packet, split->header_len);
	field_store_16(field, add_16(field_load_16(field), (uint16_t)~transport_len));
	if (headers[0] >> 4 == 6)
		return;
	split->first_id = field_load_16(headers + V4_ID_AT);
	field_store_16(headers + V4_LENGTH_AT, 0);
	field_store_16(headers + V4_ID_AT, 0);
	field_store_16(headers + V4_CHECKSUM_AT, 0);
	field_store_16(
		headers + V4_CHECKSUM_AT, checksum_fold(checksum_add(0, headers, split->ip_len)));
}

/* Fills in protocol, ip_len and header_len; false when the headers are not those of gso. */
static bool locate_payload(struct split *split, uint8_t gso)
{
	uint8_t version = split->packet[0] >> 4;
	size_t at = 0;

	split->protocol = gso == TUN_GSO_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	if (version == 4 && (gso == TUN_GSO_TCP4 || gso == TUN_GSO_UDP))
		at = transport_at_v4(split->packet, split->len, split->protocol);
	else if (version == 6 && (gso == TUN_GSO_TCP6 || gso == TUN_GSO_UDP))
		at = transport_at_v6(split->packet, split->len, split->protocol);
	if (at == 0 || at > SPLIT_HEADER_MAX)
		return false;
	split->ip_len = (uint16_t)at;
	if (split->protocol == IPPROTO_UDP)
		return locate_payload_udp(split);
	return locate_payload_tcp(split);
}

/* 0 when there is none: another protocol, a fragment, lengths that lie. */
static size_t transport_at_v4(const uint8_t *packet, size_t len, uint8_t protocol)
{
	size_t at;

	if (len < V4_HEADER_LEN || field_load_16(packet + V4_LENGTH_AT) != len)
		return 0;
	at = (size_t)(packet[0] & 0x0f) * 4;
	if (at < V4_HEADER_LEN || (field_load_16(packet + V4_FRAGMENT_AT) & ~V4_DF) != 0)
		return 0;
	return packet[V4_PROTOCOL_AT] == protocol ? at : 0;
}

static size_t transport_at_v6(const uint8_t *packet, size_t len, uint8_t protocol)
{
	size_t at = V6_HEADER_LEN;
	uint8_t next;

	if (len < at || at + field_load_16(packet + V6_LENGTH_AT) != len)
		return 0;
	next = packet[V6_NEXT_AT];
	while (next != protocol) {
		if (next != EXTENSION_HOP_BY_HOP && next != EXTENSION_ROUTING &&
			next != EXTENSION_DESTINATION)
			return 0;
		if (at + 2 > len)
			return 0;
		next = packet[at];
		at += ((size_t)packet[at + 1] + 1) * 8;
	}
	return at;
}

static bool locate_payload_tcp(struct split *split)
{
	size_t at = split->ip_len, header_len;

	if (at + TCP_HEADER_LEN > split->len)
		return false;
	header_len = at + (size_t)(split->packet[at + TCP_DATA_OFFSET_AT] >> 4) * 4;
	if (header_len < at + TCP_HEADER_LEN || header_len > split->len ||
		header_len > SPLIT_HEADER_MAX)
		return false;
	split->header_len = (uint16_t)header_len;
	return true;
}

static bool locate_payload_udp(struct split *split)
{
	size_t at = split->ip_len, header_len = at + UDP_HEADER_LEN;

	if (header_len > split->len || header_len > SPLIT_HEADER_MAX ||
		field_load_16(split->packet + at + UDP_LENGTH_AT) != split->len - at)
		return false;
	split->header_len = (uint16_t)header_len;
	return true;
}

static void cover(struct split *split, uint8_t *at, size_t len)
{
	split->covered_at = (size_t)(at - split->packet);
	split->covered_len = len;
	memcpy(split->covered, at, len);
	memset(at, 0, len);
}

static void uncover(struct split *split)
{
	memcpy(split->packet + split->covered_at, split->covered, split->covered_len);
}

/* Headers as they came, with what differs from segment to segment. */
static void finish_segment(const struct split *split, uint8_t *segment, size_t len)
{
	size_t transport_len = len - split->ip_len;
	uint8_t *transport = segment + split->ip_len;
	uint8_t *checksum = segment + checksum_at(split);

	memcpy(segment, split->headers, split->header_len);
	finish_ip(split, segment, len);
	if (split->protocol == IPPROTO_TCP)
		finish_tcp(split, transport);
	else
		field_store_16(transport + UDP_LENGTH_AT, (uint16_t)transport_len);
	field_store_16(checksum, add_16(field_load_16(checksum), (uint16_t)transport_len));
	finish_checksum(transport, transport_len, (size_t)(checksum - transport));
}

static void finish_ip(const struct split *split, uint8_t *segment, size_t len)
{
	uint16_t id = (uint16_t)(split->first_id + split->next);
	uint16_t sum;

	if (segment[0] >> 4 == 6) {
		field_store_16(segment + V6_LENGTH_AT, (uint16_t)(len - V6_HEADER_LEN));
		return;
	}
	sum = add_16(add_16(field_load_16(segment + V4_CHECKSUM_AT), id), (uint16_t)len);
	field_store_16(segment + V4_LENGTH_AT, (uint16_t)len);
	field_store_16(segment + V4_ID_AT, id);
	field_store_16(segment + V4_CHECKSUM_AT, (uint16_t)~sum);
}

static void finish_tcp(const struct split *split, uint8_t *tcp)
{
	uint32_t sequence = field_load_32(tcp + TCP_SEQUENCE_AT);

	field_store_32(tcp + TCP_SEQUENCE_AT, sequence + split->next * split->gso_size);
	if (split->next > 0)
		tcp[TCP_FLAGS_AT] &= (uint8_t)~TCP_CWR;
	if (split->next + 1 < split->count)
		tcp[TCP_FLAGS_AT] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

static size_t checksum_at(const struct split *split)
{
	bool is_tcp = split->protocol == IPPROTO_TCP;

	return split->ip_len + (size_t)(is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
}

/* Sums len bytes; the field at offset holds what is to be added to them. */
static void finish_checksum(uint8_t *start, size_t len, size_t offset)
{
	uint16_t checksum = (uint16_t)~checksum_fold(checksum_add(0, start, len));

	/* In UDP 0 says that there is none. */
	if (checksum == 0 && offset == UDP_CHECKSUM_AT)
		checksum = UINT16_MAX;
	field_store_16(start + offset, checksum);
}

static uint16_t add_16(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum + (sum >> 16));
}

/*
 * Packets into groups. A packet is looked at once (struct segment), the open group of its flow is
 * found by a hash, and it goes on with that group only if cutting the super-packet again would
 * give the same packets. Checksums are verified when a second packet comes, not of each first.
 *
 * At most one group of a flow is open, so whatever comes after a closed group stands behind it.
 */
#include "coalesce.h"

#include <netinet/in.h>
#include <string.h>
#include "checksum.h"
#include "ensure.h"
#include "fields.h"

enum segment_kind {
	SEGMENT_OTHER,  /* of no flow that has groups */
	SEGMENT_HIDDEN, /* may be of such a flow, but its ports are out of sight */
	SEGMENT_OF_FLOW,
};

/* A packet, and what of it decides where it goes. */
struct segment {
	uint8_t *packet;
	size_t len;
	enum segment_kind kind;
	bool is_v4;
	bool may_merge;
	uint8_t protocol;
	uint16_t ip_len;
	/* When may_merge. */
	uint16_t header_len, payload_len;
	uint64_t flow; /* the upper half is of the addresses alone; not 0 */
};

static enum segment_kind segment_kind(const struct segment *segment, unsigned offloads);
static uint64_t flow_hash(const struct segment *segment);
static bool locate_payload(struct segment *segment);
static struct coalesce_group *group_find(
	struct coalescer *coalescer, const struct segment *segment);
static void addresses_close(struct coalescer *coalescer, uint64_t flow);
static bool group_goes_on(struct coalesce_group *group, const struct segment *segment);
static void group_append(
	struct coalescer *coalescer, struct coalesce_group *group, const struct segment *segment);
static bool group_open(struct coalescer *coalescer, const struct segment *segment);
static void finish_header(struct coalesce_group *group);

void coalesce_init(struct coalescer *coalescer, unsigned offloads)
{
	coalescer->offloads = offloads;
	coalesce_reset(coalescer);
}

bool coalesce_add(struct coalescer *coalescer, uint8_t *packet, size_t len)
{
	struct segment segment = {.packet = packet, .len = len, .is_v4 = packet[0] >> 4 == 4};
	struct coalesce_group *group;

	segment.protocol = packet[segment.is_v4 ? V4_PROTOCOL_AT : V6_NEXT_AT];
	segment.ip_len = segment.is_v4 ? V4_HEADER_LEN : V6_HEADER_LEN;
	segment.kind = segment_kind(&segment, coalescer->offloads);
	if (segment.kind == SEGMENT_OTHER)
		return group_open(coalescer, &segment);
	segment.flow = flow_hash(&segment);
	if (segment.kind == SEGMENT_HIDDEN) {
		addresses_close(coalescer, segment.flow);
		return group_open(coalescer, &segment);
	}
	segment.may_merge = locate_payload(&segment);
	group = group_find(coalescer, &segment);
	if (group && segment.may_merge && group_goes_on(group, &segment)) {
		group_append(coalescer, group, &segment);
		return true;
	}
	if (group)
		coalescer->flows[group - coalescer->groups] = 0;
	return group_open(coalescer, &segment);
}

void coalesce_finish(struct coalescer *coalescer, unsigned i)
{
	struct coalesce_group *group = &coalescer->groups[i];
	uint8_t *packet = group->pieces[1].iov_base;
	uint8_t *transport = packet + group->ip_len;
	size_t transport_len = group->len - group->ip_len;
	uint64_t pseudo;

	ENSURE(i < coalescer->count);
	if (group->count == 2)
		return;
	if (packet[0] >> 4 == 4) {
		field_store_16(packet + V4_LENGTH_AT, (uint16_t)group->len);
		field_store_16(packet + V4_CHECKSUM_AT, 0);
		field_store_16(packet + V4_CHECKSUM_AT,
			(uint16_t)~checksum_fold(checksum_add(0, packet, group->ip_len)));
	} else {
		field_store_16(packet + V6_LENGTH_AT, (uint16_t)transport_len);
	}
	finish_header(group);
	if (group->protocol == IPPROTO_UDP)
		field_store_16(transport + UDP_LENGTH_AT, (uint16_t)transport_len);
	pseudo = checksum_pseudo(packet, group->protocol, transport_len);
	field_store_16(transport + group->header.checksum_offset, checksum_fold(pseudo));
}

void coalesce_reset(struct coalescer *coalescer)
{
	coalescer->count = 0;
	coalescer->latest = 0;
}

/* The kernel's GRO knows no IPv4 options and no extension headers either. */
static enum segment_kind segment_kind(const struct segment *segment, unsigned offloads)
{
	const uint8_t *packet = segment->packet;
	unsigned tcp = segment->is_v4 ? TUN_TSO4 : TUN_TSO6;
	size_t ports_end = segment->ip_len + 2 * sizeof(uint16_t);
	bool is_plain;

	switch (segment->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		if (!(offloads & (segment->protocol == IPPROTO_TCP ? tcp : TUN_USO)))
			return SEGMENT_OTHER;
		is_plain = !segment->is_v4 ||
			   (packet[0] == 0x45 &&
				   (field_load_16(packet + V4_FRAGMENT_AT) & ~V4_DF) == 0);
		return is_plain && segment->len >= ports_end ? SEGMENT_OF_FLOW : SEGMENT_HIDDEN;
	case EXTENSION_HOP_BY_HOP:
	case EXTENSION_ROUTING:
	case EXTENSION_FRAGMENT:
	case EXTENSION_DESTINATION:
		return segment->is_v4 ? SEGMENT_OTHER : SEGMENT_HIDDEN;
	default:
		return SEGMENT_OTHER;
	}
}

static uint64_t flow_hash(const struct segment *segment)
{
	/* Odd, with bits all over: digits of pi. */
	static const uint64_t factor = 0x243f6a8885a308d3;
	size_t count = segment->is_v4 ? 1 : 4;
	const uint8_t *at = segment->packet + (segment->is_v4 ? V4_ADDRESSES_AT : V6_ADDRESSES_AT);
	uint64_t hash = 0, word;
	uint32_t ports = 0;

	for (size_t i = 0; i < count; i++, at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * factor;
		hash ^= hash >> 32;
	}
	if (segment->kind == SEGMENT_OF_FLOW)
		memcpy(&ports, at, sizeof(ports));
	return hash << 32 | (uint32_t)((ports ^ segment->protocol) * factor >> 32) | 1;
}

static bool locate_payload_tcp(struct segment *segment)
{
	const uint8_t *tcp = segment->packet + segment->ip_len;
	size_t header_len;

	if (segment->len < (size_t)segment->ip_len + TCP_HEADER_LEN)
		return false;
	header_len = segment->ip_len + (size_t)(tcp[TCP_DATA_OFFSET_AT] >> 4) * 4;
	if (header_len < (size_t)segment->ip_len + TCP_HEADER_LEN || header_len >= segment->len)
		return false;
	segment->header_len = (uint16_t)header_len;
	/* CWR stands for one segment only, and modern ECN counts it. */
	return (tcp[TCP_FLAGS_AT] & (uint8_t) ~(TCP_PSH | TCP_ECE)) == TCP_ACK;
}

static bool locate_payload_udp(struct segment *segment)
{
	const uint8_t *udp = segment->packet + segment->ip_len;
	size_t header_len = (size_t)segment->ip_len + UDP_HEADER_LEN;

	if (segment->len <= header_len)
		return false;
	segment->header_len = (uint16_t)header_len;
	return field_load_16(udp + UDP_LENGTH_AT) == segment->len - segment->ip_len &&
	       field_load_16(udp + UDP_CHECKSUM_AT) != 0;
}

/* False: not a packet that merges, neither as the first nor later. */
static bool locate_payload(struct segment *segment)
{
	const uint8_t *packet = segment->packet;
	size_t len = segment->is_v4 ? field_load_16(packet + V4_LENGTH_AT)
				    : (size_t)V6_HEADER_LEN + field_load_16(packet + V6_LENGTH_AT);

	if (segment->len != len || len > TUN_PACKET_MAX)
		return false;
	if (!(segment->protocol == IPPROTO_TCP ? locate_payload_tcp(segment)
					       : locate_payload_udp(segment)))
		return false;
	segment->payload_len = (uint16_t)(len - segment->header_len);
	return true;
}

/* Addresses and ports stand together when there is nothing between the headers. */
static bool same_flow(const struct coalesce_group *group, const struct segment *segment)
{
	const uint8_t *first = group->pieces[1].iov_base;
	size_t at = segment->is_v4 ? V4_ADDRESSES_AT : V6_ADDRESSES_AT;

	return group->ip_len == segment->ip_len && group->protocol == segment->protocol &&
	       memcmp(first + at, segment->packet + at,
		       segment->ip_len + 2 * sizeof(uint16_t) - at) == 0;
}

static struct coalesce_group *group_find(struct coalescer *coalescer, const struct segment *segment)
{
	unsigned i = coalescer->latest;

	if (i < coalescer->count && coalescer->flows[i] == segment->flow &&
		same_flow(&coalescer->groups[i], segment))
		return &coalescer->groups[i];
	for (i = coalescer->count; i-- > 0;) {
		if (coalescer->flows[i] == segment->flow &&
			same_flow(&coalescer->groups[i], segment))
			return &coalescer->groups[i];
	}
	return NULL;
}

/* By hash alone: to close a group too many only costs a write. */
static void addresses_close(struct coalescer *coalescer, uint64_t flow)
{
	for (unsigned i = 0; i < coalescer->count; i++) {
		if (coalescer->flows[i] >> 32 == flow >> 32)
			coalescer->flows[i] = 0;
	}
}

/* IDs count up, or, where nothing may be fragmented, stay: the second packet decides. */
static bool same_ip_v4(struct coalesce_group *group, const struct segment *segment)
{
	const uint8_t *first = group->pieces[1].iov_base, *packet = segment->packet;
	uint16_t packets = (uint16_t)(group->count - 1);
	uint16_t ids =
		(uint16_t)(field_load_16(packet + V4_ID_AT) - field_load_16(first + V4_ID_AT));

	/* Fragmentation, TTL, protocol. */
	if (first[V4_TOS_AT] != packet[V4_TOS_AT] ||
		memcmp(first + V4_FRAGMENT_AT, packet + V4_FRAGMENT_AT, 4) != 0)
		return false;
	if (packets == 1)
		group->has_fixed_id =
			ids == 0 && (field_load_16(packet + V4_FRAGMENT_AT) & V4_DF) != 0;
	return ids == (group->has_fixed_id ? 0 : packets);
}

static bool same_ip_v6(const struct coalesce_group *group, const struct segment *segment)
{
	const uint8_t *first = group->pieces[1].iov_base, *packet = segment->packet;

	/* Traffic class and flow label; next header, hop limit. */
	return memcmp(first, packet, V6_LENGTH_AT) == 0 &&
	       memcmp(first + V6_NEXT_AT, packet + V6_NEXT_AT, 2) == 0;
}

/* All but sequence number, checksum and PSH is the same, and the sequence goes on. */
static bool same_tcp(const struct coalesce_group *group, const struct segment *segment)
{
	const uint8_t *first = (const uint8_t *)group->pieces[1].iov_base + segment->ip_len;
	const uint8_t *tcp = segment->packet + segment->ip_len;
	size_t options_len = (size_t)(segment->header_len - segment->ip_len - TCP_HEADER_LEN);

	return field_load_32(tcp + TCP_SEQUENCE_AT) == group->next_sequence &&
	       memcmp(first + TCP_ACKNOWLEDGED_AT, tcp + TCP_ACKNOWLEDGED_AT, 5) == 0 &&
	       ((first[TCP_FLAGS_AT] ^ tcp[TCP_FLAGS_AT]) & ~TCP_PSH) == 0 &&
	       memcmp(first + TCP_WINDOW_AT, tcp + TCP_WINDOW_AT, 2) == 0 &&
	       memcmp(first + TCP_URGENT_AT, tcp + TCP_URGENT_AT, 2 + options_len) == 0;
}

/*
 * A sum has two forms of zero, and a right checksum in the form that nobody computes would not
 * come back when the packet is cut out again.
 */
static bool packet_verify(const uint8_t *packet, size_t len, uint8_t protocol, size_t ip_len)
{
	const uint8_t *transport = packet + ip_len;
	size_t transport_len = len - ip_len;
	uint64_t sum;

	if (ip_len == V4_HEADER_LEN &&
		(checksum_fold(checksum_add(0, packet, ip_len)) != UINT16_MAX ||
			field_load_16(packet + V4_CHECKSUM_AT) == UINT16_MAX))
		return false;
	if (protocol == IPPROTO_TCP && field_load_16(transport + TCP_CHECKSUM_AT) == UINT16_MAX)
		return false;
	sum = checksum_pseudo(packet, protocol, transport_len);
	return checksum_fold(checksum_add(sum, transport, transport_len)) == UINT16_MAX;
}

static bool group_verify(struct coalesce_group *group)
{
	const struct iovec *first = &group->pieces[1];

	if (!group->is_verified)
		group->is_verified = packet_verify(
			first->iov_base, first->iov_len, group->protocol, group->ip_len);
	return group->is_verified;
}

static bool group_goes_on(struct coalesce_group *group, const struct segment *segment)
{
	if (segment->header_len != group->header_len || segment->payload_len > group->segment_len ||
		group->len + segment->payload_len > TUN_PACKET_MAX)
		return false;
	if (!(segment->is_v4 ? same_ip_v4(group, segment) : same_ip_v6(group, segment)))
		return false;
	if (segment->protocol == IPPROTO_TCP && !same_tcp(group, segment))
		return false;
	return group_verify(group) &&
	       packet_verify(segment->packet, segment->len, segment->protocol, segment->ip_len);
}

static bool has_push(const struct segment *segment)
{
	return segment->protocol == IPPROTO_TCP &&
	       (segment->packet[segment->ip_len + TCP_FLAGS_AT] & TCP_PSH) != 0;
}

static void group_append(
	struct coalescer *coalescer, struct coalesce_group *group, const struct segment *segment)
{
	uint8_t *first = group->pieces[1].iov_base;
	unsigned i = (unsigned)(group - coalescer->groups);

	group->pieces[group->count++] = (struct iovec){
		.iov_base = segment->packet + segment->header_len,
		.iov_len = segment->payload_len,
	};
	group->len += segment->payload_len;
	group->next_sequence += segment->payload_len;
	coalescer->latest = i;
	if (has_push(segment))
		first[group->ip_len + TCP_FLAGS_AT] |= TCP_PSH;
	if (has_push(segment) || segment->payload_len < group->segment_len ||
		group->count == COALESCE_PIECES_MAX)
		coalescer->flows[i] = 0;
}

static bool group_open(struct coalescer *coalescer, const struct segment *segment)
{
	unsigned i = coalescer->count;
	struct coalesce_group *group = &coalescer->groups[i];

	if (i == COALESCE_GROUPS_MAX)
		return false;
	group->header = (struct tun_header){0};
	group->pieces[1] = (struct iovec){.iov_base = segment->packet, .iov_len = segment->len};
	group->count = 2;
	group->len = segment->len;
	group->protocol = segment->protocol;
	group->is_verified = false;
	group->ip_len = segment->ip_len;
	group->header_len = segment->header_len;
	group->segment_len = segment->payload_len;
	coalescer->flows[i] = 0;
	if (segment->may_merge && !has_push(segment)) {
		coalescer->flows[i] = segment->flow;
		coalescer->latest = i;
	}
	if (segment->may_merge && segment->protocol == IPPROTO_TCP)
		group->next_sequence =
			field_load_32(segment->packet + segment->ip_len + TCP_SEQUENCE_AT) +
			segment->payload_len;
	coalescer->count++;
	return true;
}

static void finish_header(struct coalesce_group *group)
{
	bool is_udp = group->protocol == IPPROTO_UDP;
	enum tun_gso tcp = group->ip_len == V4_HEADER_LEN ? TUN_GSO_TCP4 : TUN_GSO_TCP6;

	group->header = (struct tun_header){
		.flags = TUN_NEEDS_CHECKSUM,
		.gso = (uint8_t)(is_udp ? TUN_GSO_UDP : tcp),
		.header_len = group->header_len,
		.gso_size = group->segment_len,
		.checksum_start = group->ip_len,
		.checksum_offset = is_udp ? UDP_CHECKSUM_AT : TCP_CHECKSUM_AT,
	};
}

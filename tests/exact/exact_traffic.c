/*
 * Random packets. A flow goes on as its like do, so that much of it can be merged; now and then
 * a packet differs in one thing, or is of an odd shape.
 */
#include "exact_traffic.h"

#include <netinet/in.h>
#include <string.h>

enum {
	/* VIRTIO_NET_HDR_GSO_UDP_L4, younger than Debian 12's headers. */
	GSO_UDP = 5,
	EXTENSION_FRAGMENT = 44,
	TCP_CHECKSUM_AT = 16,
	UDP_CHECKSUM_AT = 6,
	/* Each of 64. */
	CHANCE_OF_OTHER_FLOW = 10,
	CHANCE_OF_CHANGE = 8,
	CHANCE_OF_OTHER_LEN = 8,
	CHANCE_OF_LONG = 4,
};

typedef void (*shape_fn)(struct exact_traffic *, struct exact_flow *, struct exact_burst *);

static void shape_plain(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_other_zero(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_unfinished(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_super(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_fragment(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_options(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_protocol(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_tiny(struct exact_traffic *, struct exact_flow *, struct exact_burst *);
static void shape_broken(struct exact_traffic *, struct exact_flow *, struct exact_burst *);

/* Shares of 64. */
static const struct {
	shape_fn make;
	uint8_t share;
} shapes[] = {
	{shape_plain, 34},
	{shape_other_zero, 2},
	{shape_unfinished, 4},
	{shape_super, 6},
	{shape_fragment, 4},
	{shape_options, 4},
	{shape_protocol, 4},
	{shape_tiny, 2},
	{shape_broken, 4},
};

static uint32_t below(struct exact_traffic *traffic, uint32_t n)
{
	return seeded_below(&traffic->chance, n);
}

static bool happens(struct exact_traffic *traffic, uint32_t of_64)
{
	return below(traffic, 64) < of_64;
}

void exact_traffic_init(struct exact_traffic *traffic, uint64_t seed, size_t mtu)
{
	*traffic = (struct exact_traffic){.chance = {seed}, .mtu = mtu};
	for (unsigned i = 0; i < EXACT_FLOWS; i++) {
		struct exact_flow *flow = &traffic->flows[i];
		bool is_tcp = i / 2 % 2 == 0;

		flow->spec = (struct packet_spec){
			.version = i % 2 == 0 ? 4 : 6,
			.protocol = is_tcp ? MODEL_TCP : MODEL_UDP,
			.source = (uint8_t)(i + 1),
			.destination = (uint8_t)(i % 5),
			.source_port = (uint16_t)below(traffic, 65536),
			.destination_port = (uint16_t)below(traffic, 65536),
			.ttl = 64,
			.tcp_flags = MODEL_ACK,
			.sequence = below(traffic, UINT32_MAX),
			.window = 1000,
			.tcp_options_len = i % 3 == 0 ? 12 : 0,
			.tcp_option_byte = 1,
			.fragment = i % 3 == 1 ? 0 : MODEL_DF,
		};
		flow->is_id_fixed = i % 8 < 2;
		flow->payload_usual = 1 + below(traffic, 1000);
	}
}

/* What tells one packet of a flow from the next, besides what goes on by itself. */
static void change_one_thing(struct exact_traffic *traffic, struct packet_spec *spec)
{
	uint32_t any = below(traffic, UINT32_MAX);

	switch (below(traffic, 12)) {
	case 0:
		spec->tos = (uint8_t)any;
		break;
	case 1:
		spec->tos = (uint8_t)(spec->tos / 4 * 4 + any % 4);
		break;
	case 2:
		spec->ttl = (uint8_t)any;
		break;
	case 3:
		spec->id = (uint16_t)any;
		break;
	case 4:
		spec->fragment ^= MODEL_DF;
		break;
	case 5:
		spec->flow_label = any % (1 << 20);
		break;
	case 6:
		spec->tcp_flags = (uint8_t)any;
		break;
	case 7:
		spec->tcp_flags =
			(uint8_t)(MODEL_ACK | (any & (MODEL_PSH | MODEL_ECE | MODEL_CWR)));
		break;
	case 8:
		spec->sequence = any;
		break;
	case 9:
		spec->acknowledged = any;
		break;
	case 10:
		spec->window = (uint16_t)any;
		break;
	default:
		spec->tcp_options_len = any % 11 * 4;
		break;
	}
}

static size_t room(const struct exact_traffic *traffic, const struct packet_spec *spec)
{
	return traffic->mtu - packet_header_len(spec);
}

static void choose_payload(struct exact_traffic *traffic, struct exact_flow *flow)
{
	struct packet_spec *spec = &flow->spec;

	if (happens(traffic, 1))
		flow->payload_usual = 1 + below(traffic, (uint32_t)traffic->mtu);
	spec->payload_len = flow->payload_usual;
	if (happens(traffic, CHANCE_OF_OTHER_LEN))
		spec->payload_len = below(traffic, (uint32_t)spec->payload_len + 2);
	if (happens(traffic, CHANCE_OF_LONG))
		spec->payload_len = room(traffic, spec);
	if (spec->payload_len > room(traffic, spec))
		spec->payload_len = room(traffic, spec);
	spec->payload_seed = below(traffic, UINT32_MAX);
}

/* The flow's state behind the packets that were just made. */
static void flow_goes_on(struct exact_flow *flow, uint32_t packets)
{
	flow->spec.sequence += (uint32_t)flow->spec.payload_len;
	if (!flow->is_id_fixed)
		flow->spec.id = (uint16_t)(flow->spec.id + packets);
}

void exact_traffic_next(struct exact_traffic *traffic, struct exact_burst *burst)
{
	struct packet_spec usual;
	struct exact_flow *flow;
	uint32_t dice = below(traffic, 64);
	size_t shape = 0;

	if (happens(traffic, CHANCE_OF_OTHER_FLOW))
		traffic->current = below(traffic, EXACT_FLOWS);
	flow = &traffic->flows[traffic->current];
	usual = flow->spec;
	if (happens(traffic, CHANCE_OF_CHANGE))
		change_one_thing(traffic, &flow->spec);
	/* Some changes stay; a flow of nothing but odd flags would never be merged. */
	if (happens(traffic, 32))
		usual = flow->spec;
	if (happens(traffic, 16))
		usual.tcp_flags = MODEL_ACK;
	choose_payload(traffic, flow);
	while (dice >= shapes[shape].share)
		dice -= shapes[shape++].share;
	burst->header = (struct virtio_net_hdr){0};
	burst->flow = traffic->current;
	burst->protocol = flow->spec.protocol;
	burst->segments = 1;
	burst->is_finished_by_kernel = traffic->is_finished_by_kernel;
	shapes[shape].make(traffic, flow, burst);
	usual.sequence = flow->spec.sequence;
	usual.id = flow->spec.id;
	flow->spec = usual;
}

static void build(struct exact_burst *burst, const struct packet_spec *spec)
{
	burst->len = packet_build(spec, burst->bytes);
	burst->ip_len = packet_ip_len(spec);
	burst->protocol = spec->protocol;
}

static void shape_plain(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	build(burst, &flow->spec);
	/* No checksum is a checksum, too. */
	if (flow->spec.protocol == MODEL_UDP && happens(traffic, 2))
		memset(burst->bytes + burst->ip_len + UDP_CHECKSUM_AT, 0, 2);
	flow_goes_on(flow, 1);
}

/* Adds a checksum to a word, so that the checksum becomes zero. */
static void add_to_word(uint8_t *word, const uint8_t *checksum)
{
	uint32_t sum =
		(uint32_t)word[0] * 256 + word[1] + (uint32_t)checksum[0] * 256 + checksum[1];

	sum = sum % 65536 + sum / 65536;
	word[0] = (uint8_t)(sum / 256);
	word[1] = (uint8_t)sum;
}

/* Checksums that are right and written as nobody writes them: 65535 where zero is meant. */
static void shape_other_zero(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	struct packet_spec *spec = &flow->spec;
	uint8_t *ip = burst->bytes, *tcp;
	size_t last_word;

	(void)traffic;
	build(burst, spec);
	tcp = ip + burst->ip_len;
	last_word = (burst->len - burst->ip_len - 2) / 2 * 2;
	if (spec->version == 4) {
		add_to_word(ip + 4, ip + 10);
		memset(ip + 10, 255, 2);
		spec->id = (uint16_t)(ip[4] * 256 + ip[5]);
	}
	if (spec->protocol == MODEL_TCP && spec->payload_len > 2) {
		add_to_word(tcp + last_word, tcp + TCP_CHECKSUM_AT);
		memset(tcp + TCP_CHECKSUM_AT, 255, 2);
	}
	flow_goes_on(flow, 1);
}

static void leave_unfinished(struct exact_burst *burst)
{
	burst->header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	burst->header.csum_start = (uint16_t)burst->ip_len;
	burst->header.csum_offset =
		burst->protocol == MODEL_TCP ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
	packet_unfinish(burst->bytes, burst->len, burst->ip_len, burst->protocol);
}

static void shape_unfinished(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	(void)traffic;
	build(burst, &flow->spec);
	leave_unfinished(burst);
	flow_goes_on(flow, 1);
}

/* Super-packets count their IDs, as the kernel's do. */
static void shape_super(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	struct packet_spec *spec = &flow->spec;
	bool is_tcp = spec->protocol == MODEL_TCP;
	uint32_t segments = 2 + below(traffic, EXACT_SEGMENTS_MAX - 1), last;
	size_t gso_size = spec->payload_len, most = 65535 - packet_header_len(spec);

	gso_size = gso_size == 0 ? 1 : gso_size;
	if (segments > most / gso_size)
		segments = (uint32_t)(most / gso_size);
	last = happens(traffic, 32) ? (uint32_t)gso_size : 1 + below(traffic, (uint32_t)gso_size);
	if (segments < 2) {
		shape_plain(traffic, flow, burst);
		return;
	}
	if (happens(traffic, 48))
		spec->tcp_flags = MODEL_ACK | (happens(traffic, 32) ? MODEL_PSH : 0);
	spec->payload_len = (segments - 1) * gso_size + last;
	build(burst, spec);
	leave_unfinished(burst);
	burst->header.gso_type = GSO_UDP;
	if (is_tcp)
		burst->header.gso_type =
			spec->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
	if (is_tcp && spec->tcp_flags >= MODEL_CWR)
		burst->header.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	burst->header.gso_size = (uint16_t)gso_size;
	burst->header.hdr_len = (uint16_t)packet_header_len(spec);
	burst->segments = segments;
	flow_goes_on(flow, segments);
}

static void shape_fragment(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	struct packet_spec spec = flow->spec;

	spec.fragment = (uint16_t)(below(traffic, 4) * 0x1000 + below(traffic, 0x2000));
	if (spec.version == 6) {
		spec.extension = EXTENSION_FRAGMENT;
		spec.ip_options_len = 8;
	}
	if (packet_header_len(&spec) + spec.payload_len > traffic->mtu)
		spec.payload_len -= spec.ip_options_len;
	build(burst, &spec);
	for (int i = 2; spec.version == 6 && i < 8; i++)
		burst->bytes[40 + i] = (uint8_t)below(traffic, 256);
	flow_goes_on(flow, 1);
}

static void shape_options(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	static const uint8_t extensions[] = {0, 43, 60};
	struct packet_spec *spec = &flow->spec;

	if (spec->version == 4)
		spec->ip_options_len = 4 + below(traffic, 10) * 4;
	else
		spec->ip_options_len = 8 + below(traffic, 8) * 8;
	spec->extension = extensions[below(traffic, sizeof(extensions))];
	if (spec->payload_len > room(traffic, spec))
		spec->payload_len = room(traffic, spec);
	if (happens(traffic, 16))
		shape_super(traffic, flow, burst);
	else
		shape_plain(traffic, flow, burst);
	spec->ip_options_len = 0;
}

/* ICMP, and everything that has no ports; what follows the IP header is noise. */
static void shape_protocol(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	static const uint8_t protocols[] = {1, 2, 4, 33, 41, 47, 50, 58, 59, 132, 136, 253, 255};
	struct packet_spec spec = flow->spec;

	spec.protocol = protocols[below(traffic, sizeof(protocols))];
	/* Another protocol is another flow: order is kept within each only. */
	burst->flow += EXACT_FLOWS;
	spec.source += EXACT_FLOWS;
	build(burst, &spec);
	flow_goes_on(flow, 1);
}

static void set_length(struct exact_burst *burst, size_t len)
{
	size_t field = burst->bytes[0] / 16 == 4 ? 2 : 4;
	size_t value = burst->bytes[0] / 16 == 4 ? len : len - 40;

	burst->len = len;
	burst->bytes[field] = (uint8_t)(value / 256);
	burst->bytes[field + 1] = (uint8_t)value;
	packet_mend(burst->bytes, len, burst->ip_len, 0);
}

/* The IP header, and not even a whole header behind it. */
static void shape_tiny(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	struct packet_spec spec = flow->spec;

	spec.payload_len = 0;
	build(burst, &spec);
	set_length(burst, burst->ip_len + below(traffic, 8));
	flow->spec.id++;
}

/* Bytes behind the ports that are not what they say; they are nobody's to mend. */
static void shape_broken(
	struct exact_traffic *traffic, struct exact_flow *flow, struct exact_burst *burst)
{
	size_t from = packet_ip_len(&flow->spec) + 4;
	uint32_t count = (uint32_t)(packet_header_len(&flow->spec) - from);

	build(burst, &flow->spec);
	for (uint32_t left = 1 + below(traffic, 2); left > 0; left--)
		burst->bytes[from + below(traffic, count)] = (uint8_t)below(traffic, 256);
	flow_goes_on(flow, 1);
}

static void finish_single(const struct exact_burst *burst, uint8_t *out)
{
	uint8_t *checksum = out + burst->header.csum_start + burst->header.csum_offset;

	packet_mend(out, burst->len, burst->ip_len, burst->protocol);
	if (burst->is_finished_by_kernel && checksum[0] == 0 && checksum[1] == 0)
		memset(checksum, 0xff, 2);
}

size_t exact_burst_expect(const struct exact_burst *burst, uint32_t i, uint8_t *out)
{
	const struct model_super super = {burst->bytes, burst->len, burst->ip_len,
		burst->header.gso_size, burst->protocol, 1};

	if (burst->header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return model_segment(&super, i, out);
	memcpy(out, burst->bytes, burst->len);
	if (burst->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		finish_single(burst, out);
	return burst->len;
}

/* Sources are 10.0.0.N and fd00::N, N from 1. */
int exact_flow_of(const uint8_t *packet, size_t len)
{
	static const uint8_t v4[] = {10, 0, 0}, v6[15] = {0xfd};
	int flow = -1;

	if (len >= 20 && packet[0] / 16 == 4 && memcmp(packet + 12, v4, sizeof(v4)) == 0)
		flow = packet[15] - 1;
	if (len >= 40 && packet[0] / 16 == 6 && memcmp(packet + 8, v6, sizeof(v6)) == 0)
		flow = packet[23] - 1;
	return flow < EXACT_SOURCES ? flow : -1;
}

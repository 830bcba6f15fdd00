/* Which packets become one and which do not, a line each; order, limits, finished headers. */
#include "unit.h"
#include "coalesce.h"

#include <string.h>
#include "packet_model.h"

enum { TABLE_MAX = 80, SHORT = 256 };

static struct coalescer coalescer;
static uint8_t packets[TABLE_MAX][SHORT];
static size_t lens[TABLE_MAX];

/* A packet of the flow `source`, number i of the stream: sequence and ID as they follow. */
static struct packet_spec spec_of(uint8_t version, uint8_t protocol, uint8_t source, uint32_t i)
{
	return (struct packet_spec){
		.version = version,
		.protocol = protocol,
		.source = source,
		.destination = 2,
		.source_port = 40000,
		.destination_port = 443,
		.tos = 2,
		.ttl = 64,
		.id = (uint16_t)(0xffff + i),
		.fragment = MODEL_DF,
		.flow_label = 0x12345,
		.tcp_flags = MODEL_ACK,
		.sequence = 0xffffffc0 + 100 * i,
		.acknowledged = 77,
		.window = 500,
		.tcp_options_len = 12,
		.tcp_option_byte = 8,
		.payload_len = 100,
		.payload_seed = i,
	};
}

static void build(unsigned at, const struct packet_spec *spec)
{
	lens[at] = packet_build(spec, packets[at]);
}

static void mend(unsigned at, const struct packet_spec *spec)
{
	packet_mend(packets[at], lens[at], packet_ip_len(spec), spec->protocol);
}

static void begin(unsigned offloads)
{
	coalesce_init(&coalescer, offloads);
}

static void add(unsigned at)
{
	assert_true(coalesce_add(&coalescer, packets[at], lens[at]));
}

/* How many packets each group has, as one digit each. */
static void assert_groups(const char *what, const char *expected)
{
	char groups[COALESCE_GROUPS_MAX + 1] = "";

	for (unsigned i = 0; i < coalescer.count; i++)
		groups[i] = (char)('0' + coalescer.groups[i].count - 1);
	if (strcmp(groups, expected) != 0)
		fail_msg("%s: groups %s, not %s", what, groups, expected);
}

enum side { FIRST, SECOND, BOTH };

/* Two packets that would be merged, but for one thing. */
static const struct {
	const char *what;
	uint8_t version, protocol;
	enum side side;
	uint8_t at, flip; /* bits of one byte */
	bool is_damaged;  /* checksums stay as they were */
	const char *groups;
} pairs[] = {
	{"TCP over IPv4", 4, MODEL_TCP, BOTH, 0, 0, false, "2"},
	{"UDP over IPv4", 4, MODEL_UDP, BOTH, 0, 0, false, "2"},
	{"TCP over IPv6", 6, MODEL_TCP, BOTH, 0, 0, false, "2"},
	{"UDP over IPv6", 6, MODEL_UDP, BOTH, 0, 0, false, "2"},

	{"another TOS", 4, MODEL_TCP, SECOND, 1, 0x10, false, "11"},
	{"CE", 4, MODEL_TCP, SECOND, 1, 0x01, false, "11"},
	{"both CE", 4, MODEL_TCP, BOTH, 1, 0x01, false, "2"},
	{"length too long", 4, MODEL_TCP, SECOND, 3, 0x80, false, "11"},
	{"another ID", 4, MODEL_TCP, SECOND, 4, 0x01, false, "11"},
	{"ID two on", 4, MODEL_UDP, SECOND, 5, 0x02, false, "11"},
	{"reserved bit", 4, MODEL_TCP, BOTH, 6, 0x80, false, "11"},
	{"no DF", 4, MODEL_TCP, SECOND, 6, 0x40, false, "11"},
	{"both no DF", 4, MODEL_TCP, BOTH, 6, 0x40, false, "2"},
	{"more fragments", 4, MODEL_UDP, BOTH, 6, 0x20, false, "11"},
	{"fragments", 4, MODEL_UDP, BOTH, 7, 0x01, false, "11"},
	{"another TTL", 4, MODEL_TCP, SECOND, 8, 0x01, false, "11"},
	{"another source", 4, MODEL_TCP, SECOND, 15, 0x01, false, "11"},
	{"another destination", 4, MODEL_TCP, SECOND, 19, 0x01, false, "11"},
	{"first IP checksum", 4, MODEL_TCP, FIRST, 10, 0x01, true, "11"},
	{"second IP checksum", 4, MODEL_UDP, SECOND, 11, 0x01, true, "11"},
	{"longer IP header", 4, MODEL_UDP, BOTH, 0, 0x03, false, "11"},

	{"another traffic class", 6, MODEL_TCP, SECOND, 0, 0x01, false, "11"},
	{"CE on IPv6", 6, MODEL_TCP, SECOND, 1, 0x10, false, "11"},
	{"another flow label", 6, MODEL_TCP, SECOND, 3, 0x01, false, "11"},
	{"payload too long", 6, MODEL_TCP, SECOND, 5, 0x80, false, "11"},
	{"another hop limit", 6, MODEL_TCP, SECOND, 7, 0x01, false, "11"},
	{"another IPv6 source", 6, MODEL_UDP, SECOND, 23, 0x01, false, "11"},
	{"another IPv6 destination", 6, MODEL_UDP, SECOND, 24, 0x01, false, "11"},

	{"another source port", 4, MODEL_TCP, SECOND, 21, 0x01, false, "11"},
	{"another destination port", 6, MODEL_TCP, SECOND, 43, 0x01, false, "11"},
	{"sequence one off", 4, MODEL_TCP, SECOND, 27, 0x01, false, "11"},
	{"sequence far off", 6, MODEL_TCP, SECOND, 44, 0x80, false, "11"},
	{"another acknowledgement", 4, MODEL_TCP, SECOND, 31, 0x01, false, "11"},
	{"shorter TCP header", 4, MODEL_TCP, BOTH, 32, 0xd0, false, "11"},
	{"TCP header into payload", 4, MODEL_TCP, SECOND, 32, 0x10, false, "11"},
	{"accurate ECN", 4, MODEL_TCP, SECOND, 32, 0x01, false, "11"},
	{"FIN", 4, MODEL_TCP, SECOND, 33, MODEL_FIN, false, "11"},
	{"both FIN", 4, MODEL_TCP, BOTH, 33, MODEL_FIN, false, "11"},
	{"SYN", 4, MODEL_TCP, BOTH, 33, MODEL_SYN, false, "11"},
	{"RST", 4, MODEL_TCP, BOTH, 33, MODEL_RST, false, "11"},
	{"first PSH", 4, MODEL_TCP, FIRST, 33, MODEL_PSH, false, "11"},
	{"second PSH", 4, MODEL_TCP, SECOND, 33, MODEL_PSH, false, "2"},
	{"no ACK", 4, MODEL_TCP, BOTH, 33, MODEL_ACK, false, "11"},
	{"URG", 6, MODEL_TCP, BOTH, 53, MODEL_URG, false, "11"},
	{"ECE", 6, MODEL_TCP, SECOND, 53, MODEL_ECE, false, "11"},
	{"both ECE", 6, MODEL_TCP, BOTH, 53, MODEL_ECE, false, "2"},
	{"first CWR", 6, MODEL_TCP, FIRST, 53, MODEL_CWR, false, "11"},
	{"second CWR", 6, MODEL_TCP, SECOND, 53, MODEL_CWR, false, "11"},
	{"both CWR", 6, MODEL_TCP, BOTH, 53, MODEL_CWR, false, "11"},
	{"another window", 4, MODEL_TCP, SECOND, 35, 0x01, false, "11"},
	{"urgent pointer", 4, MODEL_TCP, SECOND, 39, 0x01, false, "11"},
	{"another option", 4, MODEL_TCP, SECOND, 40, 0x01, false, "11"},
	{"another last option byte", 6, MODEL_TCP, SECOND, 71, 0x01, false, "11"},
	{"first TCP checksum", 4, MODEL_TCP, FIRST, 36, 0x01, true, "11"},
	{"second TCP checksum", 6, MODEL_TCP, SECOND, 57, 0x01, true, "11"},
	{"first payload", 6, MODEL_TCP, FIRST, 72, 0x01, true, "11"},
	{"second payload", 4, MODEL_TCP, SECOND, 151, 0x01, true, "11"},
	{"first UDP checksum", 6, MODEL_UDP, FIRST, 46, 0x01, true, "11"},
	{"second UDP checksum", 4, MODEL_UDP, SECOND, 27, 0x01, true, "11"},
	{"UDP length one long", 4, MODEL_UDP, SECOND, 25, 0x01, false, "11"},
	{"first UDP length", 6, MODEL_UDP, FIRST, 45, 0x01, false, "11"},
};

static void merges_what_may_be_merged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 2; k++) {
			struct packet_spec spec =
				spec_of(pairs[i].version, pairs[i].protocol, 1, k);

			build(k, &spec);
			if (pairs[i].side == BOTH || pairs[i].side == (enum side)k) {
				packets[k][pairs[i].at] ^= pairs[i].flip;
				if (!pairs[i].is_damaged)
					mend(k, &spec);
			}
			add(k);
		}
		assert_groups(pairs[i].what, pairs[i].groups);
	}
}

/* Whole streams of one flow, by what each packet's payload and flags are. */
static void follows_a_stream(void **state)
{
	static const struct {
		const char *what;
		uint8_t protocol;
		int payload_lens[6]; /* 0 ends */
		const char *groups;
		uint8_t flags[6];
	} cases[] = {
		{"equal", MODEL_TCP, {100, 100, 100, 100, 100}, "5", {0}},
		{"the last shorter", MODEL_TCP, {100, 100, 100, 1}, "4", {0}},
		{"a shorter one ends it", MODEL_TCP, {100, 99, 99, 99}, "22", {0}},
		{"a longer one begins anew", MODEL_TCP, {100, 101, 101, 100}, "13", {0}},
		{"one byte each", MODEL_TCP, {1, 1, 1}, "3", {0}},
		{"PSH ends it", MODEL_TCP, {100, 100, 100, 100}, "22", {0, MODEL_PSH}},
		{"PSH at the end", MODEL_TCP, {100, 100, 50}, "3", {0, 0, MODEL_PSH}},
		{"FIN alone", MODEL_TCP, {100, 100, 100}, "21", {0, 0, MODEL_FIN}},
		{"after FIN", MODEL_TCP, {100, 100, 100}, "12", {MODEL_FIN, 0, 0}},
		{"UDP equal", MODEL_UDP, {100, 100, 100}, "3", {0}},
		{"UDP shorter", MODEL_UDP, {100, 100, 7, 7}, "31", {0}},
		{"UDP longer", MODEL_UDP, {7, 100, 100}, "12", {0}},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t sequence = 0xffffffff;

		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 6 && cases[i / 2].payload_lens[k] > 0; k++) {
			struct packet_spec spec =
				spec_of(i % 2 ? 6 : 4, cases[i / 2].protocol, 1, k);

			spec.tcp_flags |= cases[i / 2].flags[k];
			spec.payload_len = (size_t)cases[i / 2].payload_lens[k];
			spec.sequence = sequence;
			sequence += (uint32_t)spec.payload_len;
			build(k, &spec);
			add(k);
		}
		assert_groups(cases[i / 2].what, cases[i / 2].groups);
	}
}

/* Data offsets into the fixed header, in a stream that would go on. */
static void trusts_no_short_tcp_header(void **state)
{
	(void)state;
	for (uint8_t words = 0; words <= 5; words++) {
		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 2; k++) {
			struct packet_spec spec = spec_of(4, MODEL_TCP, 1, k);

			spec.tcp_options_len = 0;
			spec.sequence = k * (120 - words * 4u);
			build(k, &spec);
			packets[k][32] = (uint8_t)(words << 4);
			mend(k, &spec);
			add(k);
		}
		assert_groups("data offset", words < 5 ? "11" : "2");
	}
}

static void lets_ids_count_or_stay(void **state)
{
	static const struct {
		uint16_t fragment, ids[4];
		const char *groups;
	} cases[] = {
		{MODEL_DF, {5, 6, 7, 8}, "4"},
		{MODEL_DF, {0xfffe, 0xffff, 0, 1}, "4"},
		{MODEL_DF, {0, 0, 0, 0}, "4"},
		{MODEL_DF, {9, 9, 10, 11}, "22"},
		{MODEL_DF, {9, 10, 10, 10}, "22"},
		{MODEL_DF, {9, 10, 9, 10}, "22"},
		{MODEL_DF, {9, 8, 7, 6}, "1111"},
		{0, {5, 6, 7, 8}, "4"},
		{0, {0, 0, 0, 0}, "1111"},
		{0, {5, 6, 6, 7}, "22"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 4; k++) {
			struct packet_spec spec = spec_of(4, MODEL_TCP, 1, k);

			spec.fragment = cases[i].fragment;
			spec.id = cases[i].ids[k];
			build(k, &spec);
			add(k);
		}
		assert_groups("ids", cases[i].groups);
	}
}

enum between {
	OTHER_FLOW,
	ICMP,
	PURE_ACK,
	PURE_ACK_OF_OTHERS,
	FRAGMENT,
	FRAGMENT_OF_OTHERS,
	IP_OPTIONS,
	HEADER_ONLY,
	WRONG_CHECKSUM,
};

/* What stands between two packets of a flow, and whether they still become one. */
static void keeps_the_order_within_a_flow(void **state)
{
	static const struct {
		const char *what;
		uint8_t version, protocol;
		enum between between;
		const char *groups;
	} cases[] = {
		{"another flow", 4, MODEL_TCP, OTHER_FLOW, "21"},
		{"ICMP", 4, MODEL_TCP, ICMP, "21"},
		{"a pure ACK of the flow", 4, MODEL_TCP, PURE_ACK, "111"},
		{"a pure ACK of another flow", 4, MODEL_TCP, PURE_ACK_OF_OTHERS, "21"},
		{"a fragment, perhaps of the flow", 4, MODEL_UDP, FRAGMENT, "111"},
		{"a fragment of others", 4, MODEL_UDP, FRAGMENT_OF_OTHERS, "21"},
		{"IP options", 4, MODEL_TCP, IP_OPTIONS, "111"},
		{"extension headers", 6, MODEL_TCP, IP_OPTIONS, "111"},
		{"extension headers", 6, MODEL_UDP, IP_OPTIONS, "111"},
		{"no more than an IP header", 6, MODEL_UDP, HEADER_ONLY, "111"},
		{"a wrong checksum", 4, MODEL_TCP, WRONG_CHECKSUM, "111"},
		{"a wrong checksum", 6, MODEL_UDP, WRONG_CHECKSUM, "111"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t version = cases[i].version, protocol = cases[i].protocol;
		struct packet_spec spec = spec_of(version, protocol, 1, 0);

		build(0, &spec);
		spec = spec_of(version, protocol, 1, 1);
		build(2, &spec);
		spec = spec_of(version, protocol, 1, 0);
		if (cases[i].between == OTHER_FLOW || cases[i].between == PURE_ACK_OF_OTHERS ||
			cases[i].between == FRAGMENT_OF_OTHERS)
			spec.source = 9;
		switch (cases[i].between) {
		case ICMP:
			spec.protocol = version == 4 ? 1 : 58;
			break;
		case PURE_ACK:
		case PURE_ACK_OF_OTHERS:
			spec.payload_len = 0;
			break;
		case FRAGMENT:
		case FRAGMENT_OF_OTHERS:
			spec.fragment = 0x2000;
			break;
		case IP_OPTIONS:
			spec.ip_options_len = 8;
			spec.extension = 60;
			break;
		case OTHER_FLOW:
		case HEADER_ONLY:
		case WRONG_CHECKSUM:
			break;
		}
		build(1, &spec);
		if (cases[i].between == HEADER_ONLY) {
			lens[1] = 40;
			packets[1][4] = packets[1][5] = 0;
		}
		if (cases[i].between == WRONG_CHECKSUM)
			packets[1][lens[1] - 1] ^= 1;
		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 3; k++)
			add(k);
		assert_groups(cases[i].what, cases[i].groups);
	}
}

/*
 * A checksum of zero may be written as ones and still be right, but nobody computes that form:
 * cut out again, the packet would be another.
 */
static void takes_one_form_of_zero(void **state)
{
	static const struct {
		uint8_t version, protocol;
		size_t at;      /* of the checksum */
		size_t balance; /* where two bytes make it zero */
		uint8_t merging, other;
	} cases[] = {
		{4, MODEL_TCP, 10, 4, 0x00, 0xff},
		{4, MODEL_TCP, 36, 52, 0x00, 0xff},
		{6, MODEL_TCP, 56, 72, 0x00, 0xff},
		{4, MODEL_UDP, 26, 28, 0xff, 0x00},
		{6, MODEL_UDP, 46, 48, 0xff, 0x00},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t at = cases[i / 2].at, balance = cases[i / 2].balance;
		uint8_t form = i % 2 ? cases[i / 2].other : cases[i / 2].merging;
		struct packet_spec spec =
			spec_of(cases[i / 2].version, cases[i / 2].protocol, 1, 0);

		build(0, &spec);
		memset(packets[0] + balance, 0, 2);
		mend(0, &spec);
		memcpy(packets[0] + balance, packets[0] + at, 2);
		memset(packets[0] + at, form, 2);
		spec = spec_of(cases[i / 2].version, cases[i / 2].protocol, 1, 1);
		if (balance == 4)
			spec.id = (uint16_t)(packets[0][4] * 256 + packets[0][5] + 1);
		build(1, &spec);
		begin(TUN_OFFLOAD_ALL);
		add(0);
		add(1);
		assert_groups("zero", i % 2 ? "11" : "2");
	}
}

static void interleaves_flows(void **state)
{
	static const uint8_t versions[] = {4, 6, 4, 6}, protocols[] = {6, 6, 17, 17};

	(void)state;
	begin(TUN_OFFLOAD_ALL);
	for (unsigned k = 0; k < 20; k++) {
		struct packet_spec spec = spec_of(versions[k % 4], protocols[k % 4], 1, k / 4);

		build(k, &spec);
		add(k);
	}
	assert_groups("four flows", "5555");
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(coalescer.groups[i].pieces[1].iov_base, packets[i]);
}

static void uses_only_what_is_offered(void **state)
{
	static const struct {
		unsigned offloads;
		const char *groups;
	} cases[] = {
		{0, "11111111"},
		{TUN_CHECKSUM, "11111111"},
		{TUN_CHECKSUM | TUN_TSO4, "2111111"},
		{TUN_CHECKSUM | TUN_TSO6, "1121111"},
		{TUN_CHECKSUM | TUN_USO, "111122"},
		{TUN_OFFLOAD_ALL, "2222"},
	};
	static const uint8_t versions[] = {4, 6, 4, 6}, protocols[] = {6, 6, 17, 17};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].offloads);
		for (unsigned k = 0; k < 8; k++) {
			struct packet_spec spec =
				spec_of(versions[k / 2], protocols[k / 2], 1, k % 2);

			build(k, &spec);
			add(k);
		}
		assert_groups("offloads", cases[i].groups);
	}
}

static void limits_a_groups_packets(void **state)
{
	(void)state;
	begin(TUN_OFFLOAD_ALL);
	for (unsigned k = 0; k < COALESCE_PACKETS_MAX + 2; k++) {
		struct packet_spec spec = spec_of(4, MODEL_UDP, 1, k);

		build(k, &spec);
		add(k);
	}
	assert_int_equal(coalescer.count, 2);
	assert_int_equal(coalescer.groups[0].count, 1 + COALESCE_PACKETS_MAX);
	assert_int_equal(coalescer.groups[1].count, 1 + 2);
}

/* 65,535 bytes of IP packet are the most: two that make one less, exactly it, one more. */
static void limits_a_groups_bytes(void **state)
{
	static uint8_t large[2][MODEL_PACKET_MAX];
	static const struct {
		uint8_t version;
		size_t first, second;
		unsigned groups;
	} cases[] = {
		{4, 40000, 65535 - 52 - 40000, 1}, {4, 40000, 65535 - 52 - 40000 + 1, 2},
		{6, 40000, 65535 - 72 - 40000, 1}, {6, 40000, 65535 - 72 - 40000 + 1, 2},
		{4, 65535 - 52, 1, 2},
		{6, 65535 - 32, 1, 2}, /* an IPv6 packet may be longer than TUN's longest */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 2; k++) {
			struct packet_spec spec = spec_of(cases[i].version, MODEL_TCP, 1, k);

			spec.payload_len = k ? cases[i].second : cases[i].first;
			spec.sequence = k ? (uint32_t)cases[i].first : 0;
			assert_true(
				coalesce_add(&coalescer, large[k], packet_build(&spec, large[k])));
		}
		assert_int_equal(coalescer.count, cases[i].groups);
	}
}

static void limits_the_groups(void **state)
{
	struct packet_spec spec;

	(void)state;
	begin(TUN_OFFLOAD_ALL);
	for (unsigned k = 0; k < COALESCE_GROUPS_MAX; k++) {
		spec = spec_of(4, MODEL_UDP, (uint8_t)k, 0);
		build(k, &spec);
		add(k);
	}
	/* Another flow has no room; one that is open goes on. */
	spec = spec_of(4, MODEL_UDP, 200, 0);
	build(70, &spec);
	assert_false(coalesce_add(&coalescer, packets[70], lens[70]));
	spec = spec_of(4, MODEL_UDP, 0, 1);
	build(71, &spec);
	add(71);
	assert_int_equal(coalescer.count, COALESCE_GROUPS_MAX);
	assert_int_equal(coalescer.groups[0].count, 1 + 2);
	coalesce_reset(&coalescer);
	assert_int_equal(coalescer.count, 0);
	add(70);
	assert_groups("after reset", "1");
}

static void leaves_a_single_packet_as_it_came(void **state)
{
	static const struct tun_header zero;
	uint8_t before[SHORT];
	struct packet_spec spec = spec_of(4, MODEL_TCP, 1, 0);

	(void)state;
	begin(TUN_OFFLOAD_ALL);
	build(0, &spec);
	packets[0][10] ^= 1;
	memcpy(before, packets[0], lens[0]);
	add(0);
	coalesce_finish(&coalescer, 0);
	assert_memory_equal(packets[0], before, lens[0]);
	assert_memory_equal(&coalescer.groups[0].header, &zero, sizeof(zero));
	assert_int_equal(coalescer.groups[0].count, 2);
	assert_int_equal(coalescer.groups[0].len, lens[0]);
	assert_ptr_equal(coalescer.groups[0].pieces[1].iov_base, packets[0]);
	assert_int_equal(coalescer.groups[0].pieces[1].iov_len, lens[0]);
}

static void finishes_headers_for_the_kernel(void **state)
{
	static const struct {
		uint8_t version, protocol;
		struct tun_header header;
		uint16_t len;
	} cases[] = {
		{4, MODEL_TCP, {1, TUN_GSO_TCP4, 52, 100, 20, 16}, 52 + 250},
		{6, MODEL_TCP, {1, TUN_GSO_TCP6, 72, 100, 40, 16}, 72 + 250},
		{4, MODEL_UDP, {1, TUN_GSO_UDP, 28, 100, 20, 6}, 28 + 250},
		{6, MODEL_UDP, {1, TUN_GSO_UDP, 48, 100, 40, 6}, 48 + 250},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct coalesce_group *group = &coalescer.groups[0];
		uint8_t expected[MODEL_PACKET_MAX];
		struct packet_spec spec = {0};
		size_t at = 0;

		begin(TUN_OFFLOAD_ALL);
		for (unsigned k = 0; k < 3; k++) {
			spec = spec_of(cases[i].version, cases[i].protocol, 1, k);
			spec.payload_len = k < 2 ? 100 : 50;
			spec.tcp_flags |= k < 2 ? 0 : MODEL_PSH;
			build(k, &spec);
			add(k);
		}
		assert_groups("finish", "3");
		coalesce_finish(&coalescer, 0);
		assert_memory_equal(&group->header, &cases[i].header, sizeof(group->header));
		assert_int_equal(group->len, cases[i].len);
		/* The headers are those of one packet of that length. */
		spec = spec_of(cases[i].version, cases[i].protocol, 1, 0);
		spec.tcp_flags |= MODEL_PSH;
		spec.payload_len = 250;
		packet_build(&spec, expected);
		packet_unfinish(expected, cases[i].len, packet_ip_len(&spec), spec.protocol);
		assert_memory_equal(
			group->pieces[1].iov_base, expected, cases[i].header.header_len);
		for (int piece = 1; piece < group->count; piece++)
			at += group->pieces[piece].iov_len;
		assert_int_equal(at, group->len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_what_may_be_merged),
		cmocka_unit_test(follows_a_stream),
		cmocka_unit_test(trusts_no_short_tcp_header),
		cmocka_unit_test(lets_ids_count_or_stay),
		cmocka_unit_test(keeps_the_order_within_a_flow),
		cmocka_unit_test(takes_one_form_of_zero),
		cmocka_unit_test(interleaves_flows),
		cmocka_unit_test(uses_only_what_is_offered),
		cmocka_unit_test(limits_a_groups_packets),
		cmocka_unit_test(limits_a_groups_bytes),
		cmocka_unit_test(limits_the_groups),
		cmocka_unit_test(leaves_a_single_packet_as_it_came),
		cmocka_unit_test(finishes_headers_for_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

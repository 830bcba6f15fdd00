/* Answers to packets that cannot go anywhere, byte by byte; and the packets that get none. */
#include "unit.h"
#include "icmp.h"

#include <stdbool.h>
#include <string.h>

enum {
	PACKET_MAX = 65535,
	V4_ANSWER_MAX = 576,
	V6_ANSWER_MAX = 1280,
};

static uint8_t packet[PACKET_MAX], answer[ICMP_UNREACHABLE_MAX + 1], expected[ICMP_UNREACHABLE_MAX];

/* The sum of RFC 1071, two bytes at a time as it is written there. */
static uint32_t sum16(uint32_t sum, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	if (len % 2)
		sum += (uint32_t)at[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static const uint8_t v4_start[] = {
	0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0, 10, 1, 2, 3, 192, 0, 2, 9};
static const uint8_t v6_start[] = {0x60, 0, 0, 0, 0, 0, 17, 64,
	/* from fd00::5 to 2001:db8::7 */
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 7};

/* A packet of len bytes with the header's start and a pattern behind it. */
static void build(unsigned version, size_t len)
{
	for (size_t i = 0; i < len; i++)
		packet[i] = (uint8_t)(i * 7 + 3);
	if (version == 4) {
		memcpy(packet, v4_start, sizeof(v4_start));
		put(packet + 2, (uint32_t)len);
	} else {
		memcpy(packet, v6_start, sizeof(v6_start));
		put(packet + 4, (uint32_t)(len - 40));
	}
}

static size_t expect_v4(size_t len)
{
	size_t quoted = len < V4_ANSWER_MAX - 28 ? len : V4_ANSWER_MAX - 28;
	static const uint8_t start[] = {0x45, 0xc0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 9, 10,
		1, 2, 3, 3, 1, 0, 0, 0, 0, 0, 0};

	memcpy(expected, start, sizeof(start));
	memcpy(expected + 28, packet, quoted);
	put(expected + 2, (uint32_t)(28 + quoted));
	put(expected + 10, ~sum16(0, expected, 20));
	put(expected + 22, ~sum16(0, expected + 20, 8 + quoted));
	return 28 + quoted;
}

static size_t expect_v6(size_t len)
{
	size_t quoted = len < V6_ANSWER_MAX - 48 ? len : V6_ANSWER_MAX - 48;
	uint8_t pseudo[8] = {0, 0, 0, 0, 0, 0, 0, 58};
	uint32_t sum;

	memcpy(expected, v6_start, sizeof(v6_start));
	memcpy(expected + 8, v6_start + 24, 16);
	memcpy(expected + 24, v6_start + 8, 16);
	put(expected + 4, (uint32_t)(8 + quoted));
	expected[6] = 58;
	memcpy(expected + 40, (uint8_t[]){1, 3, 0, 0, 0, 0, 0, 0}, 8);
	memcpy(expected + 48, packet, quoted);
	put(pseudo + 2, (uint32_t)(8 + quoted));
	sum = sum16(0, expected + 8, 32);
	sum = sum16(sum, pseudo, sizeof(pseudo));
	put(expected + 42, ~sum16(sum, expected + 40, 8 + quoted));
	return 48 + quoted;
}

static void answers_byte_for_byte(void **state)
{
	static const size_t lens[] = {20, 21, 28, 40, 47, 84, 547, 548, 549, 576, 1231, 1232, 1233,
		1280, 1420, 9000, PACKET_MAX};

	(void)state;
	for (unsigned version = 4; version <= 6; version += 2) {
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			size_t want;

			if (version == 6 && lens[i] < 40)
				continue;
			build(version, lens[i]);
			want = version == 4 ? expect_v4(lens[i]) : expect_v6(lens[i]);
			answer[want] = 0x5a;
			assert_int_equal(icmp_unreachable(packet, lens[i], answer), want);
			assert_memory_equal(answer, expected, want);
			assert_int_equal(answer[want], 0x5a);
		}
	}
}

/* A change to a plain packet of 100 bytes, and whether there is an answer to it then. */
struct change {
	const char *what;
	unsigned version;
	size_t len; /* cut to this; 0: not */
	struct {
		uint8_t at, value;
	} bytes[6]; /* up to the first at 0 */
	bool is_answered;
};

static const struct change changes[] = {
	{"IPv4", 4, 0, {{0}}, true},
	{"IPv4, to port unreachable's quotation of one byte", 4, 21, {{0}}, true},
	/* Fragments: only the first is answered. */
	{"more fragments", 4, 0, {{6, 0x20}}, true},
	{"a later fragment", 4, 0, {{7, 1}}, false},
	{"a much later fragment", 4, 0, {{6, 0x1f}}, false},
	{"the last fragment", 4, 0, {{6, 0x01}}, false},
	/* Addresses. */
	{"from nobody", 4, 0, {{12, 0}, {13, 0}, {14, 0}, {15, 0}}, false},
	{"from this network", 4, 0, {{12, 0}}, false},
	{"from a group", 4, 0, {{12, 224}}, false},
	{"from everybody", 4, 0, {{12, 255}, {13, 255}, {14, 255}, {15, 255}}, false},
	{"from the last single address", 4, 0, {{12, 223}, {13, 255}, {14, 255}, {15, 255}}, true},
	{"to a group", 4, 0, {{16, 239}}, false},
	{"to everybody", 4, 0, {{16, 255}, {17, 255}, {18, 255}, {19, 255}}, false},
	{"to nobody", 4, 0, {{16, 0}}, false},
	/* ICMP: questions and replies are answered, errors never. */
	{"echo", 4, 0, {{9, 1}, {20, 8}}, true},
	{"timestamp", 4, 0, {{9, 1}, {20, 13}}, true},
	{"timestamp reply", 4, 0, {{9, 1}, {20, 14}}, true},
	{"unreachable", 4, 0, {{9, 1}, {20, 3}}, false},
	{"source quench", 4, 0, {{9, 1}, {20, 4}}, false},
	{"redirect", 4, 0, {{9, 1}, {20, 5}}, false},
	{"time exceeded", 4, 0, {{9, 1}, {20, 11}}, false},
	{"parameter problem", 4, 0, {{9, 1}, {20, 12}}, false},
	{"an unknown type", 4, 0, {{9, 1}, {20, 200}}, false},
	{"ICMP without its first byte", 4, 20, {{9, 1}}, false},
	{"ICMP with its first byte", 4, 21, {{9, 1}, {20, 8}}, true},
	{"an error behind options", 4, 0, {{0, 0x46}, {9, 1}, {20, 8}, {24, 3}}, false},
	{"an echo behind options", 4, 0, {{0, 0x46}, {9, 1}, {20, 3}, {24, 8}}, true},
	/* Header lengths that lie. */
	{"a header too short", 4, 0, {{0, 0x44}}, false},
	{"a header longer than the packet", 4, 56, {{0, 0x4f}}, false},
	{"a header as long as the packet", 4, 60, {{0, 0x4f}}, true},
	{"IPv6", 6, 0, {{0}}, true},
	{"IPv6 with nothing behind", 6, 40, {{0}}, true},
	{"from a group", 6, 0, {{8, 0xff}}, false},
	{"to a group", 6, 0, {{24, 0xff}}, false},
	{"from nobody", 6, 0, {{8, 0}, {23, 0}}, false},
	{"from ::1", 6, 0, {{8, 0}, {23, 1}}, true},
	{"echo request", 6, 0, {{6, 58}, {40, 128}}, true},
	{"echo reply", 6, 0, {{6, 58}, {40, 129}}, true},
	{"unreachable", 6, 0, {{6, 58}, {40, 1}}, false},
	{"packet too big", 6, 0, {{6, 58}, {40, 2}}, false},
	{"the last of the errors", 6, 0, {{6, 58}, {40, 127}}, false},
	{"the redirect, which counts as one", 6, 0, {{6, 58}, {40, 137}}, false},
	{"ICMPv6 without its first byte", 6, 40, {{6, 58}}, false},
	{"ICMPv6 with its first byte", 6, 41, {{6, 58}, {40, 128}}, true},
	/* Behind extension headers: next header, then length in eights less one. */
	{"UDP behind hop-by-hop", 6, 0, {{6, 0}, {40, 17}, {41, 0}}, true},
	{"an error behind hop-by-hop", 6, 0, {{6, 0}, {40, 58}, {41, 0}, {48, 3}}, false},
	{"an echo behind hop-by-hop", 6, 0, {{6, 0}, {40, 58}, {41, 0}, {48, 128}}, true},
	{"an error behind a long routing header", 6, 0, {{6, 43}, {40, 58}, {41, 2}, {64, 3}},
		false},
	{"an error behind two of them", 6, 0,
		{{6, 60}, {40, 43}, {41, 0}, {48, 58}, {49, 0}, {56, 3}}, false},
	{"the first fragment of UDP", 6, 0, {{6, 44}, {40, 17}, {42, 0}, {43, 1}}, true},
	{"the first fragment of an error", 6, 0, {{6, 44}, {40, 58}, {42, 0}, {43, 1}, {48, 3}},
		false},
	{"a later fragment", 6, 0, {{6, 44}, {40, 17}, {42, 0}, {43, 8}}, false},
	{"the last fragment", 6, 0, {{6, 44}, {40, 17}, {42, 1}, {43, 0}}, false},
	{"an extension header that is cut", 6, 47, {{6, 0}, {40, 17}, {41, 0}}, false},
	{"an extension header without a beginning", 6, 40, {{6, 60}}, false},
	{"an extension header that is too long", 6, 0, {{6, 60}, {40, 17}, {41, 255}}, false},
	{"no next header", 6, 0, {{6, 59}}, true},
	{"something encrypted", 6, 0, {{6, 50}}, true},
};

static void knows_what_not_to_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const struct change *c = &changes[i];
		size_t len = c->len ? c->len : 100;
		bool is_answered;

		build(c->version, 100);
		if (c->len)
			put(packet + (c->version == 4 ? 2 : 4),
				(uint32_t)(c->version == 4 ? len : len - 40));
		for (size_t b = 0; b < 6 && (b == 0 || c->bytes[b].at != 0); b++)
			if (c->bytes[b].at != 0 || c->bytes[b].value != 0)
				packet[c->bytes[b].at] = c->bytes[b].value;
		is_answered = icmp_unreachable(packet, len, answer) > 0;
		if (is_answered != c->is_answered)
			fail_msg("IPv%u: %s: %s", c->version, c->what,
				is_answered ? "answered" : "not answered");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_byte_for_byte),
		cmocka_unit_test(knows_what_not_to_answer),
	};

	return cmocka_run_group_tests_name("icmp", tests, NULL, NULL);
}

/*
 * Changes to a tunnel that stands in a network namespace of its own: each as a whole or not at all.
 */
#include "unit.h"
#include "fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "limits.h"
#include "os/netns.h"
#include "schedule.h"
#include "x25519.h"

enum { PEERS = 4, PREFIXES = 8, PORT = 5000 };

#define HEX31(byte)                                                                                \
	byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte  \
		byte byte byte byte byte byte byte byte byte byte byte byte byte
#define KEY(byte)    HEX31("00") byte
#define PEER(byte)   "public_key=" KEY(byte) "\n"
#define NO_PSK       "preshared_key=" HEX31("00") "00\n"
#define HEAD(byte)   PEER(byte) NO_PSK "protocol_version=1\n"
#define KEEPALIVE(n) "persistent_keepalive_interval=" #n "\n"

static struct tunnel tunnel;
static struct moment now;

static int set_up(void **state)
{
	static const struct device_limits limits = {PEERS, PREFIXES, 16};

	(void)state;
	netns_enter();
	now = (struct moment){{1000 * NS_PER_S}, {1700000000, 0}};
	fixture_begin(&tunnel, &limits);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tunnel_fini(&tunnel);
	return 0;
}

static void expect_state(const char *expected)
{
	char *state = fixture_state(&tunnel);

	assert_string_equal(state, expected);
	free(state);
}

static int set(const char *lines)
{
	return fixture_set(&tunnel, lines, now);
}

/* Takes the port in one family, so that nobody else gets it. */
static int take_port(int family, uint16_t port)
{
	union sockaddress address = {.v6 = {.sin6_family = (sa_family_t)family}};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	if (family == AF_INET6)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	address.v4.sin_port = htons(port);
	assert_int_equal(
		bind(fd, &address.any, family == AF_INET ? sizeof(address.v4) : sizeof(address.v6)),
		0);
	return fd;
}

/* One step after the other: what is set, what that gives, and the whole state then. */
static const struct {
	const char *lines;
	int err;
	const char *state;
} steps[] = {
	{"", 0, ""},
	{"listen_port=5000\nfwmark=7\n", 0, "listen_port=5000\nfwmark=7\n"},
	{"fwmark=0\nlisten_port=0\n", 0, ""},
	/* A peer comes with nothing. */
	{PEER("01"), 0, HEAD("01") KEEPALIVE(0)},
	/* Each of its keys, alone; what is not named stays. */
	{PEER("01") "endpoint=192.0.2.1:7\n", 0, HEAD("01") "endpoint=192.0.2.1:7\n" KEEPALIVE(0)},
	{PEER("01") KEEPALIVE(25), 0, HEAD("01") "endpoint=192.0.2.1:7\n" KEEPALIVE(25)},
	{PEER("01") "allowed_ip=10.1.2.3/8\nallowed_ip=fd00::1/64\n", 0,
		HEAD("01") "endpoint=192.0.2.1:7\n" KEEPALIVE(
			25) "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n"},
	{PEER("01") "allowed_ip=-10.0.0.0/8\nallowed_ip=-10.9.0.0/16\n", 0,
		HEAD("01") "endpoint=192.0.2.1:7\n" KEEPALIVE(25) "allowed_ip=fd00::/64\n"},
	{PEER("01") "replace_allowed_ips=true\nallowed_ip=10.0.0.0/9\n", 0,
		HEAD("01") "endpoint=192.0.2.1:7\n" KEEPALIVE(25) "allowed_ip=10.0.0.0/9\n"},
	{PEER("01") "preshared_key=" KEY("aa") "\n" KEEPALIVE(0), 0,
		PEER("01") "preshared_key=" KEY("aa") "\nprotocol_version=1\nendpoint=192.0.2.1:"
						      "7\n" KEEPALIVE(0) "allowed_ip=10.0.0.0/9\n"},
	{PEER("01") NO_PSK "endpoint=[2001:db8::1]:9\n", 0,
		HEAD("01") "endpoint=[2001:db8::1]:9\n" KEEPALIVE(0) "allowed_ip=10.0.0.0/9\n"},
	/* A prefix moves to who gets it last, within one change too. */
	{PEER("02") "allowed_ip=10.0.0.0/9\n" PEER("03") "allowed_ip=10.0.0.0/9\n", 0,
		HEAD("01") "endpoint=[2001:db8::1]:9\n" KEEPALIVE(0) HEAD("02") KEEPALIVE(0)
			HEAD("03") KEEPALIVE(0) "allowed_ip=10.0.0.0/9\n"},
	/* Only updates; removals of who is there and who is not. */
	{PEER("04") "update_only=true\n" KEEPALIVE(5) PEER("02") "update_only=true\n" KEEPALIVE(5)
			PEER("05") "remove=true\n" PEER("01") "remove=true\n",
		0, HEAD("02") KEEPALIVE(5) HEAD("03") KEEPALIVE(0) "allowed_ip=10.0.0.0/9\n"},
	/* Gone and back in one change: at the end, with nothing. */
	{PEER("02") "remove=true\n" PEER("02"), 0,
		HEAD("03") KEEPALIVE(0) "allowed_ip=10.0.0.0/9\n" HEAD("02") KEEPALIVE(0)},
	{"replace_peers=true\n" PEER("09"), 0, HEAD("09") KEEPALIVE(0)},
	/* Room: four peers. */
	{PEER("01") PEER("02") PEER("03") PEER("04"), -ENOMEM, HEAD("09") KEEPALIVE(0)},
	{"replace_peers=true\n" PEER("01") PEER("02") PEER("03") PEER("04") PEER("05"), -ENOMEM,
		HEAD("09") KEEPALIVE(0)},
	{"replace_peers=true\n" PEER("01") PEER("02") PEER("03") PEER("04"), 0,
		HEAD("01") KEEPALIVE(0) HEAD("02") KEEPALIVE(0) HEAD("03") KEEPALIVE(0) HEAD("04")
			KEEPALIVE(0)},
	{"replace_peers=true\n" PEER("01") PEER("02"), 0,
		HEAD("01") KEEPALIVE(0) HEAD("02") KEEPALIVE(0)},
};

static void applies_every_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(set(steps[i].lines), steps[i].err);
		expect_state(steps[i].state);
	}
	/* Once more, with as little at a time as there is. */
	assert_int_equal(set("replace_peers=true\n"), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(
			fixture_set_in_pieces(&tunnel, steps[i].lines, 1, now), steps[i].err);
		expect_state(steps[i].state);
	}
}

#define IP(n)             "allowed_ip=10.0." #n ".0/24\n"
#define IPS_4(a, b, c, d) IP(a) IP(b) IP(c) IP(d)
#define IPS_8             IPS_4(0, 1, 2, 3) IPS_4(4, 5, 6, 7)
#define OTHER_IPS_8       IPS_4(8, 9, 10, 11) IPS_4(12, 13, 14, 15)
#define REPLACE           "replace_allowed_ips=true\n"

/* The table is full: peer 01 has all eight prefixes there is room for. */
static const struct {
	const char *lines;
	bool fits;
} when_full[] = {
	{PEER("02"), true},
	{PEER("02") IP(8), false},
	{PEER("01") IP(8), false},
	{PEER("01") REPLACE OTHER_IPS_8, true},
	{PEER("01") REPLACE OTHER_IPS_8 PEER("01") IP(16), false},
	{PEER("01") REPLACE OTHER_IPS_8 PEER("01") REPLACE IPS_8, false},
	{PEER("01") REPLACE OTHER_IPS_8 IP(16) PEER("01") REPLACE, false},
	/* The room comes too late. */
	{PEER("02") IP(8) PEER("01") REPLACE, false},
	{PEER("02") IP(8) PEER("01") "remove=true\n", false},
	/* In time. */
	{PEER("01") REPLACE PEER("02") IP(8), true},
	{PEER("01") "remove=true\n" PEER("02") OTHER_IPS_8, true},
	{PEER("01") "remove=true\n" PEER("01") OTHER_IPS_8, true},
	{PEER("01") "remove=true\n" PEER("01") OTHER_IPS_8 PEER("01") "remove=true\n" PEER("01")
			IP(0),
		false},
	{"replace_peers=true\n" PEER("02") OTHER_IPS_8, true},
	{"replace_peers=true\n" PEER("01") REPLACE OTHER_IPS_8, true},
	{"replace_peers=true\n" PEER("02") OTHER_IPS_8 IP(16), false},
	{"replace_peers=true\n" PEER("01") REPLACE OTHER_IPS_8 IP(16), false},
};

static void refuses_what_has_no_room(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(when_full) / sizeof(when_full[0]); i++) {
		char *before;

		assert_int_equal(set("replace_peers=true\n" PEER("01") IPS_8), 0);
		before = fixture_state(&tunnel);
		assert_int_equal(set(when_full[i].lines), when_full[i].fits ? 0 : -ENOMEM);
		if (!when_full[i].fits)
			expect_state(before);
		free(before);
	}
}

static uint32_t mark_of(int fd)
{
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len), 0);
	return mark;
}

#define EVERYTHING                                                                                 \
	"private_key=" KEY("77") "\nlisten_port=6000\nfwmark=9\nreplace_peers=true\n" PEER("02")

static void changes_nothing_when_the_port_is_taken(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};

	(void)state;
	assert_int_equal(set("listen_port=5000\nfwmark=7\n" PEER("01") IP(1)), 0);
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), 0);
	for (unsigned i = 0; i < 2; i++) {
		char *before = fixture_state(&tunnel);
		int fd = take_port(families[i], 6000);

		assert_int_equal(set(EVERYTHING), -EADDRINUSE);
		expect_state(before);
		assert_int_equal(mark_of(tunnel.udp.fd4), 7);
		assert_int_equal(tunnel.udp.port, PORT);
		close(fd);
		free(before);
	}
	assert_int_equal(set(EVERYTHING), 0);
	assert_int_equal(tunnel.udp.port, 6000);
	assert_int_equal(mark_of(tunnel.udp.fd4), 9);
	assert_int_equal(mark_of(tunnel.udp.fd6), 9);
	assert_int_equal(set("fwmark=0\n"), 0);
	assert_int_equal(mark_of(tunnel.udp.fd4), 0);
	assert_int_equal(mark_of(tunnel.udp.fd6), 0);
	/* The old port is free again. */
	close(take_port(AF_INET, PORT));
	close(take_port(AF_INET6, PORT));
}

static void draws_a_port(void **state)
{
	uint16_t first;

	(void)state;
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), 0);
	first = tunnel.listen_port;
	assert_int_not_equal(first, 0);
	assert_int_equal(tunnel.udp.port, first);
	/* Down and up it stays; asked for anew it is another one. */
	assert_int_equal(tunnel_set_up(&tunnel, false, now.at), 0);
	assert_int_equal(tunnel.udp.port, 0);
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), 0);
	assert_int_equal(tunnel.udp.port, first);
	assert_int_equal(set("listen_port=0\n"), 0);
	assert_int_not_equal(tunnel.udp.port, first);
	assert_int_equal(tunnel.udp.port, tunnel.listen_port);
}

static void uses_what_was_set_while_down(void **state)
{
	(void)state;
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), 0);
	assert_int_equal(tunnel_set_up(&tunnel, false, now.at), 0);
	assert_int_equal(set("listen_port=5000\nfwmark=7\n" PEER("01")
					 KEEPALIVE(1) "endpoint=192.0.2.1:7\n"),
		0);
	assert_int_equal(tunnel.udp.fd4, -1);
	/* No timer runs down there. */
	assert_int_equal(device_first_due(tunnel.device), PEER_NONE);
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), 0);
	assert_int_equal(tunnel.udp.port, PORT);
	assert_int_equal(mark_of(tunnel.udp.fd4), 7);
	assert_int_equal(device_first_due(tunnel.device), 0);
}

/* The port is taken when the interface goes up: it is down until another one is set. */
static void comes_up_with_another_port(void **state)
{
	int fd = take_port(AF_INET6, PORT);

	(void)state;
	assert_int_equal(set("listen_port=5000\n" PEER("01") KEEPALIVE(1)), 0);
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), -EADDRINUSE);
	assert_false(tunnel.device->is_up);
	assert_int_equal(set(PEER("02")), 0);
	assert_false(tunnel.device->is_up);
	assert_int_equal(set("fwmark=1\n"), -EADDRINUSE);
	assert_int_equal(tunnel.fwmark, 0);
	assert_int_equal(set("listen_port=6000\n"), 0);
	assert_true(tunnel.device->is_up);
	assert_int_equal(tunnel.udp.port, 6000);
	close(fd);
	/* Not while it is down by the administrator's wish. */
	assert_int_equal(tunnel_set_up(&tunnel, false, now.at), 0);
	assert_int_equal(set("listen_port=5000\n"), 0);
	assert_false(tunnel.device->is_up);
	assert_int_equal(tunnel.udp.fd4, -1);
}

static bool is_sticky(uint32_t slot)
{
	return device_peer(tunnel.device, slot)->endpoint.local.family != IP_NONE;
}

static void forgets_sources_with_port_and_mark(void **state)
{
	static const struct {
		const char *lines;
		bool is_kept;
	} cases[] = {
		{"", true},
		{PEER("02") IP(2), true},
		{"listen_port=5000\n", true}, /* it is that already */
		{"listen_port=5001\n", false},
		{"fwmark=1\n", false},
		{PEER("01") "endpoint=192.0.2.1:7\n", false},
	};

	(void)state;
	assert_int_equal(set("listen_port=5000\n" PEER("01") "endpoint=192.0.2.1:7\n"), 0);
	assert_int_equal(tunnel_set_up(&tunnel, true, now.at), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		device_peer(tunnel.device, 0)->endpoint.local =
			(struct ip_addr){IP_V4, {192, 0, 2, 9}};
		assert_int_equal(set(cases[i].lines), 0);
		assert_int_equal(is_sticky(0), cases[i].is_kept);
	}
}

/* Prints "private_key=..." and "public_key=..." of a key; which is clamped. */
static void print_keys(uint8_t byte, char private_line[128], char public_line[128])
{
	struct private_key private_key = {{byte}};
	struct public_key public_key;
	const uint8_t *keys[] = {private_key.b, public_key.b};
	char *lines[] = {private_line, public_line};

	x25519_clamp(&private_key);
	x25519_public(&private_key, &public_key);
	for (int k = 0; k < 2; k++) {
		char *at = lines[k] + sprintf(lines[k], k ? "public_key=" : "private_key=");

		for (int i = 0; i < KEY_LEN; i++)
			at += sprintf(at, "%02x", keys[k][i]);
		strcpy(at, "\n");
	}
}

static void is_no_peer_of_its_own(void **state)
{
	char private_line[128], public_line[128], lines[600], expected[600];
	const uint8_t packet[64] = {0x45};

	(void)state;
	print_keys(8, private_line, public_line);
	/* Once it has the key, the peer of that key is no peer. */
	snprintf(lines, sizeof(lines), "%s%s%s%s", private_line, public_line, IP(1), PEER("02"));
	snprintf(expected, sizeof(expected), "%s%s", private_line, HEAD("02") KEEPALIVE(0));
	assert_int_equal(set(lines), 0);
	expect_state(expected);
	/* And when it gets the key, the peer goes, with what waits for it. */
	assert_int_equal(set("private_key=" HEX31("00") "00\nreplace_peers=true\n"), 0);
	expect_state("");
	snprintf(lines, sizeof(lines), "%s%s%s", PEER("02"), public_line, IP(1));
	assert_int_equal(set(lines), 0);
	staging_push(tunnel.staging, 1, packet, sizeof(packet));
	handshaker_want(tunnel.handshaker, 1, false);
	assert_int_equal(set(private_line), 0);
	expect_state(expected);
	assert_false(staging_has(tunnel.staging, 1));
}

static void drops_what_waits_for_removed_peers(void **state)
{
	const uint8_t packet[64] = {0x45};

	(void)state;
	assert_int_equal(set(PEER("01") PEER("02") PEER("03")), 0);
	for (uint32_t slot = 0; slot < 3; slot++)
		staging_push(tunnel.staging, slot, packet, sizeof(packet));
	assert_int_equal(set(PEER("02") "remove=true\n"), 0);
	assert_false(staging_has(tunnel.staging, 1));
	assert_true(staging_has(tunnel.staging, 0));
	assert_int_equal(set("replace_peers=true\n"), 0);
	assert_false(staging_has(tunnel.staging, 0) || staging_has(tunnel.staging, 2));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(applies_every_key),
		CASE(refuses_what_has_no_room),
		CASE(changes_nothing_when_the_port_is_taken),
		CASE(draws_a_port),
		CASE(uses_what_was_set_while_down),
		CASE(comes_up_with_another_port),
		CASE(forgets_sources_with_port_and_mark),
		CASE(is_no_peer_of_its_own),
		CASE(drops_what_waits_for_removed_peers),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}

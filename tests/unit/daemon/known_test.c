/* Whose addresses are known: those of peers with a session and an endpoint; and what it is good for. */
#include "unit.h"
#include "known.h"

#include <arpa/inet.h>
#include <unistd.h>
#include "fixture.h"
#include "members.h"
#include "netns.h"

enum { PEERS = UDP_KNOWN_MAX + 3, LAST_BYTE = 3, DATAGRAMS = 20 };

static struct tunnel tunnel;
static const struct instant start = {1000 * NS_PER_S};
static const struct instant later = {1100 * NS_PER_S};

static int begin(void **state)
{
	struct device_limits limits = {PEERS, PEERS, 16};

	(void)state;
	fixture_begin(&tunnel, &limits);
	for (unsigned i = 0; i < PEERS; i++) {
		struct public_key key = {{(uint8_t)(i + 1)}};

		assert_int_equal(device_add_peer(tunnel.device, &key), i);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	tunnel_fini(&tunnel);
	return 0;
}

static void give_endpoint(unsigned slot)
{
	device_peer(tunnel.device, slot)->endpoint = (struct endpoint){
		.addr = {IP_V4, {192, 0, 2, [LAST_BYTE] = (uint8_t)slot}}, .port = 1};
}

static void give_session(unsigned slot, struct instant born)
{
	struct session *sessions = device_sessions(tunnel.device, slot);
	struct session_freed freed = {.count = 0};
	struct noise_keys keys = {0};
	uint8_t number = keyring_add_confirmed(
		&device_peer(tunnel.device, slot)->keyring, sessions, born, &freed);

	assert_true(index_insert(device_indices(tunnel.device), slot,
		(struct index_entry){slot, (uint8_t)(INDEX_SESSION_0 + number)}));
	session_begin(&sessions[number], &keys, true, slot, slot, born);
}

static void are_those_with_session_and_endpoint(void **state)
{
	struct known known;

	(void)state;
	known_find(&known, tunnel.device, start);
	assert_int_equal(known.count, 0);
	give_endpoint(1);
	give_session(2, start);
	give_endpoint(3);
	give_session(3, start);
	known_find(&known, tunnel.device, later);
	assert_int_equal(known.count, 1);
	assert_true(known_has(&known, &device_peer(tunnel.device, 3)->endpoint.addr));
	assert_false(known_has(&known, &device_peer(tunnel.device, 1)->endpoint.addr));
	/* Its session ends. */
	known_find(&known, tunnel.device, instant_after(later, 1000 * NS_PER_S));
	assert_int_equal(known.count, 0);
}

/* Slot 0 has the youngest session, the last slot the oldest. */
static void are_the_oldest_of_too_many(void **state)
{
	struct known known;

	(void)state;
	for (unsigned i = 0; i < PEERS; i++) {
		give_endpoint(i);
		give_session(i, instant_after(start, (PEERS - i) * NS_PER_S));
	}
	known_find(&known, tunnel.device, later);
	assert_int_equal(known.count, UDP_KNOWN_MAX);
	for (unsigned i = 0; i < UDP_KNOWN_MAX; i++)
		assert_int_equal(known.addresses[i].b[LAST_BYTE], PEERS - 1 - i);
}

/* Of some such datagrams from the address, how many arrive. */
static unsigned count_datagrams(const char *from, const uint8_t *bytes, size_t len)
{
	struct sockaddr_in source = {.sin_family = AF_INET};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(tunnel.udp.port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned let_in = 0;
	uint8_t arrived;

	assert_int_equal(inet_pton(AF_INET, from, &source.sin_addr), 1);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
	for (unsigned i = 0; i < DATAGRAMS; i++)
		assert_int_equal(
			sendto(fd, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)), len);
	close(fd);
	/* On loopback what was sent is there. */
	while (recv(tunnel.udp.fd4, &arrived, sizeof(arrived), MSG_DONTWAIT) > 0)
		let_in++;
	return let_in;
}

/* The same of an initiation's begin and length, and of data for an index. */
static unsigned count_let_in(const char *from)
{
	uint8_t bytes[INITIATION_LEN] = {MESSAGE_INITIATION};

	return count_datagrams(from, bytes, sizeof(bytes));
}

static unsigned count_data(uint32_t index)
{
	struct wire_data data = {le32_store(MESSAGE_DATA), le32_store(index), {{0}}};

	return count_datagrams("127.0.0.2", (const uint8_t *)&data, sizeof(data));
}

/* The window of that number, with more datagrams of the kind than will ever come. */
static void flood(enum thinner_kind kind, unsigned window)
{
	struct instant now = instant_after(start, window * THINNER_WINDOW_NS);

	tunnel.thinner.since = instant_after(start, (window - 1) * THINNER_WINDOW_NS);
	tunnel.thinner.classes[kind].strangers = UINT32_MAX / 2;
	tunnel_thin(&tunnel, now, now);
}

/* A flood of strangers is not their peers' fault; one that claims a peer's address is thinned too. */
static void are_thinned_apart(void **state)
{
	struct udp_pair udp;

	(void)state;
	netns_enter();
	assert_int_equal(udp_open(&udp, 0, 0), 0);
	tunnel_use_sockets(&tunnel, &udp);
	give_endpoint(1);
	give_session(1, start);
	assert_int_equal(
		inet_pton(AF_INET, "127.0.0.1", device_peer(tunnel.device, 1)->endpoint.addr.b), 1);
	assert_int_equal(count_let_in("127.0.0.1"), DATAGRAMS);
	assert_int_equal(count_let_in("127.0.0.2"), DATAGRAMS);
	flood(THINNER_FIRST, 1);
	assert_int_equal(count_let_in("127.0.0.1"), DATAGRAMS);
	assert_in_range(count_let_in("127.0.0.2"), 0, DATAGRAMS / 2);
	flood(THINNER_KNOWN, 2);
	assert_in_range(count_let_in("127.0.0.1"), 0, DATAGRAMS / 2);
	tunnel_thin_no_more(&tunnel);
	assert_int_equal(count_let_in("127.0.0.1"), DATAGRAMS);
	assert_int_equal(count_let_in("127.0.0.2"), DATAGRAMS);
}

/* What names an index of ours comes in, whatever flood there is of what does not. */
static void sessions_are_never_thinned(void **state)
{
	struct udp_pair udp;
	uint32_t ours;

	(void)state;
	netns_enter();
	assert_int_equal(udp_open(&udp, 0, 0), 0);
	tunnel_use_sockets(&tunnel, &udp);
	for (unsigned i = 0; i < 2; i++)
		tunnel.device->mark.factors[i] = 0x9e3779b9;
	ours = index_mark_put(&tunnel.device->mark, 12345);
	for (unsigned kind = 0; kind < THINNER_CLASSES; kind++)
		flood((enum thinner_kind)kind, 1 + kind);
	assert_int_equal(count_data(ours), DATAGRAMS);
	assert_in_range(count_data(ours + 1), 0, DATAGRAMS / 2);
	tunnel_thin_no_more(&tunnel);
	assert_int_equal(count_data(ours + 1), DATAGRAMS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(are_those_with_session_and_endpoint, begin, end),
		cmocka_unit_test_setup_teardown(are_the_oldest_of_too_many, begin, end),
		cmocka_unit_test_setup_teardown(are_thinned_apart, begin, end),
		cmocka_unit_test_setup_teardown(sessions_are_never_thinned, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

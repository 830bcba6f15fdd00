/* What comes in by a socket, where the sockets thin it. */
#include "unit.h"
#include "ingress.h"

#include <arpa/inet.h>
#include <unistd.h>
#include "cookie.h"
#include "fixture.h"
#include "lifecycle.h"
#include "netns.h"
#include "wire.h"

static struct tunnel tunnel;
static const struct moment now = {{1000 * NS_PER_S}, {1700000000, 0}};

static int begin(void **state)
{
	struct device_limits limits = {1, 1, 16};
	struct udp_pair udp;

	(void)state;
	netns_enter();
	fixture_begin(&tunnel, &limits);
	assert_int_equal(
		fixture_set(&tunnel,
			"private_key="
			"a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e5f\n",
			now),
		0);
	assert_int_equal(udp_open(&udp, 0, 0), 0);
	tunnel_use_sockets(&tunnel, &udp);
	device_set_up(tunnel.device, true, now.at);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tunnel_fini(&tunnel);
	return 0;
}

/* Such a datagram comes in and is looked at. */
static void take(const void *bytes, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(tunnel.udp.port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(fd, bytes, len, 0, (struct sockaddr *)&to, sizeof(to)), len);
	close(fd);
	ingress_run(&tunnel, tunnel.udp.fd4, false, now);
}

/* An initiation with a good mac1 and nothing else that is good. */
static void take_initiation(void)
{
	uint8_t bytes[INITIATION_LEN] = {MESSAGE_INITIATION};
	struct cookie_maker maker;

	cookie_maker_init(&maker, &tunnel.device->identity.public_key);
	cookie_stamp(&maker, bytes, sizeof(bytes), now.at);
	take(bytes, sizeof(bytes));
}

static void take_data(uint32_t index)
{
	uint8_t bytes[KEEPALIVE_LEN] = {0};

	memcpy(bytes, &(struct wire_data){le32_store(MESSAGE_DATA), le32_store(index), {{0}}},
		sizeof(struct wire_data));
	take(bytes, sizeof(bytes));
}

/* However short the queue of handshakes is, where something is dropped there is no time for them. */
static void asks_for_a_cookie_where_it_thins(void **state)
{
	(void)state;
	take_initiation();
	assert_int_equal(tunnel.device->verdicts[VERDICT_COOKIE_NEEDED], 0);
	tunnel.thinner.classes[THINNER_WITH_COOKIE].level = 1;
	take_initiation();
	assert_int_equal(tunnel.device->verdicts[VERDICT_COOKIE_NEEDED], 1);
}

/* Strangers are those whose index does not bear the mark, whether there is a session or not. */
static void counts_what_is_strange(void **state)
{
	const struct thinner_class *classes = tunnel.thinner.classes;
	uint32_t ours;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		tunnel.device->mark.factors[i] = 0x9e3779b9;
	ours = index_mark_put(&tunnel.device->mark, 12345);
	take_data(ours);
	assert_int_equal(classes[THINNER_ASTRAY].strangers, 0);
	take_data(ours + 1);
	assert_int_equal(classes[THINNER_ASTRAY].strangers, 1);
	assert_int_equal(classes[THINNER_FIRST].strangers, 0);
	take_initiation();
	assert_int_equal(classes[THINNER_FIRST].strangers, 1);
	assert_int_equal(tunnel.device->verdicts[VERDICT_NO_SESSION], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_what_is_strange, begin, end),
		cmocka_unit_test_setup_teardown(asks_for_a_cookie_where_it_thins, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

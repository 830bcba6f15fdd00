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

/* An initiation with a good mac1 and nothing else that is good comes in and is looked at. */
static void take_initiation(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(tunnel.udp.port)};
	uint8_t bytes[INITIATION_LEN] = {MESSAGE_INITIATION};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct cookie_maker maker;

	cookie_maker_init(&maker, &tunnel.device->identity.public_key);
	cookie_stamp(&maker, bytes, sizeof(bytes), now.at);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)),
		sizeof(bytes));
	close(fd);
	ingress_run(&tunnel, tunnel.udp.fd4, false, now);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_for_a_cookie_where_it_thins, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

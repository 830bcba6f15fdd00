/* Whose addresses are spared: those of peers with a session and an endpoint, the oldest first. */
#include "unit.h"
#include "known.h"

#include "fixture.h"
#include "members.h"

enum { PEERS = UDP_KNOWN_MAX + 3, LAST_BYTE = 3 };

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
	assert_int_equal(known.addresses[0].b[LAST_BYTE], 3);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(are_those_with_session_and_endpoint, begin, end),
		cmocka_unit_test_setup_teardown(are_the_oldest_of_too_many, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

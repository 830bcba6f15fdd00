/*
 * The least change of a device, against a model: random states, and a model of what a device does
 * with a change. Changed so, what was there becomes what is wanted, and equal peers are not named.
 */
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "devicediff.h"
#include "seeded.h"

enum { ROUNDS = 2000, PEERS = 5, IPS = 4 };

static uint64_t next(struct seeded *s)
{
	s->state ^= s->state << 13;
	s->state ^= s->state >> 7;
	s->state ^= s->state << 17;
	return s->state;
}

static void add_ip(struct peer_settings *peer, uint8_t number)
{
	struct allowed_ip *ip = settings_add_allowed_ip(peer);

	assert_non_null(ip);
	ip->prefix = (struct ip_prefix){{IP_V4, {10, number}}, 16};
}

/* Each peer owns its own prefixes, so that none is taken from another. */
static void make_random(struct seeded *s, struct device_settings *device)
{
	settings_init(device);
	device->has = DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_LISTEN_PORT | DEVICE_HAS_FWMARK;
	device->private_key.b[0] = (uint8_t)(next(s) % 2);
	device->listen_port = (uint16_t)(next(s) % 2);
	device->fwmark = (uint32_t)(next(s) % 2);
	for (uint8_t i = 0; i < PEERS; i++) {
		struct peer_settings *peer;

		if (next(s) % 3 == 0)
			continue;
		peer = settings_add_peer(device);
		assert_non_null(peer);
		peer->public_key.b[0] = (uint8_t)(i + 1);
		peer->has = PEER_HAS_ENDPOINT | PEER_HAS_KEEPALIVE | PEER_HAS_PRESHARED_KEY;
		peer->endpoint = (struct endpoint){
			.addr = {IP_V4, {192, 0, 2, (uint8_t)(next(s) % 2)}}, .port = 1};
		peer->keepalive = (uint16_t)(next(s) % 2);
		peer->preshared_key.b[0] = (uint8_t)(next(s) % 2);
		for (uint8_t j = 0; j < IPS; j++)
			if (next(s) % 2)
				add_ip(peer, (uint8_t)(i * IPS + j));
	}
}

static struct peer_settings *find(struct device_settings *device, const struct public_key *key)
{
	for (size_t i = 0; i < device->peers_count; i++)
		if (memcmp(&device->peers[i].public_key, key, sizeof(*key)) == 0 &&
			!device->peers[i].remove)
			return &device->peers[i];
	return NULL;
}

/* What any device does with a change. */
static void model_apply(struct device_settings *device, const struct device_settings *change)
{
	if (change->has & DEVICE_HAS_PRIVATE_KEY)
		device->private_key = change->private_key;
	if (change->has & DEVICE_HAS_LISTEN_PORT)
		device->listen_port = change->listen_port;
	if (change->has & DEVICE_HAS_FWMARK)
		device->fwmark = change->fwmark;
	for (size_t i = 0; i < change->peers_count; i++) {
		const struct peer_settings *said = &change->peers[i];
		struct peer_settings *peer = find(device, &said->public_key);

		if (!peer && (said->remove || said->update_only))
			continue;
		if (!peer) {
			peer = settings_add_peer(device);
			assert_non_null(peer);
			peer->public_key = said->public_key;
		}
		peer->remove = said->remove;
		if (said->has & PEER_HAS_ENDPOINT)
			peer->endpoint = said->endpoint;
		if (said->has & PEER_HAS_KEEPALIVE)
			peer->keepalive = said->keepalive;
		if (said->has & PEER_HAS_PRESHARED_KEY)
			peer->preshared_key = said->preshared_key;
		if (said->replace_allowed_ips)
			peer->allowed_ips_count = 0;
		for (size_t j = 0; j < said->allowed_ips_count; j++)
			*settings_add_allowed_ip(peer) = said->allowed_ips[j];
	}
}

static void assert_equal_peers(struct device_settings *a, struct device_settings *b)
{
	for (size_t i = 0; i < a->peers_count; i++) {
		struct peer_settings *x = &a->peers[i], *y = find(b, &x->public_key);

		if (x->remove)
			continue;
		assert_non_null(y);
		assert_int_equal(x->keepalive, y->keepalive);
		assert_memory_equal(&x->preshared_key, &y->preshared_key, KEY_LEN);
		assert_true(endpoint_same_remote(&x->endpoint, &y->endpoint));
		assert_int_equal(x->allowed_ips_count, y->allowed_ips_count);
		for (size_t j = 0; j < x->allowed_ips_count; j++)
			assert_int_equal(x->allowed_ips[j].prefix.addr.b[1],
				y->allowed_ips[j].prefix.addr.b[1]);
	}
}

static void makes_one_the_other(void **state)
{
	struct seeded s = seeded_start("makes_one_the_other");

	(void)state;
	s.state |= 1;
	for (int round = 0; round < ROUNDS; round++) {
		struct device_settings there, wanted, change;

		make_random(&s, &there);
		make_random(&s, &wanted);
		device_begin_change(&change, "wg0");
		assert_int_equal(device_diff(&there, &wanted, &change), 0);
		assert_string_equal(change.name, "wg0");
		model_apply(&there, &change);
		assert_int_equal(there.listen_port, wanted.listen_port);
		assert_int_equal(there.fwmark, wanted.fwmark);
		assert_memory_equal(&there.private_key, &wanted.private_key, KEY_LEN);
		assert_equal_peers(&there, &wanted);
		assert_equal_peers(&wanted, &there);
		settings_fini(&there);
		settings_fini(&wanted);
		settings_fini(&change);
	}
}

static void equal_states_need_no_change(void **state)
{
	struct seeded s = seeded_start("equal_states_need_no_change");

	(void)state;
	s.state |= 1;
	for (int round = 0; round < ROUNDS; round++) {
		struct seeded same = s;
		struct device_settings there, wanted, change;

		make_random(&s, &there);
		make_random(&same, &wanted);
		device_begin_change(&change, "wg0");
		assert_int_equal(device_diff(&there, &wanted, &change), 0);
		assert_int_equal(change.has, 0);
		assert_int_equal(change.peers_count, 0);
		settings_fini(&there);
		settings_fini(&wanted);
		settings_fini(&change);
	}
}

static void what_is_not_mentioned_stays(void **state)
{
	struct device_settings there = {
		.has = DEVICE_HAS_LISTEN_PORT, .listen_port = 7, .fwmark = 9};
	struct device_settings wanted = {0}, change;

	(void)state;
	device_begin_change(&change, "wg0");
	assert_int_equal(device_diff(&there, &wanted, &change), 0);
	assert_int_equal(change.has, 0);
	settings_fini(&change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_one_the_other),
		cmocka_unit_test(equal_states_need_no_change),
		cmocka_unit_test(what_is_not_mentioned_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

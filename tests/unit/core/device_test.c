/* Peers and the tables that find them; what a new private key and the interface's state do. */
#include "duo.h"
#include "lifecycle.h"
#include "members.h"
#include "outbound.h"
#include "schedule.h"
#include "seeded.h"
#include "wipe.h"

static struct public_key key_of(uint32_t number)
{
	struct public_key key = {{0x77}};

	memcpy(key.b + 8, &number, sizeof(number));
	return key;
}

static struct device *device_of(uint32_t peers_max)
{
	const struct device_limits limits = {
		.peers_max = peers_max, .prefixes_max = 8, .sources_max = 1};
	size_t size = device_size(&limits);
	void *memory = aligned_alloc(64, size);
	struct chance chance = {.cookie_secret = {1, 2, 3}};

	assert_non_null(memory);
	memset(memory, 0, size);
	return device_init(memory, &limits, &chance);
}

static void device_free(struct device *device)
{
	device_fini(device);
	free(device);
}

/* Walks the order both ways and compares it with the numbers that should be there. */
static void assert_order(struct device *device, const uint32_t *numbers, uint32_t count)
{
	uint32_t slot = device->first_peer, before = PEER_NONE;

	assert_int_equal(device->peers_count, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct public_key key = key_of(numbers[i]);

		assert_int_not_equal(slot, PEER_NONE);
		assert_memory_equal(&device_peer(device, slot)->public_key, &key, KEY_LEN);
		assert_int_equal(device_peer(device, slot)->previous, before);
		assert_int_equal(device_find_peer(device, &key), slot);
		before = slot;
		slot = device_peer(device, slot)->next;
	}
	assert_int_equal(slot, PEER_NONE);
	assert_int_equal(device->last_peer, before);
}

static void peers_stay_in_the_order_they_came(void **state)
{
	struct device *device = device_of(4);
	struct public_key keys[6];

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		keys[i] = key_of(i);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(device_add_peer(device, &keys[i]), i);
	assert_order(device, (uint32_t[]){0, 1, 2, 3}, 4);
	assert_int_equal(device_add_peer(device, &keys[4]), PEER_NONE);
	assert_order(device, (uint32_t[]){0, 1, 2, 3}, 4);
	device_remove_peer(device, 1);
	assert_order(device, (uint32_t[]){0, 2, 3}, 3);
	assert_int_equal(device_find_peer(device, &keys[1]), PEER_NONE);
	assert_int_equal(device_add_peer(device, &keys[5]), 1);
	assert_order(device, (uint32_t[]){0, 2, 3, 5}, 4);
	device_remove_peer(device, 1);
	device_remove_peer(device, 0);
	assert_order(device, (uint32_t[]){2, 3}, 2);
	device_remove_peer(device, 2);
	device_remove_peer(device, 3);
	assert_order(device, NULL, 0);
	device_free(device);
}

/* A list of numbers is the model; adding and removing at random, up to the limit. */
static void peers_are_found_like_in_a_list(void **state)
{
	enum { PEERS = 61, STEPS = 20000 };
	struct seeded r = seeded_start(__func__);
	struct device *device = device_of(PEERS);
	uint32_t model[PEERS], count = 0, made = 0;

	(void)state;
	for (unsigned i = 0; i < STEPS; i++) {
		struct public_key key = key_of(made);

		if (seeded_below(&r, 2) || count == 0) {
			uint32_t slot = device_add_peer(device, &key);

			assert_int_equal(slot == PEER_NONE, count == PEERS);
			if (slot != PEER_NONE)
				model[count++] = made++;
		} else {
			uint32_t gone = seeded_below(&r, count);

			key = key_of(model[gone]);
			device_remove_peer(device, device_find_peer(device, &key));
			assert_int_equal(device_find_peer(device, &key), PEER_NONE);
			memmove(model + gone, model + gone + 1, (--count - gone) * sizeof(*model));
		}
		if (i % 64 == 0)
			assert_order(device, model, count);
	}
	assert_order(device, model, count);
	device_free(device);
}

static void a_slot_used_again_is_another_peers(void **state)
{
	struct device *device = device_of(1);
	struct public_key first = key_of(1), second = key_of(2);
	struct peer_id id;
	struct peer *peer;

	(void)state;
	id.slot = device_add_peer(device, &first);
	peer = device_peer(device, id.slot);
	id.generation = peer->generation;
	assert_ptr_equal(device_peer_by_id(device, id), peer);
	peer->psk.b[0] = 1;
	peer->sent_bytes = 5;
	device_remove_peer(device, id.slot);
	assert_null(device_peer_by_id(device, id));
	assert_true(bytes_zero_ct(&peer->psk, sizeof(peer->psk)));
	assert_true(bytes_zero_ct(&peer->cookie, sizeof(peer->cookie)));

	assert_int_equal(device_add_peer(device, &second), id.slot);
	assert_null(device_peer_by_id(device, id));
	assert_int_equal(peer->sent_bytes, 0);
	device_count_sent(device, id, 100);
	assert_int_equal(peer->sent_bytes, 0);
	id.generation = peer->generation;
	device_count_sent(device, id, 100);
	assert_int_equal(peer->sent_bytes, 100);
	device_free(device);
}

/* All that a removed peer had goes with it: sessions, handshake, indices, allowed IPs, deadlines. */
static void a_removed_peer_leaves_nothing(void **state)
{
	const struct ip_prefix prefix = {.addr = {.family = IP_V4, .b = {10, 0, 0, 2}}, .bits = 32};
	struct duo d;
	uint32_t session, handshake;
	struct index_entry entry;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	duo_initiation(&d);
	session = duo_current(d.a)->local_index;
	handshake = device_peer(d.a, 0)->handshake_index;
	assert_true(index_lookup(device_indices(d.a), session, &entry));
	assert_true(index_lookup(device_indices(d.a), handshake, &entry));
	device_remove_peer(d.a, 0);
	assert_false(index_lookup(device_indices(d.a), session, &entry));
	assert_false(index_lookup(device_indices(d.a), handshake, &entry));
	assert_int_equal(allowedips_find(device_allowed_ips(d.a), &prefix), ALLOWEDIPS_NONE);
	assert_int_equal(device_first_due(d.a), PEER_NONE);
	assert_true(bytes_zero_ct(device_sessions(d.a, 0), 3 * sizeof(struct session)));
	duo_fini(&d);
}

static void a_prefix_moves_to_its_new_owner(void **state)
{
	struct device *device = device_of(2);
	struct public_key keys[2] = {key_of(0), key_of(1)};
	struct ip_prefix prefix = {.addr = {.family = IP_V4, .b = {10}}, .bits = 8};
	struct ip_prefix host = {.addr = {.family = IP_V4, .b = {10, 1, 2, 3}}, .bits = 8};

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		device_add_peer(device, &keys[i]);
	assert_true(device_add_allowed_ip(device, 0, &prefix));
	assert_int_equal(device_peer(device, 0)->allowed_ips.count, 1);
	assert_true(device_add_allowed_ip(device, 1, &host));
	assert_int_equal(device_peer(device, 0)->allowed_ips.count, 0);
	assert_int_equal(device_peer(device, 1)->allowed_ips.count, 1);
	device_remove_allowed_ip(device, 0, &prefix); /* it is not peer 0's any more */
	assert_int_equal(allowedips_find(device_allowed_ips(device), &prefix), 1);
	device_remove_allowed_ip(device, 1, &prefix);
	assert_int_equal(allowedips_find(device_allowed_ips(device), &prefix), ALLOWEDIPS_NONE);

	for (uint8_t i = 0; i < 8; i++) {
		prefix.addr.b[0] = i;
		assert_true(device_add_allowed_ip(device, 0, &prefix));
	}
	prefix.addr.b[0] = 8;
	assert_false(device_add_allowed_ip(device, 0, &prefix));
	/* In a full table they still move. */
	prefix.addr.b[0] = 7;
	assert_true(device_add_allowed_ip(device, 1, &prefix));
	device_clear_allowed_ips(device, 0);
	assert_int_equal(allowedips_count(device_allowed_ips(device)), 1);
	device_free(device);
}

static void a_new_private_key_ends_what_came_of_the_old(void **state)
{
	const struct private_key other = duo_private_key(9);
	struct duo d;
	struct peer *peer;
	struct outbound_grant grant;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	duo_initiation(&d);
	peer = device_peer(d.a, 0);
	assert_int_equal(device_set_private_key(d.a, &other), PEER_NONE);
	assert_false(peer->has_handshake);
	assert_int_equal(peer->handshake_sent.ns, 0);
	assert_int_equal(peer->static_static_state, STATIC_STATIC_UNKNOWN);
	assert_true(bytes_zero_ct(&peer->static_static, sizeof(peer->static_static)));
	/* Sessions receive, but do not send. */
	assert_true(session_may_receive(duo_current(d.a), d.now.at));
	assert_int_equal(outbound_reserve(d.a, 0, 1, d.now.at, &grant), VERDICT_NO_KEY);
	/* The responder's, too, that waits for its first packet. */
	device_set_private_key(d.b, &other);
	peer = device_peer(d.b, 0);
	assert_false(device_sessions(d.b, 0)[peer->keyring.next].may_send);
	duo_fini(&d);
}

static void the_same_private_key_changes_nothing(void **state)
{
	const struct private_key none = {{0}};
	struct duo d;
	struct private_key same = duo_private_key(1);
	uint32_t epoch;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	epoch = d.a->identity_epoch;
	/* In what the clamp takes out and puts in a key may differ. */
	same.b[0] ^= 7;
	same.b[31] ^= 0xc0;
	device_set_private_key(d.a, &same);
	assert_int_equal(d.a->identity_epoch, epoch);
	assert_true(duo_current(d.a)->may_send);

	device_set_private_key(d.a, &none);
	assert_false(d.a->has_identity);
	assert_true(bytes_zero_ct(&d.a->identity, sizeof(d.a->identity)));
	assert_int_equal(d.a->identity_epoch, epoch + 1);
	device_set_private_key(d.a, &none);
	assert_int_equal(d.a->identity_epoch, epoch + 1);
	duo_fini(&d);
}

static void private_keys_are_clamped(void **state)
{
	struct device *device = device_of(1);
	struct private_key key;

	(void)state;
	memset(key.b, 0xff, sizeof(key.b));
	device_set_private_key(device, &key);
	assert_int_equal(device->identity.private_key.b[0], 0xf8);
	assert_int_equal(device->identity.private_key.b[31], 0x7f);
	device_free(device);
}

static void a_peer_with_our_own_key_is_removed(void **state)
{
	struct duo d;
	struct private_key key = duo_private_key(2);

	(void)state;
	duo_init(&d);
	assert_int_equal(device_set_private_key(d.a, &key), 0);
	assert_int_equal(d.a->peers_count, 0);
	duo_fini(&d);
}

static void going_down_forgets_keys_and_deadlines(void **state)
{
	struct duo d;
	struct peer *peer;

	(void)state;
	duo_init(&d);
	peer = device_peer(d.a, 0);
	device_set_persistent(d.a, 0, 25, d.now.at);
	duo_handshake(&d);
	device_set_up(d.a, true, d.now.at); /* as it is already */
	duo_current(d.a);
	device_set_up(d.a, false, d.now.at);
	assert_int_equal(peer->keyring.current, SESSION_NONE);
	assert_int_equal(peer->handshake_sent.ns, 0);
	assert_int_equal(device_first_due(d.a), PEER_NONE);
	/* No event arms anything now. */
	device_timer_event(d.a, 0, EVENT_DATA_SENT, d.now.at, 0);
	assert_int_equal(device_first_due(d.a), PEER_NONE);
	assert_int_equal(peer->timers.persistent_s, 25);

	duo_pass(&d, NS_PER_S);
	device_set_up(d.a, true, d.now.at);
	assert_int_equal(device_first_due(d.a), 0);
	assert_true(peer->wake.ns == d.now.at.ns);
	duo_fini(&d);
}

static void the_kernel_may_choose_sources_anew(void **state)
{
	struct duo d;
	struct endpoint *endpoint;

	(void)state;
	duo_init(&d);
	endpoint = &device_peer(d.a, 0)->endpoint;
	endpoint->local = (struct ip_addr){.family = IP_V4, .b = {192, 0, 2, 9}};
	endpoint->local_ifindex = 3;
	device_forget_sources(d.a);
	assert_int_equal(endpoint->local.family, IP_NONE);
	assert_int_equal(endpoint->local_ifindex, 0);
	assert_int_equal(endpoint->addr.family, IP_V4);
	duo_fini(&d);
}

static void ending_a_device_wipes_its_secrets(void **state)
{
	struct duo d;
	const struct private_key key = duo_private_key(1);

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	device_fini(d.a);
	assert_int_equal(d.a->peers_count, 0);
	assert_true(bytes_zero_ct(&d.a->identity, sizeof(d.a->identity)));
	assert_true(bytes_zero_ct(&d.a->table_key, sizeof(d.a->table_key)));
	assert_true(bytes_zero_ct(&d.a->checker.secret, sizeof(d.a->checker.secret)));
	/* As when the process is told to end twice. */
	device_fini(d.a);
	for (size_t i = 0; i + KEY_LEN <= device_size(&duo_limits); i++)
		assert_memory_not_equal((uint8_t *)d.a + i, key.b + 1, KEY_LEN - 2);
	duo_fini(&d);
}

static void a_verdict_has_a_name_and_a_counter(void **state)
{
	struct device *device = device_of(1);

	(void)state;
	for (unsigned v = 0; v < VERDICT_COUNT; v++) {
		assert_true(strlen(verdict_name((enum verdict)v)) > 0);
		for (unsigned other = 0; other < v; other++)
			assert_string_not_equal(
				verdict_name((enum verdict)v), verdict_name((enum verdict)other));
		assert_int_equal(device_count(device, (enum verdict)v), v);
		assert_int_equal(device->verdicts[v], 1);
	}
	device_free(device);
}

/* What an idle peer costs, its allowed IPs aside; a device lives in one block of donated memory. */
static void a_peer_costs_little_memory(void **state)
{
	const struct device_limits few = {1000, 1, 1}, more = {11000, 1, 1};

	(void)state;
	assert_true(sizeof(struct peer) < 1024);
	assert_true((device_size(&more) - device_size(&few)) / 10000 < 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_stay_in_the_order_they_came),
		cmocka_unit_test(peers_are_found_like_in_a_list),
		cmocka_unit_test(a_slot_used_again_is_another_peers),
		cmocka_unit_test(a_removed_peer_leaves_nothing),
		cmocka_unit_test(a_prefix_moves_to_its_new_owner),
		cmocka_unit_test(a_new_private_key_ends_what_came_of_the_old),
		cmocka_unit_test(the_same_private_key_changes_nothing),
		cmocka_unit_test(private_keys_are_clamped),
		cmocka_unit_test(a_peer_with_our_own_key_is_removed),
		cmocka_unit_test(going_down_forgets_keys_and_deadlines),
		cmocka_unit_test(the_kernel_may_choose_sources_anew),
		cmocka_unit_test(ending_a_device_wipes_its_secrets),
		cmocka_unit_test(a_verdict_has_a_name_and_a_counter),
		cmocka_unit_test(a_peer_costs_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

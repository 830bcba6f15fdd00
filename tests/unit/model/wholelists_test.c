/*
 * Whole lists instead of removals: in what the control protocol would say, and on random devices
 * and changes against a model of who owns each prefix.
 */
#include "unit.h"

#include <stdlib.h>
#include "uapi.h"
#include "wholelists.h"

/* The model: which of 4 peers owns each of 8 prefixes. */
enum { PEERS = 4, PREFIXES = 8, NOBODY = -1 };

struct model {
	int owner[PREFIXES];
};

static void add_ip(struct peer_settings *peer, int i, bool remove)
{
	struct allowed_ip *ip = settings_add_allowed_ip(peer);

	*ip = (struct allowed_ip){.prefix = {{IP_V4, {10, (uint8_t)i}}, 16}, .remove = remove};
}

static struct peer_settings *add_peer(struct device_settings *device, int id)
{
	struct peer_settings *peer = settings_add_peer(device);

	peer->public_key.b[0] = (uint8_t)id;
	return peer;
}

/* What a device that knows removals does with a change. */
static void apply(struct model *model, const struct device_settings *change)
{
	for (size_t p = 0; p < change->peers_count; p++) {
		const struct peer_settings *peer = &change->peers[p];
		int id = peer->public_key.b[0];

		for (int i = 0; i < PREFIXES; i++)
			if (model->owner[i] == id && (peer->remove || peer->replace_allowed_ips))
				model->owner[i] = NOBODY;
		for (size_t i = 0; i < peer->allowed_ips_count && !peer->remove; i++) {
			int *owner = &model->owner[peer->allowed_ips[i].prefix.addr.b[1]];

			if (!peer->allowed_ips[i].remove)
				*owner = id;
			else if (*owner == id)
				*owner = NOBODY;
		}
	}
}

static void random_change(struct device_settings *change)
{
	settings_init(change);
	for (int n = rand() % 5; n > 0; n--) {
		struct peer_settings *peer = add_peer(change, rand() % PEERS);

		peer->remove = rand() % 8 == 0;
		peer->replace_allowed_ips = rand() % 4 == 0;
		peer->has = PEER_HAS_KEEPALIVE;
		peer->keepalive = (uint16_t)n;
		/* No prefix twice, see the header. */
		for (int i = 0; i < PREFIXES; i++)
			if (rand() % 4 == 0)
				add_ip(peer, i, rand() % 2);
	}
}

static void random_device(struct device_settings *device, struct model *model)
{
	settings_init(device);
	for (int id = 0; id < PEERS; id++)
		add_peer(device, id);
	for (int i = 0; i < PREFIXES; i++) {
		model->owner[i] = rand() % (PEERS + 1) - 1;
		if (model->owner[i] != NOBODY)
			add_ip(&device->peers[model->owner[i]], i, false);
	}
}

static void does_what_removals_do(void **state)
{
	(void)state;
	srand(6);
	for (int round = 0; round < 20000; round++) {
		struct device_settings running, change, whole;
		struct model with_removals, with_lists;

		random_device(&running, &with_removals);
		with_lists = with_removals;
		random_change(&change);
		assert_int_equal(whole_lists_make(&running, &change, &whole), 0);
		assert_false(whole_lists_are_needed(&whole));
		assert_int_equal(whole.peers_count, change.peers_count);
		apply(&with_removals, &change);
		apply(&with_lists, &whole);
		assert_memory_equal(&with_removals, &with_lists, sizeof(with_lists));
		settings_fini(&running);
		settings_fini(&change);
		settings_fini(&whole);
	}
}

static void keeps_all_else(void **state)
{
	struct device_settings running, change, whole;
	struct textbuf text = {0};

	(void)state;
	settings_init(&running);
	for (int i = 0; i < 3; i++)
		add_ip(running.peers_count ? running.peers : add_peer(&running, 7), i, false);
	settings_init(&change);
	strcpy(change.name, "wg0");
	change.has = DEVICE_HAS_FWMARK;
	change.fwmark = 9;
	add_ip(add_peer(&change, 8), 5, false);
	add_ip(add_peer(&change, 7), 1, true);
	change.peers[1].has = PEER_HAS_KEEPALIVE;
	change.peers[1].keepalive = 25;
	change.peers[1].update_only = true;
	assert_true(whole_lists_are_needed(&change));
	assert_int_equal(whole_lists_make(&running, &change, &whole), 0);
	assert_string_equal(whole.name, "wg0");
	uapi_print_set(&text, &whole);
	assert_string_equal(text.text,
		"set=1\nfwmark=9\n"
		"public_key=0800000000000000000000000000000000000000000000000000000000000000\n"
		"protocol_version=1\nallowed_ip=10.5.0.0/16\n"
		"public_key=0700000000000000000000000000000000000000000000000000000000000000\n"
		"update_only=true\nprotocol_version=1\npersistent_keepalive_interval=25\n"
		"replace_allowed_ips=true\nallowed_ip=10.0.0.0/16\nallowed_ip=10.2.0.0/16\n\n");
	textbuf_fini(&text);
	settings_fini(&running);
	settings_fini(&change);
	settings_fini(&whole);
}

static void are_not_needed_without_removals(void **state)
{
	struct device_settings change;

	(void)state;
	settings_init(&change);
	assert_false(whole_lists_are_needed(&change));
	add_ip(add_peer(&change, 1), 1, false);
	assert_false(whole_lists_are_needed(&change));
	add_ip(add_peer(&change, 2), 1, true);
	assert_true(whole_lists_are_needed(&change));
	settings_fini(&change);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_what_removals_do),
		cmocka_unit_test(keeps_all_else),
		cmocka_unit_test(are_not_needed_without_removals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

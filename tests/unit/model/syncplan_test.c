/*
 * Least changes: in what the control protocol would say of them, and on random devices against a
 * model that applies changes.
 */
#include "unit.h"

#include <stdlib.h>
#include "confsettings.h"
#include "syncplan.h"
#include "uapi.h"

#define A     "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define B     "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define HEX_A "public_key=0101010101010101010101010101010101010101010101010101010101010101\n"
#define HEX_B "public_key=0202020202020202020202020202020202020202020202020202020202020202\n"
#define ZERO  "0000000000000000000000000000000000000000000000000000000000000000\n"
#define V1    "protocol_version=1\n"
#define R     "replace_allowed_ips=true\n"

static void read_conf(const char *text, struct conf_settings *settings)
{
	struct conf_document doc;
	struct conf_errors errors;

	assert_int_equal(conf_document_parse(&doc, span_of(text)), 0);
	assert_int_equal(conf_document_settings(&doc, CONF_WG, settings, &errors), 0);
	conf_errors_fini(&errors);
	conf_document_fini(&doc);
}

static void says_only_what_differs(void **state)
{
	static const struct {
		const char *running, *wanted;
		const char *change; /* "" for none */
	} cases[] = {
		{"", "", ""},
		{"[Interface]\nListenPort=5\n", "[Interface]\n", ""},
		{"[Interface]\nListenPort=5\n", "[Interface]\nListenPort=6\n", "listen_port=6\n"},
		{"[Interface]\nListenPort=5\nFwMark=1\n", "[Interface]\nListenPort=5\n",
			"fwmark=0\n"},
		{"[Interface]\nPrivateKey=" A "\n", "", "private_key=" ZERO},
		{"[Interface]\nPrivateKey=" A "\n", "[Interface]\nPrivateKey=" A "\n", ""},
		{"[Peer]\nPublicKey=" A "\n", "", HEX_A "remove=true\n"},
		{"", "[Peer]\nPublicKey=" A "\n", HEX_A V1 R},
		{"[Peer]\nPublicKey=" A "\nAllowedIPs=1.1.1.1,::/0\n",
			"[Peer]\nPublicKey=" A "\nAllowedIPs=::/0\nAllowedIPs=1.1.1.1,1.1.1.1/32\n",
			""},
		{"[Peer]\nPublicKey=" A "\nAllowedIPs=1.1.1.1,::/0\n",
			"[Peer]\nPublicKey=" A "\nAllowedIPs=::/0\n",
			HEX_A V1 R "allowed_ip=::/0\n"},
		{"[Peer]\nPublicKey=" A "\nAllowedIPs=1.1.1.1\n", "[Peer]\nPublicKey=" A "\n",
			HEX_A V1 R},
		{"[Peer]\nPublicKey=" A "\nPersistentKeepalive=5\nPresharedKey=" B "\n",
			"[Peer]\nPublicKey=" A "\n",
			HEX_A "preshared_key=" ZERO V1 "persistent_keepalive_interval=0\n"},
		{"[Peer]\nPublicKey=" A "\nEndpoint=1.1.1.1:1\n", "[Peer]\nPublicKey=" A "\n", ""},
		{"[Peer]\nPublicKey=" A "\nEndpoint=1.1.1.1:1\n",
			"[Peer]\nPublicKey=" A "\nEndpoint=1.1.1.1:1\n", ""},
		{"[Peer]\nPublicKey=" A "\nEndpoint=1.1.1.1:1\n",
			"[Peer]\nPublicKey=" A "\nEndpoint=1.1.1.1:2\n",
			HEX_A V1 "endpoint=1.1.1.1:2\n"},
		/* A prefix that two peers list is the later one's; both are as they should be. */
		{"[Peer]\nPublicKey=" A "\n[Peer]\nPublicKey=" B "\nAllowedIPs=1.1.1.1\n",
			"[Peer]\nPublicKey=" A "\nAllowedIPs=1.1.1.1\n"
			"[Peer]\nPublicKey=" B "\nAllowedIPs=1.1.1.1\n",
			""},
		{"[Peer]\nPublicKey=" A "\n[Peer]\nPublicKey=" B "\nAllowedIPs=1.1.1.1\n",
			"[Peer]\nPublicKey=" B "\nAllowedIPs=1.1.1.1\n"
			"[Peer]\nPublicKey=" A "\nAllowedIPs=1.1.1.1\n",
			HEX_A V1 R "allowed_ip=1.1.1.1/32\n" HEX_B V1 R},
		/* Of a key that comes twice, the later list. */
		{"[Peer]\nPublicKey=" A "\nAllowedIPs=2.2.2.2\n",
			"[Peer]\nPublicKey=" A "\nAllowedIPs=1.1.1.1\n"
			"[Peer]\nPublicKey=" A "\nAllowedIPs=2.2.2.2\n",
			""},
		{"[Peer]\nPublicKey=" A "\nPersistentKeepalive=5\n",
			"[Peer]\nPublicKey=" A "\nPersistentKeepalive=5\n[Peer]\nPublicKey=" A "\n",
			""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_settings running, wanted;
		struct device_settings change;
		struct textbuf out = {0}, expected = {0};

		read_conf(cases[i].running, &running);
		read_conf(cases[i].wanted, &wanted);
		assert_int_equal(syncplan_make(&running.device, &wanted.device, &change), 0);
		uapi_print_set(&out, &change);
		textbuf_addf(&expected, "set=1\n%s\n", cases[i].change);
		assert_string_equal(out.text, expected.text);
		textbuf_fini(&out);
		textbuf_fini(&expected);
		settings_fini(&change);
		conf_settings_fini(&running);
		conf_settings_fini(&wanted);
	}
}

/* The model: which of 8 peers there are, and which owns each of 16 prefixes. */
enum { PEERS = 8, PREFIXES = 16, NOBODY = -1 };

struct model {
	bool exists[PEERS];
	int owner[PREFIXES];
};

static void random_device(struct device_settings *device, struct model *model)
{
	settings_init(device);
	*model = (struct model){0};
	for (int i = 0; i < PREFIXES; i++)
		model->owner[i] = NOBODY;
	for (int n = rand() % (PEERS + 1); n > 0; n--) {
		struct peer_settings *peer = settings_add_peer(device);
		int id = rand() % PEERS;

		peer->public_key.b[0] = (uint8_t)id;
		model->exists[id] = true;
		for (int i = 0; i < PREFIXES; i++)
			if (model->owner[i] == id)
				model->owner[i] = NOBODY;
		for (int k = rand() % 5; k > 0; k--) {
			int i = rand() % PREFIXES;

			settings_add_allowed_ip(peer)->prefix =
				(struct ip_prefix){{IP_V4, {10, (uint8_t)i}}, 16};
			model->owner[i] = id;
		}
	}
}

/* What a daemon does with a change. */
static void apply(struct model *model, const struct device_settings *change)
{
	for (size_t p = 0; p < change->peers_count; p++) {
		const struct peer_settings *peer = &change->peers[p];
		int id = peer->public_key.b[0];

		model->exists[id] = !peer->remove;
		for (int i = 0; i < PREFIXES; i++)
			if (model->owner[i] == id && (peer->remove || peer->replace_allowed_ips))
				model->owner[i] = NOBODY;
		for (size_t i = 0; i < peer->allowed_ips_count; i++)
			model->owner[peer->allowed_ips[i].prefix.addr.b[1]] = id;
	}
}

/* A device as a daemon tells it: each peer once, each prefix at its owner. */
static void device_of(const struct model *model, struct device_settings *device)
{
	settings_init(device);
	for (int id = 0; id < PEERS; id++) {
		struct peer_settings *peer;

		if (!model->exists[id])
			continue;
		peer = settings_add_peer(device);
		peer->public_key.b[0] = (uint8_t)id;
		for (int i = 0; i < PREFIXES; i++)
			if (model->owner[i] == id)
				settings_add_allowed_ip(peer)->prefix =
					(struct ip_prefix){{IP_V4, {10, (uint8_t)i}}, 16};
	}
}

static void brings_any_device_to_any_other(void **state)
{
	(void)state;
	srand(4);
	for (int round = 0; round < 5000; round++) {
		struct device_settings file, running, change, again;
		struct model model, wanted;

		random_device(&file, &model);
		settings_fini(&file);
		device_of(&model, &running);
		random_device(&file, &wanted);
		assert_int_equal(syncplan_make(&running, &file, &change), 0);
		apply(&model, &change);
		assert_memory_equal(&model, &wanted, sizeof(model));
		/* And once it is there, nothing is left to do. */
		settings_fini(&running);
		device_of(&model, &running);
		assert_int_equal(syncplan_make(&running, &file, &again), 0);
		assert_int_equal(again.peers_count, 0);
		settings_fini(&again);
		settings_fini(&change);
		settings_fini(&running);
		settings_fini(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_only_what_differs),
		cmocka_unit_test(brings_any_device_to_any_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The control protocol: requests and replies, good and bad, one line a case. */
#include "unit.h"

#include <errno.h>
#include "uapi_whole.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY_A        "0101010101010101010101010101010101010101010101010101010101010101"
#define KEY_B        "ABcd01010101010101010101010101010101010101010101010101010101abcd"
#define ZERO         "0000000000000000000000000000000000000000000000000000000000000000"

static void refuses_bad_sets_whole(void **state)
{
	static const struct {
		const char *lines;
		int status;
		size_t line;
	} cases[] = {
		{"set=1\n\n", 0, 0},
		{"", -EPROTO, 1},
		{"\n", -EPROTO, 1},
		{"set=1\n", -EPROTO, 2},
		{"set=2\n\n", -EPROTO, 1},
		{"get=1\n\n", -EPROTO, 1},
		{"set=1\n\nx", -EPROTO, 2},
		{"set=1\nfwmark\n\n", -EPROTO, 2},
		{"set=1\nlisten_port=1", -EPROTO, 2},
		{"set=1\nlisten_port=65535\n\n", 0, 0},
		{"set=1\nlisten_port=65536\n\n", -EINVAL, 2},
		{"set=1\nlisten_port=\n\n", -EINVAL, 2},
		{"set=1\nlisten_port=domain\n\n", -EINVAL, 2},
		{"set=1\nlisten_port=1\r\n\n", -EINVAL, 2},
		{"set=1\nfwmark=4294967295\n\n", 0, 0},
		{"set=1\nfwmark=4294967296\n\n", -EINVAL, 2},
		{"set=1\nfwmark=off\n\n", -EINVAL, 2},
		{"set=1\nreplace_peers=true\n\n", 0, 0},
		{"set=1\nreplace_peers=false\n\n", -EINVAL, 2},
		{"set=1\nprivate_key=" KEY_A "\n\n", 0, 0},
		{"set=1\nprivate_key=" KEY_A "0\n\n", -EINVAL, 2},
		{"set=1\nprivate_key=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\n", -EINVAL, 2},
		{"set=1\npublic_key=" KEY_B "\n\n", 0, 0},
		{"set=1\npublic_key=\n\n", -EINVAL, 2},
		{"set=1\nfoo=1\n\n", -EINVAL, 2},
		{"set=1\n=1\n\n", -EINVAL, 2},
		{"set=1\nset=1\n\n", -EINVAL, 2},
		{"set=1\nerrno=0\n\n", -EINVAL, 2},
		{"set=1\nendpoint=1.2.3.4:5\n\n", -EINVAL, 2},
		{"set=1\npublic_key=" KEY_A "\nlisten_port=1\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nrx_bytes=1\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nprotocol_version=1\n\n", 0, 0},
		{"set=1\npublic_key=" KEY_A "\nprotocol_version=2\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nendpoint=1.2.3.4:5\n\n", 0, 0},
		{"set=1\npublic_key=" KEY_A "\nendpoint=example.org:5\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nendpoint=\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nallowed_ip=10.0.0.1\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nallowed_ip=-10.0.0.1/32\n\n", 0, 0},
		{"set=1\npublic_key=" KEY_A "\nallowed_ip=+10.0.0.1/32\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nallowed_ip=-\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nallowed_ip=::/129\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\npersistent_keepalive_interval=65536\n\n", -EINVAL,
			3},
		{"set=1\npublic_key=" KEY_A "\npersistent_keepalive_interval=off\n\n", -EINVAL, 3},
		{"set=1\npublic_key=" KEY_A "\nremove=1\n\n", -EINVAL, 3},
	};

	(void)state;
	/* At once, and a line at a time. */
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		size_t n = i / 2, line = 0;
		struct device_settings device;

		assert_int_equal(uapi_whole_set(span_of(cases[n].lines), i % 2 ? 1 : SIZE_MAX,
					 &device, &line),
			cases[n].status);
		assert_int_equal(line, cases[n].line);
		settings_fini(&device);
	}
}

static const char full_set[] =
	"set=1\n"
	"private_key=" KEY_A "\nlisten_port=0\nfwmark=51820\nreplace_peers=true\n"
	"public_key=" KEY_A "\npreshared_key=" ZERO "\nprotocol_version=1\nendpoint=[::1]:51820\n"
	"persistent_keepalive_interval=0\nreplace_allowed_ips=true\n"
	"allowed_ip=10.0.0.0/8\nallowed_ip=-fd00::/8\n"
	"public_key=" ZERO "\nremove=true\n"
	"public_key=" KEY_A "\nupdate_only=true\nprotocol_version=1\nallowed_ip=0.0.0.0/0\n"
	"\n";

static void prints_what_it_parsed(void **state)
{
	struct device_settings device;
	struct textbuf out = {0};
	size_t bad_line;

	(void)state;
	assert_int_equal(uapi_whole_set(span_of(full_set), 1, &device, &bad_line), 0);
	assert_int_equal(device.peers_count, 3);
	assert_int_equal(
		device.has, DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_LISTEN_PORT | DEVICE_HAS_FWMARK);
	assert_true(device.replace_peers);
	assert_int_equal(device.peers[0].has,
		PEER_HAS_PRESHARED_KEY | PEER_HAS_ENDPOINT | PEER_HAS_KEEPALIVE);
	assert_true(device.peers[0].allowed_ips[1].remove);
	assert_false(device.peers[0].update_only);
	assert_true(device.peers[1].remove);
	assert_true(device.peers[2].update_only);
	uapi_print_set(&out, &device);
	assert_string_equal(out.text, full_set);
	settings_fini(&device);
	textbuf_fini(&out);
}

static const char full_reply[] =
	"private_key=" KEY_A "\nlisten_port=51820\nfwmark=1\n"
	"public_key=" KEY_A "\npreshared_key=" ZERO "\nprotocol_version=1\nendpoint=1.2.3.4:5\n"
	"last_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\n"
	"tx_bytes=18446744073709551615\nrx_bytes=7\npersistent_keepalive_interval=25\n"
	"allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/8\n"
	"public_key=" ZERO "\nprotocol_version=1\n"
	"errno=0\n\n";

static void answers_and_reads_a_get(void **state)
{
	struct device_settings device;
	struct textbuf out = {0};

	(void)state;
	assert_int_equal(uapi_parse_get(span_of(full_reply), &device), 0);
	assert_int_equal(device.peers_count, 2);
	assert_true(device.peers[0].tx_bytes == UINT64_MAX);
	assert_int_equal(device.peers[0].last_handshake.nsec, 5);
	uapi_print_device(&out, &device);
	for (size_t i = 0; i < device.peers_count; i++)
		uapi_print_peer(&out, &device.peers[i]);
	uapi_print_errno(&out, 0);
	assert_string_equal(out.text, full_reply);
	settings_fini(&device);
	textbuf_fini(&out);
}

static void leaves_zeros_out_of_a_reply(void **state)
{
	struct device_settings device = {
		.has = DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_LISTEN_PORT | DEVICE_HAS_FWMARK};
	struct textbuf out = {0};

	(void)state;
	uapi_print_device(&out, &device);
	assert_int_equal(out.len, 0);
	device.fwmark = 0x100;
	uapi_print_device(&out, &device);
	assert_string_equal(out.text, "fwmark=256\n");
	textbuf_fini(&out);
}

static void reads_any_reply(void **state)
{
	static const struct {
		const char *text;
		int get, set;
	} cases[] = {
		{"errno=0\n\n", 0, 0},
		{"errno=-22\n\n", -22, -22},
		{"errno=98\n\n", -98, -98},
		{"errno=4095\n\n", -4095, -4095},
		{"errno=4096\n\n", -EPROTO, -EPROTO},
		{"errno=\n\n", -EPROTO, -EPROTO},
		{"errno=--1\n\n", -EPROTO, -EPROTO},
		{"errno=0\n", -EPROTO, -EPROTO},
		{"errno=0", -EPROTO, -EPROTO},
		{"", -EPROTO, -EPROTO},
		{"\n", -EPROTO, -EPROTO},
		{"own_public_key=zzz\nerrno=0\n\n", 0, 0},
		{"nonsense\nerrno=0\n\n", -EPROTO, -EPROTO},
		{"listen_port=x\nerrno=0\n\n", -EPROTO, 0},
		{"remove=true\nerrno=0\n\n", 0, 0},
		{"rx_bytes=1\nerrno=0\n\n", 0, 0},
		{"public_key=" KEY_A "\nendpoint=[fe80::1%gone-link]:1\nrx_bytes=1\nerrno=0\n\n", 0,
			0},
		{"public_key=" KEY_A "\nrx_bytes=-1\nerrno=0\n\n", -EPROTO, 0},
		{"public_key=" KEY_A "\nlast_handshake_time_sec=9223372036854775808\nerrno=0\n\n",
			-EPROTO, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct device_settings device;

		assert_int_equal(uapi_parse_get(span_of(cases[i].text), &device), cases[i].get);
		settings_fini(&device);
		assert_int_equal(uapi_parse_set_reply(span_of(cases[i].text)), cases[i].set);
	}
}

static void finds_the_end_of_a_message(void **state)
{
	const size_t len = sizeof(full_set) - 1;

	(void)state;
	for (size_t have = 0; have <= len; have++)
		for (size_t seen = 0; seen <= have && seen < len; seen++)
			assert_int_equal(uapi_find_end((struct span){full_set, have}, seen),
				have == len ? len : 0);
	assert_int_equal(uapi_find_end(span_of("\nget=1"), 0), 1);
	assert_int_equal(uapi_find_end(span_of("get=1\n\nget=1\n\n"), 0), 7);
}

static void knows_the_operations(void **state)
{
	(void)state;
	assert_int_equal(uapi_request_operation(span_of("get=1\n\n")), UAPI_GET);
	assert_int_equal(uapi_request_operation(span_of("set=1\n\n")), UAPI_SET);
	assert_int_equal(uapi_request_operation(span_of("get=1\nfoo=1\n\n")), UAPI_UNKNOWN);
	assert_int_equal(uapi_request_operation(span_of("get=2\n\n")), UAPI_UNKNOWN);
	assert_int_equal(uapi_request_operation(span_of("set=12\n\n")), UAPI_UNKNOWN);
	assert_int_equal(uapi_request_operation(span_of("\n")), UAPI_UNKNOWN);
	assert_int_equal(uapi_request_operation(span_of("")), UAPI_UNKNOWN);
}

static void takes_many_peers(void **state)
{
	enum { PEERS = 10000, IPS = 8 };
	struct device_settings device = {.replace_peers = true};
	struct device_settings back;
	struct textbuf out = {0};
	size_t bad_line;

	(void)state;
	for (unsigned i = 0; i < PEERS; i++) {
		struct peer_settings *peer = settings_add_peer(&device);

		memcpy(peer->public_key.b, &i, sizeof(i));
		for (unsigned j = 0; j < IPS; j++) {
			struct allowed_ip *ip = settings_add_allowed_ip(peer);

			ip->prefix = (struct ip_prefix){{IP_V6, {0xfd, (uint8_t)j}}, 128};
			memcpy(ip->prefix.addr.b + 8, &i, sizeof(i));
		}
	}
	uapi_print_set(&out, &device);
	assert_int_equal(
		uapi_whole_set((struct span){out.text, out.len}, SIZE_MAX, &back, &bad_line), 0);
	assert_int_equal(back.peers_count, PEERS);
	for (unsigned i = 0; i < PEERS; i++) {
		assert_memory_equal(
			&back.peers[i].public_key, &device.peers[i].public_key, KEY_LEN);
		assert_int_equal(back.peers[i].allowed_ips_count, IPS);
		assert_memory_equal(&back.peers[i].allowed_ips[IPS - 1].prefix,
			&device.peers[i].allowed_ips[IPS - 1].prefix, sizeof(struct ip_prefix));
	}
	settings_fini(&device);
	settings_fini(&back);
	textbuf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_sets_whole),
		cmocka_unit_test(prints_what_it_parsed),
		cmocka_unit_test(answers_and_reads_a_get),
		cmocka_unit_test(leaves_zeros_out_of_a_reply),
		cmocka_unit_test(reads_any_reply),
		cmocka_unit_test(finds_the_end_of_a_message),
		cmocka_unit_test(knows_the_operations),
		cmocka_unit_test(takes_many_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

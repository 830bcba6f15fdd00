/*
 * The kernel's messages: changes cut into messages of any size say the whole, and dumps put
 * together give it back. The kernel names most attributes alike both ways, so a change can be
 * decoded as a dump.
 */
#include "unit.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>
#include <string.h>
#include "attrwalk.h"
#include "wgnl.h"

enum { FAMILY = 0x1d, ROOM = 40000 };

static union {
	struct nlmsghdr header;
	char bytes[ROOM];
} buffer;

static void add_ips(struct peer_settings *peer, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(peer);

		ip->prefix.addr.family = i % 3 ? IP_V4 : IP_V6;
		ip->prefix.bits = (uint8_t)(i % 33);
		memcpy(ip->prefix.addr.b, &i, sizeof(i));
	}
}

/* Peers with 0, 1, 2, ... times `step` allowed IPs and changing other attributes. */
static void fill_device(struct device_settings *device, unsigned peers, unsigned step)
{
	settings_init(device);
	strcpy(device->name, "wg0");
	device->has = DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_LISTEN_PORT | DEVICE_HAS_FWMARK;
	memset(device->private_key.b, 7, KEY_LEN);
	device->listen_port = 51820;
	device->fwmark = 0xca6c;
	device->replace_peers = true;
	for (unsigned i = 0; i < peers; i++) {
		struct peer_settings *peer = settings_add_peer(device);

		peer->public_key.b[0] = (uint8_t)i;
		peer->public_key.b[1] = (uint8_t)(i >> 8);
		peer->replace_allowed_ips = true;
		peer->has = i % 8;
		peer->keepalive = peer->has & PEER_HAS_KEEPALIVE ? (uint16_t)i : 0;
		if (peer->has & PEER_HAS_PRESHARED_KEY)
			peer->preshared_key.b[31] = (uint8_t)i;
		if (peer->has & PEER_HAS_ENDPOINT) {
			peer->endpoint.addr.family = i & 8 ? IP_V6 : IP_V4;
			peer->endpoint.addr.b[0] = (uint8_t)(i + 1);
			peer->endpoint.port = (uint16_t)(i + 1);
			peer->endpoint.scope_id = i & 8 ? i : 0;
		}
		add_ips(peer, i * step);
	}
}

static void assert_same(const struct device_settings *a, const struct device_settings *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->has, b->has);
	assert_memory_equal(&a->private_key, &b->private_key, KEY_LEN);
	assert_int_equal(a->listen_port, b->listen_port);
	assert_int_equal(a->fwmark, b->fwmark);
	assert_int_equal(a->peers_count, b->peers_count);
	for (size_t i = 0; i < a->peers_count; i++) {
		const struct peer_settings *p = &a->peers[i], *q = &b->peers[i];

		assert_memory_equal(&p->public_key, &q->public_key, KEY_LEN);
		assert_int_equal(p->has, q->has);
		assert_memory_equal(&p->preshared_key, &q->preshared_key, KEY_LEN);
		assert_int_equal(p->keepalive, q->keepalive);
		assert_true(endpoint_same_remote(&p->endpoint, &q->endpoint));
		assert_int_equal(p->allowed_ips_count, q->allowed_ips_count);
		for (size_t j = 0; j < p->allowed_ips_count; j++)
			assert_memory_equal(&p->allowed_ips[j].prefix, &q->allowed_ips[j].prefix,
				sizeof(struct ip_prefix));
	}
}

static const struct nlattr *find(struct attr_walk walk, uint16_t type)
{
	const struct nlattr *attr;

	while ((attr = attr_walk_next(&walk)) && mnl_attr_get_type(attr) != type)
		;
	return attr;
}

/* How many peers of the message have this flag. */
static unsigned count_flag(const struct nlmsghdr *message, uint32_t flag)
{
	const struct nlattr *peers = find(attr_walk_message(message, sizeof(struct genlmsghdr)),
				    WGDEVICE_A_PEERS),
			    *peer;
	struct attr_walk walk = attr_walk_nested(peers);
	unsigned count = 0;

	while ((peer = attr_walk_next(&walk))) {
		const struct nlattr *flags = find(attr_walk_nested(peer), WGPEER_A_FLAGS);

		count += flags && mnl_attr_get_u32(flags) & flag;
	}
	return count;
}

static void cuts_changes_of_any_size(void **state)
{
	static const size_t rooms[] = {WGNL_ROOM_MIN, 513, 600, 777, 1024, 4096, 32768};

	(void)state;
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++) {
		struct device_settings device, back;
		struct wgnl_progress progress = {0};
		unsigned replaced = 0, messages = 0;

		fill_device(&device, 40, 5);
		settings_init(&back);
		while (!progress.is_done) {
			struct nlmsghdr *message =
				wgnl_encode_set(buffer.bytes, rooms[r], FAMILY, &device, &progress);
			struct attr_walk walk =
				attr_walk_message(message, sizeof(struct genlmsghdr));

			assert_true(message->nlmsg_len <= rooms[r]);
			assert_int_equal(message->nlmsg_type, FAMILY);
			assert_int_equal(find(walk, WGDEVICE_A_FLAGS) != NULL, !messages++);
			replaced += count_flag(message, WGPEER_F_REPLACE_ALLOWEDIPS);
			assert_int_equal(wgnl_decode_get(message, &back), 0);
		}
		/* Once a peer, however many messages it takes. */
		assert_int_equal(replaced, 40);
		assert_same(&device, &back);
		settings_fini(&device);
		settings_fini(&back);
	}
}

static void says_removals_shortly(void **state)
{
	struct device_settings device;
	struct wgnl_progress progress = {0};
	struct nlmsghdr *message;
	const struct nlattr *peer;

	(void)state;
	fill_device(&device, 8, 1);
	device.peers[7].remove = true;
	device.peers[7].replace_allowed_ips = false;
	device.peers[6].update_only = true;
	device.peers[6].allowed_ips[0].remove = true;
	message = wgnl_encode_set(buffer.bytes, ROOM, FAMILY, &device, &progress);
	assert_true(progress.is_done);
	assert_int_equal(count_flag(message, WGPEER_F_REMOVE_ME), 1);
	assert_int_equal(count_flag(message, WGPEER_F_UPDATE_ONLY), 1);
	peer = find(attr_walk_message(message, sizeof(struct genlmsghdr)), WGDEVICE_A_PEERS);
	struct attr_walk walk = attr_walk_nested(peer);
	for (int i = 0; i < 8; i++)
		peer = attr_walk_next(&walk);
	assert_null(find(attr_walk_nested(peer), WGPEER_A_ALLOWEDIPS));
	assert_null(find(attr_walk_nested(peer), WGPEER_A_ENDPOINT));
	settings_fini(&device);
}

static void reads_statistics_and_what_is_new(void **state)
{
	struct device_settings device;
	struct nlmsghdr *message = wgnl_encode_get(buffer.bytes, ROOM, FAMILY, "wg0");
	struct nlattr *peers, *peer;
	const int64_t time[2] = {1700000000, 5};
	const uint8_t key[KEY_LEN] = {1};

	(void)state;
	mnl_attr_put(message, WGDEVICE_A_PUBLIC_KEY, KEY_LEN, key);
	mnl_attr_put_u32(message, 77, 1);
	peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	peer = mnl_attr_nest_start(message, 0);
	mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, KEY_LEN, key);
	mnl_attr_put(message, WGPEER_A_LAST_HANDSHAKE_TIME, sizeof(time), time);
	mnl_attr_put_u64(message, WGPEER_A_RX_BYTES, 1);
	mnl_attr_put_u64(message, WGPEER_A_TX_BYTES, UINT64_MAX);
	mnl_attr_put_u32(message, WGPEER_A_PROTOCOL_VERSION, 1);
	mnl_attr_put_u32(message, 99, 1);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, peers);
	settings_init(&device);
	assert_int_equal(wgnl_decode_get(message, &device), 0);
	assert_string_equal(device.name, "wg0");
	assert_int_equal(device.has, DEVICE_HAS_PUBLIC_KEY);
	assert_int_equal(device.peers_count, 1);
	assert_int_equal(device.peers[0].last_handshake.sec, time[0]);
	assert_int_equal(device.peers[0].last_handshake.nsec, 5);
	assert_int_equal(device.peers[0].rx_bytes, 1);
	assert_true(device.peers[0].tx_bytes == UINT64_MAX);
	settings_fini(&device);
}

static void survives_every_damage(void **state)
{
	struct device_settings device, back;
	struct wgnl_progress progress = {0};
	char *copy;
	uint32_t len;

	(void)state;
	fill_device(&device, 12, 2);
	len = wgnl_encode_set(buffer.bytes, ROOM, FAMILY, &device, &progress)->nlmsg_len;
	settings_fini(&device);
	copy = malloc(len);
	/* Cut short, and with every byte changed: an error or not, but no harm (see ASan). */
	for (uint32_t cut = 0; cut < 2 * len; cut++) {
		struct nlmsghdr *message = (void *)copy;

		memcpy(copy, buffer.bytes, len);
		if (cut < len)
			message->nlmsg_len = cut < sizeof(*message) ? sizeof(*message) : cut;
		else if (cut - len >= sizeof(*message))
			copy[cut - len] = (char)~copy[cut - len];
		settings_init(&back);
		assert_in_range((unsigned)-wgnl_decode_get(message, &back), 0, EPROTO);
		settings_fini(&back);
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_changes_of_any_size),
		cmocka_unit_test(says_removals_shortly),
		cmocka_unit_test(reads_statistics_and_what_is_new),
		cmocka_unit_test(survives_every_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

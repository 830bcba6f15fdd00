/* Building it up. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include "keytext.h"
#include "sick.h"
#include "values.h"

struct ip_addr sick_addr(const char *text)
{
	struct ip_addr addr;

	assert_int_equal(value_parse_address(span_of(text), &addr), VALUE_OK);
	return addr;
}

/* With its host bits. */
struct ip_prefix sick_prefix(const char *text)
{
	const char *slash = strchr(text, '/');
	struct ip_prefix prefix = {.bits = (uint8_t)atoi(slash + 1)};

	assert_int_equal(
		value_parse_address((struct span){text, (size_t)(slash - text)}, &prefix.addr),
		VALUE_OK);
	return prefix;
}

static void *append(void *list, size_t *count, const void *item, size_t size)
{
	char *moved = reallocarray(list, *count + 1, size);

	assert_non_null(moved);
	memcpy(moved + *count * size, item, size);
	++*count;
	return moved;
}

void sick_add_link(struct evidence *evidence, uint32_t index, const char *name)
{
	struct iflink link = {.index = index, .mtu = 1500, .is_up = true};

	snprintf(link.name, sizeof(link.name), "%s", name);
	evidence->system.links =
		append(evidence->system.links, &evidence->system.links_count, &link, sizeof(link));
}

void sick_add_address(struct evidence *evidence, uint32_t ifindex, const char *prefix)
{
	struct link_addr addr = {.ifindex = ifindex, .prefix = sick_prefix(prefix)};

	evidence->system.addrs =
		append(evidence->system.addrs, &evidence->system.addrs_count, &addr, sizeof(addr));
}

struct iflink *sick_link(struct evidence *evidence, uint32_t index)
{
	for (size_t i = 0; i < evidence->system.links_count; i++)
		if (evidence->system.links[i].index == index)
			return &evidence->system.links[i];
	fail();
	abort();
}

struct peer_settings *sick_peer(struct evidence *evidence)
{
	return &evidence->system.device.peers[0];
}

void sick_allow(struct peer_settings *peer, const char *prefix)
{
	struct allowed_ip *ip = settings_add_allowed_ip(peer);

	assert_non_null(ip);
	*ip = (struct allowed_ip){.prefix = sick_prefix(prefix)};
}

static void take_key(const char *text, struct public_key *key)
{
	assert_true(key_parse_base64(span_of(text), key->b));
}

struct peer_settings *sick_add_peer(struct evidence *evidence, const char *allowed_ip)
{
	struct peer_settings *peer = settings_add_peer(&evidence->system.device);
	struct peer_evidence none = {.uplink_rp_filter = -1};
	size_t count = evidence->system.device.peers_count - 1;

	assert_non_null(peer);
	take_key(SICK_OTHER_KEY, &peer->public_key);
	sick_allow(peer, allowed_ip);
	evidence->peers = append(evidence->peers, &count, &none, sizeof(none));
	return peer;
}

void sick_drop_peer(struct evidence *evidence)
{
	struct device_settings *device = &evidence->system.device;

	free(device->peers[--device->peers_count].allowed_ips);
}

void sick_file(struct evidence *evidence, const char *text)
{
	struct file_evidence *file = &evidence->file;

	conf_document_fini(&file->document);
	conf_settings_fini(&file->settings);
	conf_errors_fini(&file->errors);
	options_fini(&file->options);
	conf_errors_init(&file->errors);
	options_init(&file->options);
	assert_int_equal(conf_document_parse(&file->document, span_of(text)), 0);
	file->has_errors = conf_document_settings(&file->document, CONF_QUICK, &file->settings,
				   &file->errors) != 0;
	file->has_errors |= options_read(&file->options, &file->document, &file->errors) != 0;
}

void sick_log(struct evidence *evidence, const char *lines)
{
	textbuf_clear(&evidence->log_text);
	textbuf_addf(&evidence->log_text,
		"events_version=1\nscope=full\nsince_ms_ago=900000\n%serrno=0\n\n", lines);
	incident_log_fini(&evidence->log);
	assert_int_equal(
		incidents_parse((struct span){evidence->log_text.text, evidence->log_text.len},
			&evidence->log),
		0);
	evidence->has_log = true;
}

static void add_system(struct evidence *evidence)
{
	struct iproute route = {.dst = {.addr = {.family = IP_V4}},
		.table = IPROUTE_TABLE_MAIN,
		.ifindex = SICK_ETH0,
		.is_unicast = true};

	sick_add_link(evidence, 1, "lo");
	sick_add_link(evidence, SICK_ETH0, "eth0");
	sick_add_link(evidence, SICK_WG0, "wg0");
	sick_link(evidence, SICK_WG0)->mtu = 1420;
	snprintf(sick_link(evidence, SICK_WG0)->kind, IFLINK_KIND_MAX, "tun");
	sick_add_address(evidence, 1, "127.0.0.1/8");
	sick_add_address(evidence, SICK_ETH0, "192.0.2.10/24");
	sick_add_address(evidence, SICK_WG0, "10.0.0.2/24");
	evidence->system.routes = append(
		evidence->system.routes, &evidence->system.routes_count, &route, sizeof(route));
}

static void add_device(struct evidence *evidence)
{
	struct device_settings *device = &evidence->system.device;
	struct peer_settings *peer = sick_add_peer(evidence, "10.0.0.1/32");

	evidence->system.has_device = true;
	evidence->backend = BACKEND_DAEMON;
	device->has = DEVICE_HAS_PRIVATE_KEY | DEVICE_HAS_LISTEN_PORT | DEVICE_HAS_PUBLIC_KEY;
	device->private_key.b[0] = 1;
	device->listen_port = 40000;
	take_key(SICK_OWN_KEY, &evidence->public_key);
	evidence->has_public_key = true;
	take_key(SICK_PEER_KEY, &peer->public_key);
	peer->has = PEER_HAS_ENDPOINT;
	peer->endpoint = (struct endpoint){.addr = sick_addr("203.0.113.1"), .port = 51820};
	peer->keepalive = 25;
	peer->last_handshake.sec = SICK_NOW - 10;
	peer->rx_bytes = peer->tx_bytes = 1000;
}

void sick_init(struct evidence *evidence)
{
	struct way out = {.is_asked = true, .ifindex = SICK_ETH0, .mtu = 1500};

	evidence_init(evidence, "wg0");
	evidence->now = SICK_NOW;
	add_system(evidence);
	add_device(evidence);
	out.to = sick_addr("203.0.113.1");
	evidence->peers[0].endpoint = evidence->peers[0].unmarked = out;
	evidence->peers[0].knock =
		(struct knock){.is_done = true, .source = sick_addr("192.0.2.10")};
	evidence->ways = calloc(4, sizeof(*evidence->ways));
	assert_non_null(evidence->ways);
	evidence->ways[0].way = (struct way){
		.is_asked = true, .to = sick_addr("10.0.0.1"), .ifindex = SICK_WG0, .mtu = 1420};
	evidence->ways_count = 1;
	evidence->knows_port = evidence->port_is_bound = true;
	evidence->forwarding[0] = evidence->forwarding[1] = 0;
	evidence->wall.is_seen = true;
	snprintf(evidence->file.path, sizeof(evidence->file.path), "/etc/wireguard/wg0.conf");
	evidence->file.is_there = true;
	evidence->file.mode = 0600;
	evidence->file.parent_mode = 0700;
	evidence->file.changed_at = SICK_NOW - 1000;
	evidence->file.has_public_key = true;
	take_key(SICK_OWN_KEY, &evidence->file.public_key);
	sick_file(evidence, SICK_INTERFACE SICK_PEER);
	sick_log(evidence, "");
}

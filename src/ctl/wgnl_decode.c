/* What the kernel's WireGuard answers, put together from its messages. */
#include "wgnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>
#include "attrwalk.h"

static bool is_whole_message(const struct nlmsghdr *message)
{
	return mnl_nlmsg_get_payload_len(message) >= sizeof(struct genlmsghdr);
}

/* Copies the attribute's bytes when there are exactly len of them. */
static bool take_bytes(const struct nlattr *attr, void *to, size_t len)
{
	if (mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(to, mnl_attr_get_payload(attr), len);
	return true;
}

static bool take_name(const struct nlattr *attr, char name[IFNAME_LEN_MAX + 1])
{
	size_t len = mnl_attr_get_payload_len(attr);
	const char *text = mnl_attr_get_payload(attr);

	if (!len || len > IFNAME_LEN_MAX + 1 || text[len - 1] != '\0')
		return false;
	memcpy(name, text, len);
	return true;
}

static bool take_endpoint(const struct nlattr *attr, struct endpoint *endpoint)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*endpoint = (struct endpoint){0};
	if (take_bytes(attr, &in, sizeof(in)) && in.sin_family == AF_INET) {
		endpoint->addr.family = IP_V4;
		memcpy(endpoint->addr.b, &in.sin_addr, sizeof(in.sin_addr));
		endpoint->port = ntohs(in.sin_port);
		return true;
	}
	if (take_bytes(attr, &in6, sizeof(in6)) && in6.sin6_family == AF_INET6) {
		endpoint->addr.family = IP_V6;
		memcpy(endpoint->addr.b, &in6.sin6_addr, sizeof(in6.sin6_addr));
		endpoint->port = ntohs(in6.sin6_port);
		endpoint->scope_id = in6.sin6_scope_id;
		return true;
	}
	return false;
}

static bool take_time(const struct nlattr *attr, struct peer_settings *peer)
{
	struct __kernel_timespec time;

	if (!take_bytes(attr, &time, sizeof(time)))
		return false;
	peer->last_handshake.sec = time.tv_sec;
	peer->last_handshake.nsec = time.tv_nsec;
	return true;
}

static int take_allowed_ip(const struct nlattr *nest, struct peer_settings *peer)
{
	struct allowed_ip *ip = settings_add_allowed_ip(peer);
	struct attr_walk walk = attr_walk_nested(nest);
	const struct nlattr *attr, *address = NULL;
	uint16_t family = 0;

	if (!ip)
		return -ENOMEM;
	while ((attr = attr_walk_next(&walk))) {
		uint16_t type = mnl_attr_get_type(attr);
		bool is_right = true;

		if (type == WGALLOWEDIP_A_FAMILY)
			is_right = take_bytes(attr, &family, sizeof(family));
		else if (type == WGALLOWEDIP_A_CIDR_MASK)
			is_right = take_bytes(attr, &ip->prefix.bits, sizeof(ip->prefix.bits));
		else if (type == WGALLOWEDIP_A_IPADDR)
			address = attr;
		if (!is_right)
			return -EPROTO;
	}
	ip->prefix.addr.family = family == AF_INET ? IP_V4 : family == AF_INET6 ? IP_V6 : IP_NONE;
	if (!address || ip->prefix.bits > ip_bits_max(ip->prefix.addr.family) ||
		!take_bytes(address, ip->prefix.addr.b, ip_bytes(ip->prefix.addr.family)))
		return -EPROTO;
	return ip->prefix.addr.family == IP_NONE ? -EPROTO : 0;
}

static int take_allowed_ips(const struct nlattr *nest, struct peer_settings *peer)
{
	struct attr_walk walk = attr_walk_nested(nest);
	const struct nlattr *attr;
	int err = 0;

	while ((attr = attr_walk_next(&walk))) {
		err = take_allowed_ip(attr, peer);
		if (err)
			break;
	}
	return err;
}

/* One attribute of a peer. False: malformed. */
static bool take_peer_attr(const struct nlattr *attr, struct peer_settings *peer)
{
	switch (mnl_attr_get_type(attr)) {
	case WGPEER_A_PUBLIC_KEY:
		return take_bytes(attr, peer->public_key.b, KEY_LEN);
	case WGPEER_A_PRESHARED_KEY:
		peer->has |= PEER_HAS_PRESHARED_KEY;
		return take_bytes(attr, peer->preshared_key.b, KEY_LEN);
	case WGPEER_A_ENDPOINT:
		peer->has |= PEER_HAS_ENDPOINT;
		return take_endpoint(attr, &peer->endpoint);
	case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
		peer->has |= PEER_HAS_KEEPALIVE;
		return take_bytes(attr, &peer->keepalive, sizeof(peer->keepalive));
	case WGPEER_A_LAST_HANDSHAKE_TIME:
		peer->has |= PEER_HAS_STATS;
		return take_time(attr, peer);
	case WGPEER_A_RX_BYTES:
		return take_bytes(attr, &peer->rx_bytes, sizeof(peer->rx_bytes));
	case WGPEER_A_TX_BYTES:
		return take_bytes(attr, &peer->tx_bytes, sizeof(peer->tx_bytes));
	default:
		return true; /* of a newer kernel */
	}
}

static const struct nlattr *find_attr(const struct nlattr *nest, uint16_t type)
{
	struct attr_walk walk = attr_walk_nested(nest);
	const struct nlattr *attr;

	while ((attr = attr_walk_next(&walk))) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

/* The last peer when this one goes on from the message before, else a new one. */
static struct peer_settings *peer_for(
	const uint8_t key[KEY_LEN], bool is_first, struct device_settings *device)
{
	struct peer_settings *last;

	if (is_first && device->peers_count) {
		last = &device->peers[device->peers_count - 1];
		if (memcmp(last->public_key.b, key, KEY_LEN) == 0)
			return last;
	}
	return settings_add_peer(device);
}

static int take_peer(const struct nlattr *nest, bool is_first, struct device_settings *device)
{
	struct attr_walk walk = attr_walk_nested(nest);
	const struct nlattr *attr = find_attr(nest, WGPEER_A_PUBLIC_KEY);
	struct peer_settings *peer;
	uint8_t key[KEY_LEN];
	int err = 0;

	if (!attr || !take_bytes(attr, key, KEY_LEN))
		return -EPROTO;
	peer = peer_for(key, is_first, device);
	if (!peer)
		return -ENOMEM;
	while ((attr = attr_walk_next(&walk))) {
		if (mnl_attr_get_type(attr) == WGPEER_A_ALLOWEDIPS)
			err = take_allowed_ips(attr, peer);
		else if (!take_peer_attr(attr, peer))
			err = -EPROTO;
		if (err)
			break;
	}
	return err;
}

static int take_peers(const struct nlattr *nest, struct device_settings *device)
{
	struct attr_walk walk = attr_walk_nested(nest);
	const struct nlattr *attr;
	bool is_first = true;
	int err = 0;

	while ((attr = attr_walk_next(&walk))) {
		err = take_peer(attr, is_first, device);
		if (err)
			break;
		is_first = false;
	}
	return err;
}

/* One attribute of a device but its peers. False: malformed. */
static bool take_device_attr(const struct nlattr *attr, struct device_settings *device)
{
	switch (mnl_attr_get_type(attr)) {
	case WGDEVICE_A_IFNAME:
		return take_name(attr, device->name);
	case WGDEVICE_A_PRIVATE_KEY:
		device->has |= DEVICE_HAS_PRIVATE_KEY;
		return take_bytes(attr, device->private_key.b, KEY_LEN);
	case WGDEVICE_A_PUBLIC_KEY:
		device->has |= DEVICE_HAS_PUBLIC_KEY;
		return take_bytes(attr, device->public_key.b, KEY_LEN);
	case WGDEVICE_A_LISTEN_PORT:
		device->has |= DEVICE_HAS_LISTEN_PORT;
		return take_bytes(attr, &device->listen_port, sizeof(device->listen_port));
	case WGDEVICE_A_FWMARK:
		device->has |= DEVICE_HAS_FWMARK;
		return take_bytes(attr, &device->fwmark, sizeof(device->fwmark));
	default:
		return true; /* of a newer kernel */
	}
}

int wgnl_decode_get(const struct nlmsghdr *message, struct device_settings *device)
{
	struct attr_walk walk;
	const struct nlattr *attr;
	int err = 0;

	if (!is_whole_message(message))
		return -EPROTO;
	walk = attr_walk_message(message, sizeof(struct genlmsghdr));
	while ((attr = attr_walk_next(&walk))) {
		if (mnl_attr_get_type(attr) == WGDEVICE_A_PEERS)
			err = take_peers(attr, device);
		else if (!take_device_attr(attr, device))
			err = -EPROTO;
		if (err)
			break;
	}
	return err;
}

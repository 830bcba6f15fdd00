/* Requests to the kernel's WireGuard, cut where a message is full. */
#include "wgnl.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>
#include "ensure.h"

static struct nlmsghdr *begin(void *buffer, uint16_t family, uint16_t flags, uint8_t command)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(message, sizeof(*genl));

	message->nlmsg_type = family;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	genl->cmd = command;
	genl->version = WG_GENL_VERSION;
	return message;
}

struct nlmsghdr *wgnl_encode_get(void *buffer, size_t room, uint16_t family, const char *name)
{
	struct nlmsghdr *message = begin(buffer, family, NLM_F_DUMP, WG_CMD_GET_DEVICE);

	ENSURE(room >= WGNL_ROOM_MIN);
	mnl_attr_put_strz(message, WGDEVICE_A_IFNAME, name);
	return message;
}

/* What a device says once, in the first message. It fits into WGNL_ROOM_MIN. */
static void put_device(struct nlmsghdr *message, const struct device_settings *device)
{
	if (device->has & DEVICE_HAS_PRIVATE_KEY)
		mnl_attr_put(message, WGDEVICE_A_PRIVATE_KEY, KEY_LEN, device->private_key.b);
	if (device->has & DEVICE_HAS_LISTEN_PORT)
		mnl_attr_put_u16(message, WGDEVICE_A_LISTEN_PORT, device->listen_port);
	if (device->has & DEVICE_HAS_FWMARK)
		mnl_attr_put_u32(message, WGDEVICE_A_FWMARK, device->fwmark);
	if (device->replace_peers)
		mnl_attr_put_u32(message, WGDEVICE_A_FLAGS, WGDEVICE_F_REPLACE_PEERS);
}

static bool put_endpoint(struct nlmsghdr *message, size_t room, const struct endpoint *endpoint)
{
	if (endpoint->addr.family == IP_V4) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};

		memcpy(&in.sin_addr, endpoint->addr.b, sizeof(in.sin_addr));
		return mnl_attr_put_check(message, room, WGPEER_A_ENDPOINT, sizeof(in), &in);
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(endpoint->port),
		.sin6_scope_id = endpoint->scope_id};

	memcpy(&in6.sin6_addr, endpoint->addr.b, sizeof(in6.sin6_addr));
	return mnl_attr_put_check(message, room, WGPEER_A_ENDPOINT, sizeof(in6), &in6);
}

static bool put_allowed_ip(struct nlmsghdr *message, size_t room, const struct allowed_ip *ip)
{
	/* Not in every <linux/wireguard.h>: WGALLOWEDIP_A_FLAGS and its only flag, since 2025. */
	enum { ALLOWED_IP_FLAGS = 4, ALLOWED_IP_REMOVE = 1 };
	struct nlattr *nest = mnl_attr_nest_start_check(message, room, NLA_F_NESTED);
	uint16_t family = ip->prefix.addr.family == IP_V4 ? AF_INET : AF_INET6;
	bool fits =
		nest && mnl_attr_put_u16_check(message, room, WGALLOWEDIP_A_FAMILY, family) &&
		mnl_attr_put_check(message, room, WGALLOWEDIP_A_IPADDR,
			ip_bytes(ip->prefix.addr.family), ip->prefix.addr.b) &&
		mnl_attr_put_u8_check(message, room, WGALLOWEDIP_A_CIDR_MASK, ip->prefix.bits) &&
		(!ip->remove ||
			mnl_attr_put_u32_check(message, room, ALLOWED_IP_FLAGS, ALLOWED_IP_REMOVE));

	if (fits)
		mnl_attr_nest_end(message, nest);
	else if (nest)
		mnl_attr_nest_cancel(message, nest);
	return fits;
}

/* As many as fit, from progress->ip on; true when the last is among them. */
static bool put_allowed_ips(struct nlmsghdr *message, size_t room, const struct peer_settings *peer,
	struct wgnl_progress *progress)
{
	struct nlattr *nest = mnl_attr_nest_start_check(message, room, WGPEER_A_ALLOWEDIPS);

	if (!nest)
		return false;
	while (progress->ip < peer->allowed_ips_count &&
		put_allowed_ip(message, room, &peer->allowed_ips[progress->ip]))
		progress->ip++;
	mnl_attr_nest_end(message, nest);
	return progress->ip == peer->allowed_ips_count;
}

static uint32_t peer_flags(const struct peer_settings *peer, bool goes_on)
{
	uint32_t flags = 0;

	if (peer->update_only)
		flags |= WGPEER_F_UPDATE_ONLY;
	if (peer->remove)
		flags |= WGPEER_F_REMOVE_ME;
	if (peer->replace_allowed_ips && !goes_on)
		flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
	return flags;
}

/* Everything of a peer but its allowed IPs; of one that goes on, its key and who it is only. */
static bool put_peer_head(
	struct nlmsghdr *message, size_t room, const struct peer_settings *peer, bool goes_on)
{
	uint32_t flags = peer_flags(peer, goes_on);

	if (!mnl_attr_put_check(message, room, WGPEER_A_PUBLIC_KEY, KEY_LEN, peer->public_key.b))
		return false;
	if (flags && !mnl_attr_put_u32_check(message, room, WGPEER_A_FLAGS, flags))
		return false;
	if (goes_on || peer->remove)
		return true;
	if (peer->has & PEER_HAS_PRESHARED_KEY &&
		!mnl_attr_put_check(
			message, room, WGPEER_A_PRESHARED_KEY, KEY_LEN, peer->preshared_key.b))
		return false;
	if (peer->has & PEER_HAS_ENDPOINT && !put_endpoint(message, room, &peer->endpoint))
		return false;
	return !(peer->has & PEER_HAS_KEEPALIVE) ||
	       mnl_attr_put_u16_check(
		       message, room, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer->keepalive);
}

/* The peer at progress->peer, or what fits of it; true when it is said in full. */
static bool put_peer(struct nlmsghdr *message, size_t room, const struct peer_settings *peer,
	struct wgnl_progress *progress)
{
	struct nlattr *nest = mnl_attr_nest_start_check(message, room, NLA_F_NESTED);
	bool is_whole = peer->remove || !peer->allowed_ips_count;

	if (!nest)
		return false;
	if (!put_peer_head(message, room, peer, progress->ip > 0)) {
		mnl_attr_nest_cancel(message, nest);
		return false;
	}
	if (!is_whole)
		is_whole = put_allowed_ips(message, room, peer, progress);
	/* A head without any of its allowed IPs would be said again. */
	if (!is_whole && !progress->ip)
		mnl_attr_nest_cancel(message, nest);
	else
		mnl_attr_nest_end(message, nest);
	return is_whole;
}

struct nlmsghdr *wgnl_encode_set(void *buffer, size_t room, uint16_t family,
	const struct device_settings *device, struct wgnl_progress *progress)
{
	struct nlmsghdr *message = begin(buffer, family, 0, WG_CMD_SET_DEVICE);
	struct nlattr *nest;

	ENSURE(room >= WGNL_ROOM_MIN && !progress->is_done);
	mnl_attr_put_strz(message, WGDEVICE_A_IFNAME, device->name);
	if (!progress->is_begun)
		put_device(message, device);
	progress->is_begun = true;
	nest = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
	while (progress->peer < device->peers_count &&
		put_peer(message, room, &device->peers[progress->peer], progress)) {
		progress->peer++;
		progress->ip = 0;
	}
	mnl_attr_nest_end(message, nest);
	progress->is_done = progress->peer == device->peers_count;
	return message;
}

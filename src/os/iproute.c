/* Routes over rtnetlink. */
#include <errno.h>
#include <stdlib.h>
#include <linux/rtnetlink.h>
#include "grow.h"
#include "ipattr.h"
#include "iproute.h"

struct route_list {
	struct iproute *routes;
	size_t count, room;
};

static uint32_t get_u32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) == 0 ? mnl_attr_get_u32(attr) : 0;
}

static int on_metric(const struct nlattr *attr, void *arg)
{
	struct iproute *route = arg;

	if (mnl_attr_get_type(attr) == RTAX_MTU)
		route->mtu = get_u32(attr);
	return MNL_CB_OK;
}

static int on_attr(const struct nlattr *attr, void *arg)
{
	struct iproute *route = arg;

	switch (mnl_attr_get_type(attr)) {
	case RTA_DST:
		if (mnl_attr_get_payload_len(attr) == ip_bytes(route->dst.addr.family))
			route->dst.addr = ipattr_get(attr);
		break;
	case RTA_TABLE:
		route->table = get_u32(attr);
		break;
	case RTA_OIF:
		route->ifindex = get_u32(attr);
		break;
	case RTA_METRICS:
		return mnl_attr_parse_nested(attr, on_metric, route);
	default:
		break;
	}
	return MNL_CB_OK;
}

static int read_route(const struct nlmsghdr *message, struct iproute *route)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);

	*route = (struct iproute){.table = info->rtm_table,
		.is_unicast = info->rtm_type == RTN_UNICAST,
		.kernel_made = info->rtm_protocol == RTPROT_KERNEL};
	route->dst.addr.family = ipattr_ip_family(info->rtm_family);
	route->dst.bits = info->rtm_dst_len;
	return mnl_attr_parse(message, sizeof(*info), on_attr, route);
}

static int on_route(const struct nlmsghdr *message, void *arg)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(message);
	struct route_list *list = arg;
	struct iproute *routes;

	if (message->nlmsg_type != RTM_NEWROUTE || !ipattr_ip_family(info->rtm_family) ||
		(info->rtm_flags & RTM_F_CLONED))
		return MNL_CB_OK;
	routes = grow_array(list->routes, list->count, &list->room, sizeof(*routes));
	if (!routes)
		return MNL_CB_ERROR; /* errno is ENOMEM */
	list->routes = routes;
	return read_route(message, &routes[list->count++]);
}

static int list_family(struct rtnl *rtnl, uint8_t family, struct route_list *list)
{
	size_t before = list->count;
	int error;

	do {
		struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETROUTE, NLM_F_DUMP);
		struct rtmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

		info->rtm_family = ipattr_family(family);
		list->count = before;
		error = rtnl_query(rtnl, on_route, list);
	} while (error == -EINTR);
	return error;
}

int iproute_list(struct rtnl *rtnl, struct iproute **routes, size_t *count)
{
	struct route_list list = {0};
	int error = list_family(rtnl, IP_V4, &list);

	if (!error)
		error = list_family(rtnl, IP_V6, &list);
	if (error) {
		free(list.routes);
		return error;
	}
	*routes = list.routes;
	*count = list.count;
	return 0;
}

static int on_lookup(const struct nlmsghdr *message, void *arg)
{
	return message->nlmsg_type == RTM_NEWROUTE ? read_route(message, arg) : MNL_CB_OK;
}

int iproute_lookup(struct rtnl *rtnl, const struct ip_addr *addr, const struct ip_addr *source,
	uint32_t mark, struct iproute *answer)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETROUTE, 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	*answer = (struct iproute){0};
	info->rtm_family = ipattr_family(addr->family);
	info->rtm_dst_len = ip_bits_max(addr->family);
	ipattr_put(message, RTA_DST, addr);
	if (source) {
		info->rtm_src_len = ip_bits_max(source->family);
		ipattr_put(message, RTA_SRC, source);
	}
	if (mark)
		mnl_attr_put_u32(message, RTA_MARK, mark);
	return rtnl_query(rtnl, on_lookup, answer);
}

static int change_route(
	struct rtnl *rtnl, uint16_t type, uint16_t flags, const struct iproute *route)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->rtm_family = ipattr_family(route->dst.addr.family);
	info->rtm_dst_len = route->dst.bits;
	info->rtm_table = RT_TABLE_UNSPEC;
	info->rtm_scope = RT_SCOPE_NOWHERE;
	if (type == RTM_NEWROUTE) {
		info->rtm_protocol = RTPROT_BOOT;
		info->rtm_type = RTN_UNICAST;
		/* A route without a gateway, as ip sets it; IPv6 has no scopes. */
		info->rtm_scope =
			route->dst.addr.family == IP_V4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	}
	if (route->dst.bits)
		ipattr_put(message, RTA_DST, &route->dst.addr);
	mnl_attr_put_u32(message, RTA_TABLE, route->table);
	mnl_attr_put_u32(message, RTA_OIF, route->ifindex);
	return rtnl_finish(rtnl);
}

int iproute_add(struct rtnl *rtnl, const struct iproute *route)
{
	return change_route(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

int iproute_delete(struct rtnl *rtnl, const struct iproute *route)
{
	return change_route(rtnl, RTM_DELROUTE, 0, route);
}

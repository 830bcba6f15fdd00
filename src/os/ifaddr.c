/* Addresses over rtnetlink. */
#include <errno.h>
#include <stdlib.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include "grow.h"
#include "ifaddr.h"
#include "ipattr.h"

/* Not yet in Debian 12's headers: who made the address. */
enum { ATTR_PROTO = 11, PROTO_KERNEL_LINK_LOCAL = 3 };

struct addr_list {
	struct link_addr *addrs;
	size_t count, room;
};

/* What one message says: its own side, the other side, how it came to be. */
struct addr_attrs {
	struct ip_addr local, other;
	bool kernel_made;
};

static int on_attr(const struct nlattr *attr, void *arg)
{
	struct addr_attrs *attrs = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFA_LOCAL:
		attrs->local = ipattr_get(attr);
		break;
	case IFA_ADDRESS:
		attrs->other = ipattr_get(attr);
		break;
	case IFA_FLAGS:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0 &&
			(mnl_attr_get_u32(attr) & IFA_F_STABLE_PRIVACY))
			attrs->kernel_made = true;
		break;
	case ATTR_PROTO:
		if (mnl_attr_validate(attr, MNL_TYPE_U8) == 0 &&
			mnl_attr_get_u8(attr) == PROTO_KERNEL_LINK_LOCAL)
			attrs->kernel_made = true;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int on_addr(const struct nlmsghdr *message, void *arg)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(message);
	struct addr_list *list = arg;
	struct addr_attrs attrs = {0};
	struct link_addr *addrs, addr = {0};

	if (message->nlmsg_type != RTM_NEWADDR)
		return MNL_CB_OK;
	addr.ifindex = info->ifa_index;
	addr.prefix.bits = info->ifa_prefixlen;
	if (mnl_attr_parse(message, sizeof(*info), on_attr, &attrs) != MNL_CB_OK)
		return MNL_CB_ERROR;
	addr.kernel_made = attrs.kernel_made;
	/* IPv4 and point-to-point: the own side is IFA_LOCAL. */
	addr.prefix.addr = attrs.local.family ? attrs.local : attrs.other;
	if (!addr.prefix.addr.family || addr.prefix.bits > ip_bits_max(addr.prefix.addr.family))
		return MNL_CB_OK;
	addrs = grow_array(list->addrs, list->count, &list->room, sizeof(*addrs));
	if (!addrs)
		return MNL_CB_ERROR; /* errno is ENOMEM */
	list->addrs = addrs;
	addrs[list->count++] = addr;
	return MNL_CB_OK;
}

int ifaddr_list(struct rtnl *rtnl, struct link_addr **addrs, size_t *count)
{
	struct addr_list list;
	int error;

	do {
		struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETADDR, NLM_F_DUMP);

		mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
		list = (struct addr_list){0};
		error = rtnl_query(rtnl, on_addr, &list);
		if (error)
			free(list.addrs);
	} while (error == -EINTR);
	if (error)
		return error;
	*addrs = list.addrs;
	*count = list.count;
	return 0;
}

static int change_addr(struct rtnl *rtnl, uint16_t type, uint16_t flags, uint32_t ifindex,
	const struct ip_prefix *prefix)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, flags);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifa_family = ipattr_family(prefix->addr.family);
	info->ifa_prefixlen = prefix->bits;
	info->ifa_index = ifindex;
	ipattr_put(message, IFA_LOCAL, &prefix->addr);
	ipattr_put(message, IFA_ADDRESS, &prefix->addr);
	return rtnl_finish(rtnl);
}

int ifaddr_add(struct rtnl *rtnl, uint32_t ifindex, const struct ip_prefix *prefix)
{
	return change_addr(rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, prefix);
}

int ifaddr_delete(struct rtnl *rtnl, uint32_t ifindex, const struct ip_prefix *prefix)
{
	return change_addr(rtnl, RTM_DELADDR, 0, ifindex, prefix);
}

/* Network interfaces, by RTM_GETLINK, RTM_NEWLINK and RTM_DELLINK. */
#include "link.h"

#include <errno.h>
#include <net/if.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include "nsid.h"

static struct nlmsghdr *begin(
	struct rtnl *rtnl, uint16_t type, uint32_t ifindex, unsigned flags, unsigned change);
static int see_link(const struct nlmsghdr *message, void *context);
static int see_attribute(const struct nlattr *attribute, void *context);

int link_find(const char *name, uint32_t *ifindex)
{
	struct link_state state = {.ifindex = 0};
	struct rtnl rtnl;
	int err = rtnl_open(&rtnl);

	/* Not by if_nametoindex(), which says ENOENT of whatever else goes wrong. */
	if (!err)
		err = link_get_named(&rtnl, NSID_OWN, name, &state);
	rtnl_close(&rtnl);
	*ifindex = state.ifindex;
	return err;
}

static void begin_get(struct rtnl *rtnl, int32_t nsid, uint32_t ifindex)
{
	struct nlmsghdr *message = begin(rtnl, RTM_GETLINK, ifindex, 0, 0);

	if (nsid != NSID_OWN)
		mnl_attr_put_u32(message, IFLA_TARGET_NETNSID, (uint32_t)nsid);
}

int link_get(struct rtnl *rtnl, int32_t nsid, uint32_t ifindex, struct link_state *state)
{
	int err;

	*state = (struct link_state){0};
	begin_get(rtnl, nsid, ifindex);
	err = rtnl_query(rtnl, see_link, state);
	if (!err && state->ifindex != ifindex)
		err = -EPROTO;
	return err;
}

int link_get_named(struct rtnl *rtnl, int32_t nsid, const char *name, struct link_state *state)
{
	int err;

	*state = (struct link_state){0};
	begin_get(rtnl, nsid, 0);
	mnl_attr_put_strz(&rtnl->request.header, IFLA_IFNAME, name);
	err = rtnl_query(rtnl, see_link, state);
	if (!err && state->ifindex == 0)
		err = -EPROTO;
	return err;
}

int link_set_mtu(struct rtnl *rtnl, uint32_t ifindex, uint32_t mtu)
{
	struct nlmsghdr *message = begin(rtnl, RTM_NEWLINK, ifindex, 0, 0);

	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return rtnl_finish(rtnl);
}

int link_set_up(struct rtnl *rtnl, uint32_t ifindex, bool is_up)
{
	begin(rtnl, RTM_NEWLINK, ifindex, is_up ? IFF_UP : 0, IFF_UP);
	return rtnl_finish(rtnl);
}

int link_delete(struct rtnl *rtnl, uint32_t ifindex)
{
	begin(rtnl, RTM_DELLINK, ifindex, 0, 0);
	return rtnl_finish(rtnl);
}

int link_set_gso_max(struct rtnl *rtnl, uint32_t ifindex, uint32_t segments, uint32_t bytes)
{
	struct nlmsghdr *message = begin(rtnl, RTM_NEWLINK, ifindex, 0, 0);

	mnl_attr_put_u32(message, IFLA_GSO_MAX_SEGS, segments);
	mnl_attr_put_u32(message, IFLA_GSO_MAX_SIZE, bytes);
	return rtnl_finish(rtnl);
}

/* flags: IFF_..., of which those in change are set or cleared. */
static struct nlmsghdr *begin(
	struct rtnl *rtnl, uint16_t type, uint32_t ifindex, unsigned flags, unsigned change)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)ifindex;
	info->ifi_flags = flags;
	info->ifi_change = change;
	return message;
}

bool link_decode(const struct nlmsghdr *message, struct link_state *state)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return false;
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->ifi_index <= 0)
		return false;
	*state = (struct link_state){
		.ifindex = (uint32_t)info->ifi_index,
		.exists = message->nlmsg_type == RTM_NEWLINK,
		.is_up = info->ifi_flags & IFF_UP,
	};
	return mnl_attr_parse(message, sizeof(*info), see_attribute, state) > 0;
}

static int see_link(const struct nlmsghdr *message, void *context)
{
	struct link_state state;

	if (link_decode(message, &state))
		*(struct link_state *)context = state;
	return MNL_CB_OK;
}

static int see_attribute(const struct nlattr *attribute, void *context)
{
	struct link_state *state = context;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0 ||
			mnl_attr_get_payload_len(attribute) > sizeof(state->name))
			return MNL_CB_ERROR;
		strcpy(state->name, mnl_attr_get_str(attribute));
		break;
	case IFLA_MTU:
		if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
			return MNL_CB_ERROR;
		state->mtu = mnl_attr_get_u32(attribute);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* Links over rtnetlink. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include "grow.h"
#include "iflink.h"

struct link_list {
	struct iflink *links;
	size_t count, room;
};

/* Copies a string attribute, cut to the room of `to`; attributes need not end in a zero. */
static void copy_string(const struct nlattr *attr, char *to, size_t room)
{
	size_t len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));

	if (len >= room)
		len = room - 1;
	memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = 0;
}

static int on_info(const struct nlattr *attr, void *arg)
{
	struct iflink *link = arg;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
		copy_string(attr, link->kind, sizeof(link->kind));
	return MNL_CB_OK;
}

static int on_attr(const struct nlattr *attr, void *arg)
{
	struct iflink *link = arg;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		copy_string(attr, link->name, sizeof(link->name));
		break;
	case IFLA_MTU:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) == 0)
			link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attr, on_info, link);
	default: /* some fifty others */
		break;
	}
	return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct link_list *list = arg;
	struct iflink *links;

	if (message->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	links = grow_array(list->links, list->count, &list->room, sizeof(*links));
	if (!links)
		return MNL_CB_ERROR; /* errno is ENOMEM */
	list->links = links;
	links[list->count] = (struct iflink){
		.index = (uint32_t)info->ifi_index, .is_up = (info->ifi_flags & IFF_UP) != 0};
	return mnl_attr_parse(message, sizeof(*info), on_attr, &links[list->count++]);
}

int iflink_list(struct rtnl *rtnl, struct iflink **links, size_t *count)
{
	struct link_list list;
	int error;

	do {
		struct nlmsghdr *message = rtnl_begin(rtnl, RTM_GETLINK, NLM_F_DUMP);

		mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
		list = (struct link_list){0};
		error = rtnl_query(rtnl, on_link, &list);
		if (error)
			free(list.links);
	} while (error == -EINTR);
	if (error)
		return error;
	*links = list.links;
	*count = list.count;
	return 0;
}

int iflink_create(struct rtnl *rtnl, const char *name, const char *kind)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct nlattr *linkinfo;

	if (!*name || strlen(name) > IFLINK_NAME_MAX)
		return -EINVAL;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	linkinfo = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(message, linkinfo);
	return rtnl_finish(rtnl);
}

/* Talking to the kernel's WireGuard: family "wireguard" of generic netlink. */
#include "kernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/wireguard.h>
#include <stdlib.h>
#include <string.h>
#include "attrwalk.h"
#include "nlanswer.h"
#include "rtnl.h"
#include "wgnl.h"
#include "wholelists.h"
#include "wipe.h"

enum {
	/* A dump's messages are at most this large. */
	REPLY_ROOM = 32 << 10,
	/* A change of many peers goes in messages of this size; a nest may hold up to 64 KiB. */
	REQUEST_ROOM = 32 << 10,
};

struct genl {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t seq;
	/* Both hold keys; aligned for a netlink header. */
	struct nlmsghdr *request, *reply;
};

/* Sends genl->request and reads its answer, each message to see(). 0 or what the kernel said. */
static int genl_query(struct genl *genl, mnl_cb_t see, void *context)
{
	genl->request->nlmsg_seq = ++genl->seq;
	return nlanswer_query(genl->socket, genl->request, genl->reply, REPLY_ROOM, see, context);
}

static int see_family(const struct nlmsghdr *message, void *context)
{
	struct attr_walk walk = attr_walk_message(message, sizeof(struct genlmsghdr));
	const struct nlattr *attr;

	while ((attr = attr_walk_next(&walk))) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
			mnl_attr_validate(attr, MNL_TYPE_U16) == 0)
			*(uint16_t *)context = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

/* The family's number; it exists only where the kernel has WireGuard. */
static int find_family(struct genl *genl)
{
	struct genlmsghdr *header;
	int err;

	genl->request = mnl_nlmsg_put_header(genl->request);
	genl->request->nlmsg_type = GENL_ID_CTRL;
	genl->request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	header = mnl_nlmsg_put_extra_header(genl->request, sizeof(*header));
	header->cmd = CTRL_CMD_GETFAMILY;
	header->version = 1;
	mnl_attr_put_strz(genl->request, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
	err = genl_query(genl, see_family, &genl->family);
	if (err == -ENOENT || (!err && !genl->family))
		return -EPROTONOSUPPORT;
	return err;
}

static void genl_close(struct genl *genl)
{
	if (genl->socket)
		mnl_socket_close(genl->socket);
	if (genl->request)
		wipe(genl->request, REQUEST_ROOM);
	if (genl->reply)
		wipe(genl->reply, REPLY_ROOM);
	free(genl->request);
	free(genl->reply);
}

static int genl_open(struct genl *genl)
{
	int yes = 1, err;

	*genl = (struct genl){.request = calloc(1, REQUEST_ROOM), .reply = calloc(1, REPLY_ROOM)};
	if (!genl->request || !genl->reply) {
		err = -ENOMEM;
		goto fail;
	}
	genl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	/* A refusal repeats the request otherwise, and a long one has no room in a reply. */
	if (!genl->socket ||
		mnl_socket_setsockopt(genl->socket, NETLINK_CAP_ACK, &yes, sizeof(yes)) < 0 ||
		mnl_socket_bind(genl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		goto fail;
	}
	err = find_family(genl);
	if (err)
		goto fail;
	return 0;
fail:
	genl_close(genl);
	return err;
}

static int see_device(const struct nlmsghdr *message, void *context)
{
	int err = wgnl_decode_get(message, context);

	if (!err)
		return MNL_CB_OK;
	errno = -err;
	return MNL_CB_ERROR;
}

static int check_name(const char *name)
{
	return strlen(name) > IFNAME_LEN_MAX ? -ENAMETOOLONG : 0;
}

int kernel_get(const char *name, struct device_settings *device)
{
	struct genl genl;
	int err;

	settings_init(device);
	err = genl_open(&genl);
	if (err)
		return err;
	err = check_name(name);
	while (!err) {
		wgnl_encode_get(genl.request, REQUEST_ROOM, genl.family, name);
		err = genl_query(&genl, see_device, device);
		if (err != -EINTR)
			break;
		/* The device changed under the dump: from the start. */
		settings_fini(device);
		err = 0;
	}
	genl_close(&genl);
	if (err)
		settings_fini(device);
	return err;
}

static int send_set(const struct device_settings *device)
{
	struct wgnl_progress progress = {0};
	struct genl genl;
	int err = genl_open(&genl);

	if (err)
		return err;
	while (!err && !progress.is_done) {
		wgnl_encode_set(genl.request, REQUEST_ROOM, genl.family, device, &progress);
		err = genl_query(&genl, NULL, NULL);
	}
	genl_close(&genl);
	return err;
}

int kernel_set(const struct device_settings *change)
{
	struct device_settings running, whole;
	int err = send_set(change);

	if (err != -EINVAL || !whole_lists_are_needed(change))
		return err;
	/* This kernel may be too old to take single allowed IPs away. */
	err = kernel_get(change->name, &running);
	if (err)
		return err;
	err = whole_lists_make(&running, change, &whole);
	if (!err) {
		err = send_set(&whole);
		settings_fini(&whole);
	}
	settings_fini(&running);
	return err;
}

int ctl_names_add(struct ctl_names *names, const char *name)
{
	size_t room = names->room ? 2 * names->room : 8;
	char(*list)[IFNAME_LEN_MAX + 1];

	if (names->count == names->room) {
		list = reallocarray(names->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		names->list = list;
		names->room = room;
	}
	strncpy(names->list[names->count], name, IFNAME_LEN_MAX);
	names->list[names->count++][IFNAME_LEN_MAX] = '\0';
	return 0;
}

static bool is_string(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0;
}

/* True when the link's kind is "wireguard". */
static bool is_wireguard(const struct nlattr *link_info)
{
	struct attr_walk walk = attr_walk_nested(link_info);
	const struct nlattr *attr;

	while ((attr = attr_walk_next(&walk))) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND && is_string(attr))
			return strcmp(mnl_attr_get_str(attr), WG_GENL_NAME) == 0;
	}
	return false;
}

static int see_link(const struct nlmsghdr *message, void *context)
{
	struct attr_walk walk = attr_walk_message(message, sizeof(struct ifinfomsg));
	const struct nlattr *attr;
	const char *name = NULL;
	bool is_ours = false;

	while ((attr = attr_walk_next(&walk))) {
		if (mnl_attr_get_type(attr) == IFLA_IFNAME && is_string(attr))
			name = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			is_ours = is_wireguard(attr);
	}
	if (!is_ours || !name)
		return MNL_CB_OK;
	if (ctl_names_add(context, name)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

int kernel_list(struct ctl_names *names)
{
	struct rtnl rtnl;
	struct nlmsghdr *request;
	struct ifinfomsg *info;
	int err = rtnl_open(&rtnl);

	if (err)
		return err;
	request = rtnl_begin(&rtnl, RTM_GETLINK, NLM_F_DUMP);
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	err = rtnl_query(&rtnl, see_link, names);
	rtnl_close(&rtnl);
	/* Links came and went meanwhile; what was seen is as good as any other moment's. */
	return err == -EINTR ? 0 : err;
}

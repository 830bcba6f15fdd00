/* Numbers of network namespaces, by RTM_NEWNSID and RTM_GETNSID. */
#include "nsid.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

static struct nlmsghdr *begin(struct rtnl *rtnl, uint16_t type, int namespace_fd);
static int see_number(const struct nlmsghdr *message, void *context);
static int see_attribute(const struct nlattr *attribute, void *context);

int nsid_find(struct rtnl *rtnl, int namespace_fd, int32_t *nsid)
{
	int32_t found = NSID_OWN;
	int err;

	mnl_attr_put_u32(begin(rtnl, RTM_NEWNSID, namespace_fd), NETNSA_NSID,
		(uint32_t)NETNSA_NSID_NOT_ASSIGNED);
	err = rtnl_finish(rtnl);
	if (err && err != -EEXIST)
		return err;
	begin(rtnl, RTM_GETNSID, namespace_fd);
	err = rtnl_query(rtnl, see_number, &found);
	if (err)
		return err;
	if (found < 0)
		return -EPROTO;
	*nsid = found;
	return 0;
}

bool nsid_is_own(int namespace_fd)
{
	struct stat here, there;

	return stat("/proc/thread-self/ns/net", &here) < 0 || fstat(namespace_fd, &there) < 0 ||
	       (here.st_dev == there.st_dev && here.st_ino == there.st_ino);
}

static struct nlmsghdr *begin(struct rtnl *rtnl, uint16_t type, int namespace_fd)
{
	struct nlmsghdr *message = rtnl_begin(rtnl, type, 0);
	struct rtgenmsg *general = mnl_nlmsg_put_extra_header(message, sizeof(*general));

	general->rtgen_family = AF_UNSPEC;
	mnl_attr_put_u32(message, NETNSA_FD, (uint32_t)namespace_fd);
	return message;
}

static int see_number(const struct nlmsghdr *message, void *context)
{
	if (message->nlmsg_type != RTM_NEWNSID)
		return MNL_CB_OK;
	return mnl_attr_parse(message, sizeof(struct rtgenmsg), see_attribute, context);
}

static int see_attribute(const struct nlattr *attribute, void *context)
{
	if (mnl_attr_get_type(attribute) != NETNSA_NSID)
		return MNL_CB_OK;
	if (mnl_attr_validate(attribute, MNL_TYPE_U32) < 0)
		return MNL_CB_ERROR;
	*(int32_t *)context = (int32_t)mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

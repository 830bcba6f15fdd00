/* Requests over rtnetlink, one at a time. */
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include "ensure.h"
#include "nlanswer.h"

int rtnl_open(struct rtnl *rtnl)
{
	int err;

	rtnl->seq = 0;
	/* libmnl leaves the padding behind attributes as it was, and the kernel gets it. */
	memset(&rtnl->request, 0, sizeof(rtnl->request));
	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket)
		return -errno;
	if (mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		rtnl_close(rtnl);
		return err;
	}
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	rtnl->socket = NULL;
}

struct nlmsghdr *rtnl_begin(struct rtnl *rtnl, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(rtnl->request.bytes);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = ++rtnl->seq;
	return header;
}

int rtnl_finish(struct rtnl *rtnl)
{
	return rtnl_query(rtnl, NULL, NULL);
}

int rtnl_query(struct rtnl *rtnl, mnl_cb_t see, void *context)
{
	struct nlmsghdr *request = &rtnl->request.header;

	ENSURE(request->nlmsg_len <= RTNL_REQUEST_MAX && request->nlmsg_seq == rtnl->seq);
	return nlanswer_query(
		rtnl->socket, request, &rtnl->reply, sizeof(rtnl->reply), see, context);
}

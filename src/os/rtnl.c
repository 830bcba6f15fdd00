/* Requests over rtnetlink, one at a time. */
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include "ensure.h"

static ssize_t receive(struct rtnl *rtnl);
static int see_nothing(const struct nlmsghdr *message, void *context);

int rtnl_open(struct rtnl *rtnl)
{
	int err;

	rtnl->seq = 0;
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
	return rtnl_query(rtnl, see_nothing, NULL);
}

int rtnl_query(struct rtnl *rtnl, mnl_cb_t see, void *context)
{
	struct nlmsghdr *request = &rtnl->request.header;
	unsigned port = mnl_socket_get_portid(rtnl->socket);
	int more = MNL_CB_OK;

	ENSURE(request->nlmsg_len <= RTNL_REQUEST_MAX && request->nlmsg_seq == rtnl->seq);
	/* A dump ends by itself; anything else by the acknowledgement asked for. */
	if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (more > MNL_CB_STOP) {
		ssize_t len = receive(rtnl);

		if (len < 0)
			return (int)len;
		more = mnl_cb_run(&rtnl->reply, (size_t)len, rtnl->seq, port, see, context);
	}
	return more < 0 ? -errno : 0;
}

/* Answers to an earlier request that was not read to its end are passed over. */
static ssize_t receive(struct rtnl *rtnl)
{
	for (;;) {
		ssize_t len = mnl_socket_recvfrom(rtnl->socket, &rtnl->reply, sizeof(rtnl->reply));

		if (len < 0 && errno != EINTR)
			return -errno;
		if (len >= (ssize_t)sizeof(struct nlmsghdr) &&
			rtnl->reply.header.nlmsg_seq == rtnl->seq)
			return len;
	}
}

static int see_nothing(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
	return MNL_CB_OK;
}

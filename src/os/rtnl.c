/* Requests over rtnetlink, one at a time. */
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include "ensure.h"

struct answer {
	mnl_cb_t see;
	void *context;
	int err; /* the first */
	bool is_whole;
};

static ssize_t receive(struct rtnl *rtnl);
static void take(struct answer *answer, const struct nlmsghdr *message);
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
	struct answer answer = {.see = see, .context = context};

	ENSURE(request->nlmsg_len <= RTNL_REQUEST_MAX && request->nlmsg_seq == rtnl->seq);
	/* A dump ends by itself; anything else by the acknowledgement asked for. */
	if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (!answer.is_whole) {
		ssize_t got = receive(rtnl);
		int len = (int)got;

		if (got < 0)
			return (int)got;
		for (struct nlmsghdr *message = &rtnl->reply.header; mnl_nlmsg_ok(message, len);
			message = mnl_nlmsg_next(message, &len)) {
			if (message->nlmsg_seq == rtnl->seq)
				take(&answer, message);
		}
	}
	return answer.err;
}

static ssize_t receive(struct rtnl *rtnl)
{
	ssize_t len;

	do {
		len = mnl_socket_recvfrom(rtnl->socket, &rtnl->reply, sizeof(rtnl->reply));
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : len;
}

/*
 * An answer is read to its end, whatever goes wrong on the way: the kernel takes no other dump
 * before.
 */
static void take(struct answer *answer, const struct nlmsghdr *message)
{
	int err = 0;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		err = -EINTR;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		answer->is_whole = true;
		/* Both begin with the error, 0 for none. */
		if (!err && mnl_nlmsg_get_payload_len(message) >= sizeof(int))
			err = *(const int *)mnl_nlmsg_get_payload(message);
	} else if (!err && !answer->err && answer->see(message, answer->context) < 0) {
		err = -errno;
	}
	if (!answer->err)
		answer->err = err;
}

static int see_nothing(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
	return MNL_CB_OK;
}

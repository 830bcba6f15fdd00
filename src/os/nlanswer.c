/* Answers over netlink, read to their end. */
#include "nlanswer.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

static ssize_t receive(struct mnl_socket *socket, void *buffer, size_t room);
static void take_message(struct nlanswer *answer, const struct nlmsghdr *message);

int nlanswer_query(struct mnl_socket *socket, struct nlmsghdr *request, void *buffer, size_t room,
	mnl_cb_t see, void *context)
{
	struct nlanswer answer = {.seq = request->nlmsg_seq, .see = see, .context = context};

	/* A dump ends by itself; anything else by the acknowledgement asked for. */
	if ((request->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (!answer.is_whole) {
		ssize_t len = receive(socket, buffer, room);

		if (len < 0)
			return (int)len;
		nlanswer_take(&answer, buffer, (size_t)len);
	}
	return answer.err;
}

static ssize_t receive(struct mnl_socket *socket, void *buffer, size_t room)
{
	ssize_t len;

	do {
		len = mnl_socket_recvfrom(socket, buffer, room);
	} while (len < 0 && errno == EINTR);
	return len < 0 ? -errno : len;
}

void nlanswer_take(struct nlanswer *answer, const void *datagram, size_t len)
{
	const struct nlmsghdr *message = datagram;
	int left = (int)len;

	for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
		if (message->nlmsg_seq == answer->seq && !answer->is_whole)
			take_message(answer, message);
}

static void take_message(struct nlanswer *answer, const struct nlmsghdr *message)
{
	int err = 0;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		err = -EINTR;
	if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
		answer->is_whole = true;
		/* Both begin with the error, 0 for none. */
		if (!err && mnl_nlmsg_get_payload_len(message) >= sizeof(int))
			err = *(const int *)mnl_nlmsg_get_payload(message);
	} else if (!err && !answer->err && answer->see && message->nlmsg_type >= NLMSG_MIN_TYPE &&
		   answer->see(message, answer->context) < 0) {
		err = -errno;
	}
	if (!answer->err)
		answer->err = err;
}

/*
 * Knocking: one datagram to an endpoint from a socket of the doctor's own. A WireGuard end does not
 * answer it; what answers is a host where nothing listens, or a router or firewall that says no.
 */
#include <errno.h>
#include <netinet/in.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "gather.h"
#include "sockaddress.h"

enum { ANSWER_MS = 400 };

static void find_source(int fd, struct knock *knock)
{
	union sockaddress own = {0};
	socklen_t len = sizeof(own);

	if (getsockname(fd, &own.any, &len) == 0)
		knock->source = sockaddress_load(&own).addr;
}

/* A socket to the endpoint, on the way that the tunnel's own datagrams take; -errno. */
static int open_door(const struct endpoint *endpoint, uint32_t mark)
{
	int family = endpoint->addr.family == IP_V4 ? AF_INET : AF_INET6, on = 1;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	union sockaddress to;
	socklen_t len = sockaddress_store(&to, endpoint);

	if (fd < 0)
		return -errno;
	if ((mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0) ||
		connect(fd, &to.any, len) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	return fd;
}

static void take_error(const struct cmsghdr *control, struct knock *knock)
{
	struct sock_extended_err error;
	union sockaddress sender = {0};
	size_t len = control->cmsg_len - CMSG_LEN(0);

	if (len < sizeof(error))
		return;
	memcpy(&error, CMSG_DATA(control), sizeof(error));
	if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6)
		return;
	if (error.ee_errno == EMSGSIZE)
		return;
	knock->error = (int)error.ee_errno;
	len -= sizeof(error);
	memcpy(&sender, CMSG_DATA(control) + sizeof(error),
		len < sizeof(sender) ? len : sizeof(sender));
	knock->sender = sockaddress_load(&sender).addr;
}

static void read_error(int fd, struct knock *knock)
{
	union {
		struct cmsghdr header;
		char bytes[512];
	} control;
	struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof(control)};

	if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c))
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			take_error(c, knock);
}

/*
 * Only what was configured is knocked at: the endpoint that a peer has called from may be a NAT's, which
 * lets in nobody but the tunnel itself.
 */
static bool may_knock(const struct evidence *evidence, const struct peer_settings *peer)
{
	const struct peer_settings *in_file = evidence_file_peer(evidence, &peer->public_key);

	if (evidence_is_fresh(evidence, peer) || evidence_must_call(evidence, peer))
		return false;
	if (in_file && (in_file->has & PEER_HAS_ENDPOINT))
		return endpoint_same_remote(&in_file->endpoint, &peer->endpoint);
	return !peer->rx_bytes;
}

static void send_one(int fd, struct knock *knock)
{
	if (send(fd, "", 1, MSG_NOSIGNAL) < 0)
		knock->send_error = errno;
}

/* Opens and sends; the descriptor, or -1. */
static int begin(const struct evidence *evidence, size_t i, bool may_send)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	struct knock *knock = &evidence->peers[i].knock;
	int fd;

	if (!(peer->has & PEER_HAS_ENDPOINT) || !peer->endpoint.addr.family)
		return -1;
	fd = open_door(&peer->endpoint, evidence->system.device.fwmark);
	if (fd < 0)
		return -1;
	knock->is_done = true;
	find_source(fd, knock);
	if (may_send && may_knock(evidence, peer))
		send_one(fd, knock);
	return fd;
}

/* Until each has an error, or the time is over. */
static void wait_for_errors(struct evidence *evidence, struct pollfd *doors, size_t count)
{
	struct instant end = instant_after(clock_now(), ANSWER_MS * NS_PER_MS);

	for (;;) {
		struct instant now = clock_now();
		int ready;

		if (instant_reached(now, end))
			return;
		ready = poll(doors, count, (int)((end.ns - now.ns) / NS_PER_MS) + 1);
		if (ready <= 0)
			return;
		for (size_t i = 0; i < count; i++) {
			if (doors[i].fd < 0 || !doors[i].revents)
				continue;
			read_error(doors[i].fd, &evidence->peers[i].knock);
			close(doors[i].fd);
			doors[i].fd = -1;
		}
	}
}

void gather_knocks(struct evidence *evidence, bool may_send)
{
	struct pollfd doors[GATHER_KNOCKS_MAX];
	size_t count = evidence->system.device.peers_count;
	bool is_any = false;

	if (evidence->is_elsewhere)
		return;
	evidence->now = (int64_t)clock_wall().sec;
	if (count > GATHER_KNOCKS_MAX)
		count = GATHER_KNOCKS_MAX;
	for (size_t i = 0; i < count; i++) {
		doors[i] = (struct pollfd){.fd = begin(evidence, i, may_send)};
		is_any |= doors[i].fd >= 0 && may_send &&
			  may_knock(evidence, &evidence->system.device.peers[i]);
	}
	if (is_any)
		wait_for_errors(evidence, doors, count);
	for (size_t i = 0; i < count; i++)
		if (doors[i].fd >= 0)
			close(doors[i].fd);
}

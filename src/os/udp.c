/* The outer sockets: opening and closing. The datagrams are udp_batch.c's. */
#include "udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <unistd.h>

/* With a random port, another family may have it already: so many tries, as others do. */
#define PORT_TRIES 100

/*
 * Room for about 10 ms of small datagrams at full rate while the daemon is doing something else;
 * memory is taken only for what is waiting.
 */
#define SOCKET_BUFFER (8 << 20)

struct option {
	int level, name, value;
};

static const struct option options_v4[] = {
	{IPPROTO_IP, IP_PKTINFO, 1},
	{IPPROTO_IP, IP_RECVTOS, 1},
	/* No DF: the outer packet may be fragmented, and forged ICMP cannot shrink the path. */
	{IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT},
};

static const struct option options_v6[] = {
	{IPPROTO_IPV6, IPV6_V6ONLY, 1},
	{IPPROTO_IPV6, IPV6_RECVPKTINFO, 1},
	{IPPROTO_IPV6, IPV6_RECVTCLASS, 1},
	{IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT},
};

static int open_both(struct udp_pair *udp, uint16_t port, uint32_t mark);
static int open_one(int family, uint16_t *port, uint32_t mark, int *fd);
static int configure(int fd, int family, uint32_t mark);
static int bind_port(int fd, int family, uint16_t *port);
static int set(int fd, int level, int name, int value);
static void grow_buffers(int fd);
static void find_offloads(struct udp_pair *udp);

int udp_open(struct udp_pair *udp, uint16_t port, uint32_t mark)
{
	int err = -EADDRINUSE;

	for (int tries = port ? 1 : PORT_TRIES; tries > 0 && err == -EADDRINUSE; tries--)
		err = open_both(udp, port, mark);
	if (!err)
		find_offloads(udp);
	return err;
}

int udp_set_mark(const struct udp_pair *udp, uint32_t mark)
{
	int err = 0;

	if (udp->fd4 >= 0)
		err = set(udp->fd4, SOL_SOCKET, SO_MARK, (int)mark);
	if (!err && udp->fd6 >= 0)
		err = set(udp->fd6, SOL_SOCKET, SO_MARK, (int)mark);
	return err;
}

void udp_close(struct udp_pair *udp)
{
	if (udp->fd4 >= 0)
		close(udp->fd4);
	if (udp->fd6 >= 0)
		close(udp->fd6);
	*udp = (struct udp_pair){.fd4 = -1, .fd6 = -1};
}

static int open_both(struct udp_pair *udp, uint16_t port, uint32_t mark)
{
	int err;

	*udp = (struct udp_pair){.fd4 = -1, .fd6 = -1, .port = port};
	err = open_one(AF_INET, &udp->port, mark, &udp->fd4);
	if (!err)
		err = open_one(AF_INET6, &udp->port, mark, &udp->fd6);
	if (!err && udp->fd4 < 0 && udp->fd6 < 0)
		err = -EAFNOSUPPORT;
	if (err)
		udp_close(udp);
	return err;
}

/* *port: in what is wanted, out what was got. *fd stays -1 for a family that is missing. */
static int open_one(int family, uint16_t *port, uint32_t mark, int *fd)
{
	int err;

	*fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	err = configure(*fd, family, mark);
	if (!err)
		err = bind_port(*fd, family, port);
	return err;
}

static int configure(int fd, int family, uint32_t mark)
{
	const struct option *options = family == AF_INET ? options_v4 : options_v6;
	size_t count = family == AF_INET ? sizeof(options_v4) / sizeof(options_v4[0])
					 : sizeof(options_v6) / sizeof(options_v6[0]);
	int err = mark ? set(fd, SOL_SOCKET, SO_MARK, (int)mark) : 0;

	for (size_t i = 0; i < count && !err; i++)
		err = set(fd, options[i].level, options[i].name, options[i].value);
	if (!err)
		grow_buffers(fd);
	return err;
}

static int bind_port(int fd, int family, uint16_t *port)
{
	union sockaddress address = {.any.sa_family = (sa_family_t)family};
	socklen_t len = family == AF_INET ? sizeof(address.v4) : sizeof(address.v6);

	/* The port lies at the same place in both, and "any" is all zero in both. */
	address.v4.sin_port = htons(*port);
	if (bind(fd, &address.any, len) < 0 || getsockname(fd, &address.any, &len) < 0)
		return -errno;
	*port = ntohs(address.v4.sin_port);
	return 0;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Beyond the system's limit where we may; else up to it, which is no error. */
static void grow_buffers(int fd)
{
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER) < 0)
		set(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER) < 0)
		set(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
}

/* Turns GRO on; sending in segments needs no turning on, only a kernel that knows it. */
static void find_offloads(struct udp_pair *udp)
{
	int fds[] = {udp->fd4, udp->fd6};

	udp->has_gro = udp->has_gso = true;
	for (int i = 0; i < 2; i++) {
		if (fds[i] < 0)
			continue;
		udp->has_gro &= set(fds[i], SOL_UDP, UDP_GRO, 1) == 0;
		udp->has_gso &= set(fds[i], SOL_UDP, UDP_SEGMENT, 0) == 0;
	}
}

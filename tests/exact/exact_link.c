/* A packet socket in another namespace. */
#include "exact_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int enter(const char *netns)
{
	char path[256];
	int fd, err;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int prepare(struct exact_link *link)
{
	const struct sockaddr_ll here = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = link->ifindex};
	int err = set(link->fd, SOL_PACKET, PACKET_VNET_HDR, 1);

	if (err == 0)
		err = set(link->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	if (err == 0)
		err = set(link->fd, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20);
	if (err == 0)
		err = set(link->fd, SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20);
	if (err == 0 && bind(link->fd, (const struct sockaddr *)&here, sizeof(here)) < 0)
		err = -errno;
	return err;
}

int exact_link_open(struct exact_link *link, const char *netns, const char *interface)
{
	int err = enter(netns);

	if (err < 0)
		return err;
	link->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0)
		return -errno;
	link->ifindex = (int)if_nametoindex(interface);
	err = link->ifindex == 0 ? -ENODEV : prepare(link);
	if (err < 0)
		exact_link_close(link);
	return err;
}

void exact_link_close(struct exact_link *link)
{
	close(link->fd);
	link->fd = -1;
}

int exact_link_send(const struct exact_link *link, const struct virtio_net_hdr *header,
	const uint8_t *bytes, size_t len)
{
	struct sockaddr_ll there = {.sll_family = AF_PACKET,
		.sll_protocol = htons(bytes[0] / 16 == 4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = link->ifindex};
	struct iovec pieces[] = {
		{(void *)(uintptr_t)header, sizeof(*header)}, {(void *)(uintptr_t)bytes, len}};
	const struct msghdr message = {.msg_name = &there,
		.msg_namelen = sizeof(there),
		.msg_iov = pieces,
		.msg_iovlen = 2};

	return sendmsg(link->fd, &message, 0) < 0 ? -errno : 0;
}

ssize_t exact_link_receive(
	const struct exact_link *link, struct virtio_net_hdr *header, uint8_t *bytes)
{
	struct iovec pieces[] = {{header, sizeof(*header)}, {bytes, EXACT_LINK_ROOM}};
	ssize_t len = readv(link->fd, pieces, 2);

	if (len < 0)
		return -errno;
	return len < (ssize_t)sizeof(*header) ? -EPROTO : len - (ssize_t)sizeof(*header);
}

unsigned exact_link_dropped(const struct exact_link *link)
{
	struct tpacket_stats stats = {0};
	socklen_t len = sizeof(stats);

	getsockopt(link->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len);
	return stats.tp_drops;
}

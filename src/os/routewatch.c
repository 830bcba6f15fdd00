/* Watching for changes of routing, by rtnetlink's groups; the messages are not looked into. */
#include "routewatch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#define GROUP(number) (1U << ((number)-1))

int routewatch_open(void)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = GROUP(RTNLGRP_IPV4_IFADDR) | GROUP(RTNLGRP_IPV6_IFADDR) |
			     GROUP(RTNLGRP_IPV4_ROUTE) | GROUP(RTNLGRP_IPV6_ROUTE) |
			     GROUP(RTNLGRP_IPV4_RULE) | GROUP(RTNLGRP_IPV6_RULE),
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

bool routewatch_read(int fd)
{
	bool any = false;
	char start;

	/* ENOBUFS tells of lost messages, once; EAGAIN that there are no more. */
	while (recv(fd, &start, sizeof(start), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		any = true;
	return any;
}

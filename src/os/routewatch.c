/* Watching for changes of routing, by rtnetlink's groups; the messages are not looked into. */
#include "routewatch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

static const int groups[] = {
	RTNLGRP_IPV4_IFADDR,
	RTNLGRP_IPV6_IFADDR,
	RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE,
	RTNLGRP_IPV4_RULE,
	RTNLGRP_IPV6_RULE,
};

int routewatch_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			    sizeof(groups[i])) < 0) {
			int err = -errno;

			close(fd);
			return err;
		}
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

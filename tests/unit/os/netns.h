/*
 * A network namespace of its own for a test: nothing of it is left when the test program ends, and
 * the machine's own network is out of reach. Needs root; a test without it is skipped.
 */
#ifndef CULVERT_TESTS_UNIT_OS_NETNS_H
#define CULVERT_TESTS_UNIT_OS_NETNS_H

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include "link.h"
#include "rtnl.h"

enum { NETNS_WAIT_MS = 5000 };

static struct rtnl netns_rtnl;

/* A fresh namespace with its loopback up; the one before is left. */
static inline void netns_enter(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		skip();
	rtnl_close(&netns_rtnl);
	assert_int_equal(rtnl_open(&netns_rtnl), 0);
	assert_int_equal(link_set_up(&netns_rtnl, 1, true), 0);
}

static inline void netns_add_address(uint32_t ifindex, const char *text, uint8_t bits)
{
	struct nlmsghdr *nlh = rtnl_begin(&netns_rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	unsigned char address[16];

	ifa->ifa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	ifa->ifa_prefixlen = bits;
	ifa->ifa_index = ifindex;
	if (ifa->ifa_family == AF_INET6)
		ifa->ifa_flags = IFA_F_NODAD;
	assert_int_equal(inet_pton(ifa->ifa_family, text, address), 1);
	mnl_attr_put(nlh, IFA_LOCAL, ifa->ifa_family == AF_INET6 ? 16 : 4, address);
	assert_int_equal(rtnl_finish(&netns_rtnl), 0);
}

static inline void netns_rename(uint32_t ifindex, const char *name)
{
	struct nlmsghdr *nlh = rtnl_begin(&netns_rtnl, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	assert_int_equal(rtnl_finish(&netns_rtnl), 0);
}

/* Waits, within bounds, until fd can be read. */
static inline void netns_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, NETNS_WAIT_MS), 1);
}

#endif

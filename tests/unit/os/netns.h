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

static inline int netns_see_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);

	*(bool *)context = route->rtm_type == RTN_LOCAL;
	return MNL_CB_OK;
}

/* True when what is sent to the IPv6 address arrives here. */
static inline bool netns_is_local(const unsigned char address[16], uint32_t ifindex)
{
	struct nlmsghdr *nlh = rtnl_begin(&netns_rtnl, RTM_GETROUTE, 0);
	struct rtmsg *route = mnl_nlmsg_put_extra_header(nlh, sizeof(*route));
	bool is_local = false;

	route->rtm_family = AF_INET6;
	route->rtm_dst_len = 128;
	mnl_attr_put(nlh, RTA_DST, 16, address);
	mnl_attr_put_u32(nlh, RTA_OIF, ifindex);
	return rtnl_query(&netns_rtnl, netns_see_route, &is_local) == 0 && is_local;
}

/*
 * The kernel makes an IPv6 address usable a little after it says that it is there; so for one the
 * interface must be up.
 */
static inline void netns_add_address(uint32_t ifindex, const char *text, uint8_t bits)
{
	struct nlmsghdr *nlh = rtnl_begin(&netns_rtnl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	uint8_t family = strchr(text, ':') ? AF_INET6 : AF_INET;
	unsigned char address[16];

	ifa->ifa_family = family;
	ifa->ifa_prefixlen = bits;
	ifa->ifa_index = ifindex;
	if (family == AF_INET6)
		ifa->ifa_flags = IFA_F_NODAD;
	assert_int_equal(inet_pton(family, text, address), 1);
	mnl_attr_put(nlh, IFA_LOCAL, family == AF_INET6 ? 16 : 4, address);
	assert_int_equal(rtnl_finish(&netns_rtnl), 0);
	for (int ms = 0; family == AF_INET6 && !netns_is_local(address, ifindex); ms++) {
		assert_true(ms < NETNS_WAIT_MS);
		poll(NULL, 0, 1);
	}
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

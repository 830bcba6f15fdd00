/* Watching an interface, and the routes. */
#include "unit.h"
#include "linkwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "netns.h"
#include "routewatch.h"
#include "tun.h"

static struct tun tun;
static struct linkwatch watch;

static uint32_t start(void)
{
	uint32_t ifindex;

	netns_enter();
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(link_find("t0", &ifindex), 0);
	assert_int_equal(linkwatch_open(&watch, "t0", -1), 0);
	assert_int_equal(watch.state.ifindex, ifindex);
	return ifindex;
}

static void stop(void)
{
	linkwatch_close(&watch);
	tun_close(&tun);
}

/* Waits for a change; wake-ups without one do not count. */
static void await_change(void)
{
	int changed;

	do {
		netns_wait(watch.fd);
		changed = linkwatch_read(&watch);
		assert_true(changed >= 0);
	} while (changed == 0);
}

static void sees_each_change(void **state)
{
	uint32_t ifindex = start();

	(void)state;
	assert_string_equal(watch.state.name, "t0");
	assert_true(watch.state.exists && !watch.state.is_up);
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
	await_change();
	assert_true(watch.state.is_up);
	assert_int_equal(link_set_mtu(&netns_rtnl, ifindex, 1280), 0);
	await_change();
	assert_int_equal(watch.state.mtu, 1280);
	netns_rename(ifindex, "t1");
	await_change();
	assert_string_equal(watch.state.name, "t1");
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, false), 0);
	await_change();
	assert_false(watch.state.is_up);
	assert_int_equal(link_delete(&netns_rtnl, ifindex), 0);
	await_change();
	assert_false(watch.state.exists);
	assert_string_equal(watch.state.name, "t1");
	assert_int_equal(linkwatch_read(&watch), 0);
	stop();
}

static void passes_others_over(void **state)
{
	struct tun other;
	uint32_t ifindex;

	(void)state;
	start();
	assert_int_equal(tun_open(&other, "t9", false), 0);
	assert_int_equal(link_find("t9", &ifindex), 0);
	assert_int_equal(link_set_mtu(&netns_rtnl, ifindex, 1280), 0);
	tun_close(&other);
	netns_wait(watch.fd);
	assert_int_equal(linkwatch_read(&watch), 0);
	assert_int_equal(linkwatch_read(&watch), 0);
	stop();
}

static void recovers_what_was_lost(void **state)
{
	uint32_t ifindex = start();
	int small = 1;

	(void)state;
	/* Room for hardly one message; the last change is not among those that arrive. */
	assert_int_equal(setsockopt(watch.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (uint32_t mtu = 1281; mtu <= 1400; mtu++)
		assert_int_equal(link_set_mtu(&netns_rtnl, ifindex, mtu), 0);
	assert_int_equal(linkwatch_read(&watch), 1);
	assert_int_equal(watch.state.mtu, 1400);
	stop();
}

static void needs_an_interface(void **state)
{
	(void)state;
	netns_enter();
	assert_int_equal(linkwatch_open(&watch, "t4711", -1), -ENODEV);
	assert_int_equal(watch.fd, -1);
}

static void notices_routes(void **state)
{
	int fd, small = 1;

	(void)state;
	netns_enter();
	fd = routewatch_open();
	assert_true(fd >= 0);
	assert_false(routewatch_read(fd));
	netns_add_address(1, "10.9.0.1", 24);
	netns_wait(fd);
	assert_true(routewatch_read(fd));
	assert_false(routewatch_read(fd));
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	for (int i = 2; i < 50; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.9.0.%d", i);
		netns_add_address(1, text, 24);
	}
	netns_wait(fd);
	assert_true(routewatch_read(fd));
	assert_false(routewatch_read(fd));
	close(fd);
}

static int own_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void move_link(uint32_t ifindex, int namespace_fd)
{
	struct nlmsghdr *nlh = rtnl_begin(&netns_rtnl, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)namespace_fd);
	assert_int_equal(rtnl_finish(&netns_rtnl), 0);
}

/* Up or down, done by somebody in the namespace `away`. */
static void set_up_in(int away, int home, const char *name, bool is_up)
{
	struct rtnl there;
	uint32_t ifindex;

	assert_int_equal(setns(away, CLONE_NEWNET), 0);
	assert_int_equal(rtnl_open(&there), 0);
	assert_int_equal(link_find(name, &ifindex), 0);
	assert_int_equal(link_set_up(&there, ifindex, is_up), 0);
	rtnl_close(&there);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
}

static ino_t inode_of(int fd)
{
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	return info.st_ino;
}

static void follows_to_another_namespace(void **state)
{
	int away, home, found, now;
	uint32_t ifindex;

	(void)state;
	netns_enter();
	away = own_namespace();
	ifindex = start();
	home = own_namespace();
	move_link(ifindex, away);
	await_change();
	assert_false(watch.state.exists);
	assert_int_equal(tun_refresh(&tun), 0);
	found = tun_namespace(&tun);
	assert_true(found >= 0);
	assert_int_equal(inode_of(found), inode_of(away));
	assert_int_equal(linkwatch_follow(&watch, found, tun.name), 0);
	now = own_namespace();
	assert_int_equal(inode_of(now), inode_of(home));
	assert_true(watch.state.exists && !watch.state.is_up);
	/* Changes there show, its deletion as the last. */
	set_up_in(away, home, tun.name, true);
	await_change();
	assert_true(watch.state.is_up);
	/* Not there; but heard of again. */
	assert_int_equal(linkwatch_follow(&watch, home, tun.name), -ENODEV);
	assert_false(watch.state.exists);
	assert_int_equal(linkwatch_follow(&watch, found, tun.name), 0);
	set_up_in(away, home, tun.name, false);
	await_change();
	assert_false(watch.state.is_up);
	tun_close(&tun);
	await_change();
	assert_false(watch.state.exists);
	stop();
	close(away);
	close(home);
	close(found);
	close(now);
}

/* A device of this name is here, too: the right one is the one in the namespace that was named. */
static void starts_in_another_namespace(void **state)
{
	int away, here;
	struct tun other;

	(void)state;
	netns_enter();
	away = own_namespace();
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	netns_enter();
	here = own_namespace();
	assert_int_equal(linkwatch_open(&watch, "t0", -1), -ENODEV);
	assert_int_equal(tun_open(&other, "t0", false), 0);
	assert_int_equal(linkwatch_open(&watch, "t0", here), 0);
	assert_int_equal(watch.nsid, NSID_OWN);
	linkwatch_close(&watch);
	assert_int_equal(linkwatch_open(&watch, "t0", away), 0);
	assert_int_not_equal(watch.nsid, NSID_OWN);
	set_up_in(away, here, "t0", true);
	await_change();
	assert_true(watch.state.is_up);
	assert_int_equal(linkwatch_read(&watch), 0);
	tun_close(&tun);
	await_change();
	assert_false(watch.state.exists);
	linkwatch_close(&watch);
	tun_close(&other);
	close(away);
	close(here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_each_change),
		cmocka_unit_test(passes_others_over),
		cmocka_unit_test(recovers_what_was_lost),
		cmocka_unit_test(needs_an_interface),
		cmocka_unit_test(notices_routes),
		cmocka_unit_test(follows_to_another_namespace),
		cmocka_unit_test(starts_in_another_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

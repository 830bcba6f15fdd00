/* Watching one interface: a message about it only says that its state is to be read again. */
#include "linkwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ensure.h"

struct question {
	uint32_t ifindex;
	bool is_about_it;
};

static int subscribe(struct linkwatch *watch);
static int drain(struct linkwatch *watch, bool *is_stale);
static int see_event(const struct nlmsghdr *message, void *context);
static int read_again(struct linkwatch *watch);
static bool same(const struct link_state *a, const struct link_state *b);

int linkwatch_open(struct linkwatch *watch, uint32_t ifindex)
{
	int err;

	watch->events = NULL;
	watch->fd = -1;
	err = rtnl_open(&watch->rtnl);
	/* First subscribed, then read: no change falls in between. */
	if (!err)
		err = subscribe(watch);
	if (!err)
		err = link_get(&watch->rtnl, ifindex, &watch->state);
	if (err)
		linkwatch_close(watch);
	return err;
}

void linkwatch_close(struct linkwatch *watch)
{
	if (watch->events)
		mnl_socket_close(watch->events);
	watch->events = NULL;
	watch->fd = -1;
	rtnl_close(&watch->rtnl);
}

int linkwatch_follow(struct linkwatch *watch, int namespace_fd, const char *name)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	uint32_t ifindex;
	int err = home < 0 ? -errno : 0;

	linkwatch_close(watch);
	if (!err && setns(namespace_fd, CLONE_NEWNET) < 0)
		err = -errno;
	if (!err) {
		err = link_find(name, &ifindex);
		if (!err)
			err = linkwatch_open(watch, ifindex);
		ENSURE(setns(home, CLONE_NEWNET) == 0);
	}
	if (home >= 0)
		close(home);
	return err;
}

static int subscribe(struct linkwatch *watch)
{
	watch->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->events || mnl_socket_bind(watch->events, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	watch->fd = mnl_socket_get_fd(watch->events);
	return 0;
}

int linkwatch_read(struct linkwatch *watch)
{
	bool is_stale = false;
	int err;

	if (!watch->state.exists)
		return 0;
	err = drain(watch, &is_stale);
	if (err || !is_stale)
		return err;
	return read_again(watch);
}

static int drain(struct linkwatch *watch, bool *is_stale)
{
	struct question question = {.ifindex = watch->state.ifindex};
	char *buffer = watch->rtnl.reply.bytes;

	for (;;) {
		ssize_t len = mnl_socket_recvfrom(watch->events, buffer, RTNL_REPLY_MAX);

		if (len < 0 && errno == EAGAIN)
			break;
		/* Lost (ENOBUFS) or cut short (ENOSPC): it may have been about this one. */
		if (len < 0 && (errno == ENOBUFS || errno == ENOSPC))
			question.is_about_it = true;
		else if (len < 0 && errno != EINTR)
			return -errno;
		else if (len > 0)
			mnl_cb_run(buffer, (size_t)len, 0, 0, see_event, &question);
	}
	*is_stale = question.is_about_it;
	return 0;
}

static int see_event(const struct nlmsghdr *message, void *context)
{
	struct question *question = context;
	struct link_state state;

	if (link_decode(message, &state) && state.ifindex == question->ifindex)
		question->is_about_it = true;
	return MNL_CB_OK;
}

static int read_again(struct linkwatch *watch)
{
	struct link_state now;
	int err = link_get(&watch->rtnl, watch->state.ifindex, &now);

	if (err == -ENODEV) {
		watch->state.exists = false;
		return 1;
	}
	if (err)
		return err;
	if (same(&now, &watch->state))
		return 0;
	watch->state = now;
	return 1;
}

static bool same(const struct link_state *a, const struct link_state *b)
{
	return strcmp(a->name, b->name) == 0 && a->mtu == b->mtu && a->is_up == b->is_up;
}

/* Watching one interface: a message about it only says that its state is to be read again. */
#include "linkwatch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include "nsid.h"

struct question {
	uint32_t ifindex;
	bool is_about_it;
};

static int go_elsewhere(struct linkwatch *watch, int namespace_fd);
static int subscribe(struct linkwatch *watch);
static int drain(struct linkwatch *watch, bool *is_stale);
static int see_event(const struct nlmsghdr *message, void *context);
static int read_again(struct linkwatch *watch);
static bool same(const struct link_state *a, const struct link_state *b);

int linkwatch_open(struct linkwatch *watch, const char *name, int namespace_fd)
{
	int err;

	watch->events = NULL;
	watch->fd = -1;
	watch->nsid = NSID_OWN;
	err = rtnl_open(&watch->rtnl);
	/* First subscribed, then read: no change falls in between. */
	if (!err)
		err = subscribe(watch);
	if (!err && namespace_fd >= 0 && !nsid_is_own(namespace_fd))
		err = go_elsewhere(watch, namespace_fd);
	if (!err)
		err = link_get_named(&watch->rtnl, watch->nsid, name, &watch->state);
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
	struct link_state state = {.exists = false};
	int err = nsid_find(&watch->rtnl, namespace_fd, &watch->nsid);

	if (!err)
		err = link_get_named(&watch->rtnl, watch->nsid, name, &state);
	watch->state = state;
	return err;
}

static int listen_everywhere(struct linkwatch *watch)
{
	int on = 1;

	return mnl_socket_setsockopt(watch->events, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) < 0
		       ? -errno
		       : 0;
}

/* Where it begins it must be heard: who never learns that it is up never opens a socket. */
static int go_elsewhere(struct linkwatch *watch, int namespace_fd)
{
	int err = listen_everywhere(watch);

	return err ? err : nsid_find(&watch->rtnl, namespace_fd, &watch->nsid);
}

static int subscribe(struct linkwatch *watch)
{
	watch->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!watch->events)
		return -errno;
	/*
	 * Also of other namespaces that have a number here, should the interface move to one. The right
	 * to it (CAP_NET_BROADCAST) is the opener's: it outlives the process's own.
	 */
	listen_everywhere(watch);
	if (mnl_socket_bind(watch->events, RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	watch->fd = mnl_socket_get_fd(watch->events);
	return 0;
}

int linkwatch_read(struct linkwatch *watch)
{
	bool is_stale = false;
	int err;

	err = drain(watch, &is_stale);
	if (err || !is_stale)
		return err;
	return watch->state.exists ? read_again(watch) : 1;
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
	int err = link_get(&watch->rtnl, watch->nsid, watch->state.ifindex, &now);

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

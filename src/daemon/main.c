/*
 * culvertd: a userspace WireGuard for one interface. Arguments, environment, set-up in order, and
 * taking it all down again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "control.h"
#include "crypto_init.h"
#include "daemonize.h"
#include "limits.h"
#include "log.h"
#include "loop.h"
#include "arguments.h"
#include "routewatch.h"
#include "signals.h"
#include "tunnel.h"
#include "unixsock.h"

/* What runs, in the order in which it is set up; what is not there yet is not taken down. */
struct daemon {
	struct log log;
	int signals;
	struct tun tun; /* until the tunnel has it */
	int listener;
	char socket_path[UNIXSOCK_PATH_MAX];
	struct sockwatch socket_file;
	bool has_socket_file;
	struct linkwatch link;
	bool has_link;
	struct tunnel tunnel;
	bool has_tunnel;
	struct control *control;
	int public_listener;
	char public_path[UNIXSOCK_PATH_MAX];
	struct control *public_control;
	char complaint[DAEMONIZE_MESSAGE_MAX]; /* why it does not start, or ended */
};

/* The descriptor that the variable names; -1 when it is not set; -EINVAL when it is no number. */
static int env_fd(const char *name)
{
	const char *value = getenv(name);
	char *end;
	long fd;

	if (!value || !*value)
		return -1;
	errno = 0;
	fd = strtol(value, &end, 10);
	return *end || errno || fd < 0 || fd > 1 << 20 ? -EINVAL : (int)fd;
}

/* Keys stay in this process: no core dump, nobody attaches. */
static void keep_secrets_in(void)
{
	static const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Keeps what failed for the last word, with a hint where there is one. */
static int complain(struct daemon *daemon, const char *what, int err)
{
	static const struct {
		int err;
		const char *hint;
	} hints[] = {
		{-EPERM, " (root, or CAP_NET_ADMIN, is needed)"},
		{-EACCES, " (root is needed)"},
		{-EBUSY, " (does another daemon run this interface?)"},
		{-EADDRINUSE, " (another daemon answers there)"},
	};
	const char *hint = "";

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].err == err)
			hint = hints[i].hint;
	snprintf(daemon->complaint, sizeof(daemon->complaint), "%s: %s: %s%s",
		daemon->log.interface, what, strerror(-err), hint);
	return err;
}

static int open_tun(struct daemon *daemon, const char *interface)
{
	int fd = env_fd("WG_TUN_FD");
	int err = fd;

	if (fd >= 0)
		err = tun_adopt(&daemon->tun, fd);
	else if (fd == -1)
		err = tun_open(&daemon->tun, interface, false);
	if (err == 0 && daemon->tun.has_header)
		tun_set_offloads(&daemon->tun, TUN_OFFLOAD_ALL);
	if (err == 0)
		daemon->log.interface = daemon->tun.name;
	else if (fd != -1)
		complain(daemon, "Taking the TUN device that WG_TUN_FD names", err);
	else if (err == -ENOENT || err == -ENODEV)
		complain(daemon, "Opening /dev/net/tun (try: modprobe tun)", err);
	else if (err == -EINVAL)
		complain(daemon, "Creating the TUN device (is there an interface of another kind?)",
			err);
	else
		complain(daemon, "Creating the TUN device", err);
	return err;
}

/* The control socket; when it is an inherited one, there may be no file of it to watch. */
static int open_listener(struct daemon *daemon)
{
	int fd = env_fd("WG_UAPI_FD");
	int err =
		fd < -1 ? fd
			: unixsock_path(daemon->socket_path, UNIXSOCK_DIRECTORY, daemon->tun.name);

	if (err == 0 && fd >= 0)
		err = unixsock_adopt(fd);
	if (err < 0)
		return complain(daemon, "Taking the control socket that WG_UAPI_FD names", err);
	daemon->listener = fd >= 0 ? fd : unixsock_listen(UNIXSOCK_DIRECTORY, daemon->tun.name);
	if (daemon->listener < 0)
		return complain(daemon, "Opening the control socket in " UNIXSOCK_DIRECTORY,
			daemon->listener);
	err = sockwatch_open(&daemon->socket_file, daemon->socket_path);
	daemon->has_socket_file = err == 0;
	if (err < 0 && fd < 0) {
		unlink(daemon->socket_path);
		return complain(daemon, "Watching the control socket's file", err);
	}
	return 0;
}

/* Everybody's socket. A tunnel without it is still one, so what fails is only said. */
static void open_public(struct daemon *daemon)
{
	int err = unixsock_path_public(
		daemon->public_path, UNIXSOCK_DIRECTORY, daemon->log.interface);

	if (err == 0)
		err = daemon->public_listener =
			unixsock_listen_public(UNIXSOCK_DIRECTORY, daemon->log.interface);
	if (err >= 0)
		err = control_create(&daemon->public_control, &daemon->tunnel,
			daemon->public_listener, CONTROL_PUBLIC);
	if (err < 0)
		log_error(&daemon->log, "Opening %s: %s", daemon->public_path, strerror(-err));
}

static void close_public(struct daemon *daemon)
{
	control_destroy(daemon->public_control);
	if (daemon->public_listener < 0)
		return;
	unlink(daemon->public_path);
	close(daemon->public_listener);
}

/* A device that we made starts with the MTU of every WireGuard. */
static int open_link(struct daemon *daemon)
{
	uint32_t ifindex;
	int err = link_find(daemon->tun.name, &ifindex);

	if (err == 0)
		err = linkwatch_open(&daemon->link, ifindex);
	if (err < 0)
		return complain(daemon, "Watching the interface", err);
	daemon->has_link = true;
	if (env_fd("WG_TUN_FD") != -1)
		return 0;
	err = link_set_mtu(&daemon->link.rtnl, ifindex, MTU_DEFAULT);
	if (err == 0)
		err = linkwatch_read(&daemon->link);
	return err < 0 ? complain(daemon, "Setting the interface's MTU", err) : 0;
}

static int set_up(struct daemon *daemon, const struct arguments *arguments)
{
	int err;

	daemon->signals = signals_open();
	if (daemon->signals < 0)
		return complain(daemon, "Listening to signals", daemon->signals);
	if (!crypto_init())
		return complain(daemon, "Starting libsodium", -ENOSYS);
	err = open_tun(daemon, arguments->interface);
	if (err == 0)
		err = open_listener(daemon);
	if (err == 0)
		err = open_link(daemon);
	if (err < 0)
		return err;
	err = tunnel_init(
		&daemon->tunnel, &daemon->tun, &tunnel_limits, arguments->threads, &daemon->log);
	daemon->tun.fd = -1;
	daemon->has_tunnel = err == 0;
	if (err == 0)
		err = control_create(
			&daemon->control, &daemon->tunnel, daemon->listener, CONTROL_FULL);
	if (err == 0)
		open_public(daemon);
	return err < 0 ? complain(daemon, "Setting the tunnel up", err) : 0;
}

static void take_down(struct daemon *daemon)
{
	if (daemon->has_socket_file) {
		if (!sockwatch_check(&daemon->socket_file))
			unlink(daemon->socket_path);
		sockwatch_close(&daemon->socket_file);
	}
	close_public(daemon);
	control_destroy(daemon->control);
	if (daemon->listener >= 0)
		close(daemon->listener);
	if (daemon->has_tunnel)
		tunnel_fini(&daemon->tunnel);
	if (daemon->has_link)
		linkwatch_close(&daemon->link);
	tun_close(&daemon->tun);
	if (daemon->signals >= 0)
		close(daemon->signals);
}

static int run(struct daemon *daemon)
{
	struct loop loop = {.tunnel = &daemon->tunnel,
		.control = daemon->control,
		.public_control = daemon->public_control,
		.link = &daemon->link,
		.signals = daemon->signals,
		.routes = routewatch_open(),
		.socket_file = daemon->has_socket_file ? &daemon->socket_file : NULL};
	int err = loop_run(&loop);

	if (loop.routes >= 0)
		close(loop.routes);
	return err < 0 ? complain(daemon, "Waiting for packets", err) : 0;
}

/* Sets up, lets the parent go and runs; what fails is said by whom the user sees. */
static int start(struct daemon *daemon, const struct arguments *arguments, struct daemonize *parent)
{
	int err = set_up(daemon, arguments);

	if (err == 0) {
		err = daemonize_ready(parent, getenv("LOG_LEVEL") != NULL);
		if (err < 0)
			complain(daemon, "Going into the background", err);
	}
	if (err == 0)
		err = run(daemon);
	take_down(daemon);
	if (err < 0 && parent->fd >= 0)
		daemonize_fail(parent, daemon->complaint);
	else if (err < 0)
		fprintf(stderr, "culvertd: %s\n", daemon->complaint);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* In the background the parent waits here until its child can be configured. */
static int go_to_background(struct daemonize *parent)
{
	int side = daemonize_fork(parent);

	switch (side) {
	case DAEMONIZE_CHILD:
		return -1;
	case DAEMONIZE_STARTED:
		return EXIT_SUCCESS;
	case DAEMONIZE_FAILED:
		fprintf(stderr, "culvertd: %s\n", parent->message);
		return EXIT_FAILURE;
	default:
		fprintf(stderr, "culvertd: going into the background: %s\n", strerror(-side));
		return EXIT_FAILURE;
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct daemonize parent = {.fd = -1};
	struct daemon daemon = {
		.signals = -1, .tun = {.fd = -1}, .listener = -1, .public_listener = -1};
	int status = arguments_parse(argc, argv, &arguments);

	if (status >= 0)
		return status;
	if (!arguments.is_foreground) {
		status = go_to_background(&parent);
		if (status >= 0)
			return status;
	}
	keep_secrets_in();
	daemon.log = (struct log){log_level_parse(getenv("LOG_LEVEL")), arguments.interface};
	return start(&daemon, &arguments, &parent);
}

/*
 * Setting up in order, and the words for what goes wrong.
 */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "crypto_init.h"
#include "inherit.h"
#include "limits.h"
#include "link.h"
#include "routewatch.h"
#include "signals.h"
#include "unixsock.h"

int setup_complain(struct daemon *daemon, const char *what, int err)
{
	static const struct {
		int err;
		const char *hint;
	} hints[] = {
		{-EPERM, " (root, or CAP_NET_ADMIN, is needed)"},
		{-EACCES, " (root is needed)"},
		{-EBUSY, " (does another daemon run this interface?)"},
		{-EADDRINUSE, " (another daemon answers there)"},
		{-EMFILE, " (more open files must be allowed, see ulimit -n)"},
	};
	const char *hint = "";

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].err == err)
			hint = hints[i].hint;
	snprintf(daemon->complaint, sizeof(daemon->complaint), "%s: %s: %s%s",
		daemon->log.interface, what, strerror(-err), hint);
	return err;
}

/* From a service manager's store, from a daemon that died, or new. */
static int find_tun(struct daemon *daemon, int stored, const char *interface)
{
	uint32_t ifindex;

	if (stored >= 0) {
		if (tun_adopt(&daemon->tun, stored) == 0)
			return 0;
		close(stored); /* its interface was deleted */
	}
	daemon->is_new = link_find(interface, &ifindex) == -ENODEV;
	return tun_open(&daemon->tun, interface, false);
}

/* The ends of the daemon that runs the interface, whose they stay for now. */
static int take_ends(struct daemon *daemon)
{
	struct handover *handover = &daemon->handover;
	int err = handover_ask(handover);

	daemon->listener = handover->ends.listener;
	daemon->public_listener = handover->ends.public_listener;
	if (err < 0) {
		if (handover->ends.tun >= 0)
			close(handover->ends.tun);
		return setup_complain(daemon, handover->refusal, err);
	}
	err = tun_adopt(&daemon->tun, handover->ends.tun);
	if (err < 0) {
		close(handover->ends.tun);
		return setup_complain(daemon, "Taking the TUN device over", err);
	}
	if (daemon->tun.has_header)
		tun_set_offloads(&daemon->tun, TUN_OFFLOAD_ALL);
	daemon->log.interface = daemon->tun.name;
	return 0;
}

static int open_tun(struct daemon *daemon, int stored, const char *interface)
{
	int fd = inherit_tun();
	int err = fd;

	daemon->is_given = fd != INHERIT_NONE;
	if (fd >= 0)
		err = tun_adopt(&daemon->tun, fd);
	else if (fd == INHERIT_NONE)
		err = find_tun(daemon, stored, interface);
	if (err == 0 && daemon->tun.has_header)
		tun_set_offloads(&daemon->tun, TUN_OFFLOAD_ALL);
	if (err == 0)
		daemon->log.interface = daemon->tun.name;
	else if (daemon->is_given)
		setup_complain(daemon, "Taking the TUN device that WG_TUN_FD names", err);
	else if (err == -ENOENT || err == -ENODEV)
		setup_complain(daemon, "Opening /dev/net/tun (try: modprobe tun)", err);
	else if (err == -EINVAL)
		setup_complain(daemon,
			"Creating the TUN device (is there an interface of another kind?)", err);
	else
		setup_complain(daemon, "Creating the TUN device", err);
	return err;
}

/* The control socket; when it is an inherited one, there may be no file of it to watch. */
static int open_listener(struct daemon *daemon, int managed)
{
	int given = daemon->listener >= 0 ? daemon->listener : inherit_listener();
	int fd = given == INHERIT_NONE ? managed : given;
	int err = fd < INHERIT_NONE ? fd
				    : unixsock_path(daemon->socket_path, UNIXSOCK_DIRECTORY,
					      daemon->tun.name);

	if (err == 0 && fd >= 0)
		err = unixsock_adopt(fd);
	if (err < 0)
		return setup_complain(
			daemon, "Taking the control socket that was handed over", err);
	daemon->listener = fd >= 0 ? fd : unixsock_listen(UNIXSOCK_DIRECTORY, daemon->tun.name);
	if (daemon->listener < 0)
		return setup_complain(daemon, "Opening the control socket in " UNIXSOCK_DIRECTORY,
			daemon->listener);
	daemon->has_files = daemon->handover.fd < 0;
	err = sockwatch_open(&daemon->socket_file, daemon->socket_path);
	daemon->has_socket_file = err == 0;
	if (err < 0 && fd < 0) {
		unlink(daemon->socket_path);
		return setup_complain(daemon, "Watching the control socket's file", err);
	}
	return 0;
}

/*
 * One that was handed in may be in another network namespace. Who has no right over that one is not
 * told which it is: then it is looked for here.
 */
static int watch_link(struct daemon *daemon)
{
	int namespace_fd = tun_namespace(&daemon->tun);
	int err = linkwatch_open(&daemon->link, daemon->tun.name, namespace_fd);

	if (namespace_fd >= 0)
		close(namespace_fd);
	if (err == -ENODEV && namespace_fd < 0)
		return setup_complain(daemon,
			"Finding the interface (is it in another network namespace? Then "
			"start culvertd as root, with --user)",
			err);
	return err < 0 ? setup_complain(daemon, "Watching the interface", err) : 0;
}

/* A device that we made starts with the MTU of every WireGuard. */
static int open_link(struct daemon *daemon)
{
	int err = watch_link(daemon);

	if (err < 0)
		return err;
	daemon->has_link = true;
	if (!daemon->is_new)
		return 0;
	err = link_set_mtu(&daemon->link.rtnl, daemon->link.state.ifindex, MTU_DEFAULT);
	if (err == 0)
		err = linkwatch_read(&daemon->link);
	return err < 0 ? setup_complain(daemon, "Setting the interface's MTU", err) : 0;
}

/* Everybody's socket. A tunnel without it is still one, so what fails is only said. */
static void open_public(struct daemon *daemon)
{
	const char *interface = daemon->log.interface;
	int err = unixsock_path_public(daemon->public_path, UNIXSOCK_DIRECTORY, interface);

	if (err == 0 && daemon->public_listener >= 0)
		err = unixsock_adopt(daemon->public_listener);
	else if (err == 0)
		err = daemon->public_listener =
			unixsock_listen_public(UNIXSOCK_DIRECTORY, interface);
	if (err >= 0)
		err = control_create(&daemon->public_control, &daemon->tunnel,
			daemon->public_listener, CONTROL_PUBLIC);
	/* Who was given a control socket, having no right to make one, has none of these. */
	if (err == -EACCES || err == -EROFS)
		log_verbose(&daemon->log, "Opening %s: %s", daemon->public_path, strerror(-err));
	else if (err < 0)
		log_error(&daemon->log, "Opening %s: %s", daemon->public_path, strerror(-err));
}

static void close_public(struct daemon *daemon)
{
	control_destroy(daemon->public_control);
	if (daemon->public_listener < 0)
		return;
	if (daemon->has_files)
		unlink(daemon->public_path);
	close(daemon->public_listener);
}

int setup_open(struct daemon *daemon, const struct arguments *arguments)
{
	struct inherited managed = inherit_managed();
	int err;

	daemon->public_listener = managed.public_listener;

	/*
	 * Who goes into the background is no main process, to which a manager would listen, unless
	 * it goes on for that.
	 */
	if ((arguments->is_foreground || arguments->is_replacing) &&
		service_open(&daemon->service) < 0)
		log_error(
			&daemon->log, "The service manager that NOTIFY_SOCKET names is not there");
	daemon->service.is_successor = !arguments->is_foreground;
	daemon->signals = signals_open();
	if (daemon->signals < 0)
		return setup_complain(daemon, "Listening to signals", daemon->signals);
	if (!crypto_init())
		return setup_complain(daemon, "Starting libsodium", -ENOSYS);
	err = arguments->is_replacing ? take_ends(daemon)
				      : open_tun(daemon, managed.tun, arguments->interface);
	if (err == 0)
		err = open_listener(daemon, managed.listener);
	if (err == 0)
		err = open_link(daemon);
	if (err < 0)
		return err;
	daemon->routes = routewatch_open();
	err = tunnel_init(&daemon->tunnel, &daemon->tun, &tunnel_limits, &daemon->log);
	daemon->tun.fd = -1;
	daemon->has_tunnel = err == 0;
	if (err == 0)
		err = control_create(
			&daemon->control, &daemon->tunnel, daemon->listener, CONTROL_FULL);
	if (err < 0)
		return setup_complain(daemon, "Setting the tunnel up", err);
	open_public(daemon);
	control_offer(daemon->control, &(struct handover_ends){daemon->tunnel.tun.fd,
					       daemon->listener, daemon->public_listener});
	return 0;
}

void setup_close(struct daemon *daemon)
{
	/*
	 * Who waits for the end waits for the control socket's file to go, and may start another
	 * daemon then: until there the listen port and everybody's socket have to be free.
	 */
	if (daemon->has_tunnel)
		tunnel_close_sockets(&daemon->tunnel);
	close_public(daemon);
	if (daemon->has_socket_file) {
		if (daemon->has_files && !sockwatch_check(&daemon->socket_file))
			unlink(daemon->socket_path);
		sockwatch_close(&daemon->socket_file);
	}
	control_destroy(daemon->control);
	if (daemon->listener >= 0)
		close(daemon->listener);
	if (daemon->has_tunnel)
		tunnel_fini(&daemon->tunnel);
	if (daemon->routes >= 0)
		close(daemon->routes);
	if (daemon->has_link)
		linkwatch_close(&daemon->link);
	tun_close(&daemon->tun);
	if (daemon->signals >= 0)
		close(daemon->signals);
	service_close(&daemon->service);
	handover_fini(&daemon->handover);
}

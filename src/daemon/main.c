/*
 * culvertd: a userspace WireGuard for one interface. Arguments, going into the background, giving up
 * what only set-up needed, and the life in between.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "arguments.h"
#include "callfilter.h"
#include "daemonize.h"
#include "loop.h"
#include "pathfence.h"
#include "privileges.h"
#include "setup.h"
#include "unixsock.h"

/* Keys stay in this process: no core dump, nobody attaches. */
static void keep_secrets_in(void)
{
	static const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/*
 * The allocator gives threads arenas of their own, up to so many a processor, and from the ninth on
 * reads that number from a file: when it does, no file can be opened any more. Two are enough.
 */
static void limit_arenas(void)
{
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 2);
#endif
}

/*
 * All that needs more is open: from here on there are only the rights, the files and the system
 * calls of a tunnel at work. The threads start in between: they inherit the first two, and the last
 * need not allow for them.
 */
static int confine(struct daemon *daemon, const struct account *account, unsigned threads)
{
	int err = privileges_drop(account);

	if (err < 0)
		return setup_complain(
			daemon, account ? "Becoming another user" : "Giving up privileges", err);
	keep_secrets_in(); /* another user could be traced and dumped again */
	err = pathfence_close(UNIXSOCK_DIRECTORY);
	if (err == -ENOSYS || err == -EOPNOTSUPP)
		log_verbose(&daemon->log, "The kernel has no Landlock; the filter of system calls "
					  "alone keeps files away");
	else if (err < 0)
		return setup_complain(daemon, "Closing the file system", err);
	limit_arenas();
	err = tunnel_start(&daemon->tunnel, threads);
	if (err < 0)
		return setup_complain(daemon, "Starting threads", err);
	err = callfilter_install();
	if (err == -EOPNOTSUPP)
		log_error(&daemon->log, "The kernel cannot filter system calls: all stay allowed");
	else if (err < 0)
		return setup_complain(daemon, "Filtering system calls", err);
	return 0;
}

static int run(struct daemon *daemon)
{
	struct loop loop = {.tunnel = &daemon->tunnel,
		.duties = {daemon->is_persistent, daemon->service.every_ns},
		.control = daemon->control,
		.public_control = daemon->public_control,
		.link = &daemon->link,
		.service = &daemon->service,
		.signals = daemon->signals,
		.routes = daemon->routes,
		.socket_file = daemon->has_socket_file ? &daemon->socket_file : NULL};
	int err = loop_run(&loop);

	daemon->has_files = daemon->has_files && !loop.is_replaced;
	daemon->is_persistent = daemon->is_persistent && !loop.is_replaced;
	if (!loop.is_replaced)
		service_stopping(&daemon->service);
	return err < 0 ? setup_complain(daemon, "Waiting for packets", err) : 0;
}

/* Whatever ends the daemon otherwise than in order leaves the interface there, and shut. */
static int run_persistent(struct daemon *daemon)
{
	int err = tun_set_persistent(&daemon->tunnel.tun, true);

	if (err < 0)
		return setup_complain(daemon, "Making the interface persistent", err);
	err = run(daemon);
	/* Unless the interface is another daemon's now. */
	if (err == 0 && daemon->is_persistent)
		tun_set_persistent(&daemon->tunnel.tun, false);
	return err;
}

/* The tunnel of the daemon that ran it so far: from here on it is ours. */
static int take_over(struct daemon *daemon)
{
	struct handover_duties duties;
	int err = handover_take(&daemon->handover, &daemon->tunnel, &duties);

	if (err < 0)
		return setup_complain(daemon, daemon->handover.refusal, err);
	daemon->has_files = true;
	daemon->is_persistent = daemon->is_persistent || duties.is_persistent;
	/* A manager tells only the process that it starts as the main one. */
	if (daemon->service.every_ns == 0)
		daemon->service.every_ns = duties.watchdog_ns;
	return 0;
}

/* Sets up, lets the parent go and runs; what fails is said by whom the user sees. */
static int start(struct daemon *daemon, const struct arguments *arguments,
	const struct account *account, struct daemonize *parent)
{
	int err = setup_open(daemon, arguments);

	if (err == 0) {
		err = daemonize_detach(
			parent, getenv("LOG_LEVEL") != NULL || daemon->service.fd >= 0);
		if (err < 0)
			setup_complain(daemon, "Going into the background", err);
	}
	if (err == 0)
		err = confine(daemon, account, arguments->threads);
	daemon->is_persistent = arguments->is_persistent && !daemon->is_given;
	if (err == 0 && arguments->is_replacing)
		err = take_over(daemon);
	if (err == 0) {
		service_ready(&daemon->service, daemon->tunnel.tun.name, daemon->tunnel.tun.fd,
			tunnel_now().at);
		handover_fini(&daemon->handover);
		err = daemonize_ready(parent);
		if (err < 0)
			setup_complain(daemon, "Going into the background", err);
	}
	if (err == 0)
		err = (daemon->is_persistent ? run_persistent : run)(daemon);
	setup_close(daemon);
	if (err < 0 && parent->fd >= 0)
		daemonize_fail(parent, daemon->complaint);
	else if (err < 0)
		fprintf(stderr, "culvertd: %s\n", daemon->complaint);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* In the background the parent waits here until its child can be configured. */
static int go_to_background(struct daemonize *parent, const struct arguments *arguments)
{
	/* A manager sees the end of its own children only. */
	int side = daemonize_fork(parent, arguments->is_replacing);

	switch (side) {
	case DAEMONIZE_CHILD:
		return -1;
	case DAEMONIZE_STARTED:
		/* The old one ends when this process does, which has the connection, too. */
		if (arguments->is_replacing)
			service_succeed(parent->child, arguments->interface);
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
	struct daemon daemon = SETUP_NOTHING;
	struct account account;
	int status = arguments_parse(argc, argv, &arguments);

	if (status >= 0)
		return status;
	if (arguments.user && account_find(arguments.user, &account) < 0) {
		fprintf(stderr, "culvertd: there is no user called %s\n", arguments.user);
		return EXIT_FAILURE;
	}
	daemon.log = (struct log){log_level_parse(getenv("LOG_LEVEL")), arguments.interface};
	if (arguments.is_replacing) {
		status = handover_connect(&daemon.handover, arguments.interface);
		if (status < 0) {
			fprintf(stderr, "culvertd: %s: %s: %s\n", arguments.interface,
				daemon.handover.refusal, strerror(-status));
			return EXIT_FAILURE;
		}
	}
	if (!arguments.is_foreground) {
		status = go_to_background(&parent, &arguments);
		if (status >= 0)
			return status;
	}
	keep_secrets_in();
	return start(&daemon, &arguments, arguments.user ? &account : NULL, &parent);
}

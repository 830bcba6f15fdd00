/*
 * culvertd: a userspace WireGuard for one interface. Arguments, environment, set-up in order, and
 * taking it all down again.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "control.h"
#include "crypto_init.h"
#include "daemonize.h"
#include "log.h"
#include "loop.h"
#include "routewatch.h"
#include "signals.h"
#include "tunnel.h"
#include "unixsock.h"

static const char usage[] =
	"Usage: culvertd [-f | --foreground] [--threads N] INTERFACE\n"
	"       culvertd --version | --help\n"
	"\n"
	"Creates the TUN device INTERFACE and runs a WireGuard tunnel on it, to be set up\n"
	"with wg(8) or wg-quick(8). Goes into the background once it can be.\n"
	"  --threads N   threads that move data, 1 to 64; default: one for each core, up to 8\n"
	"\n"
	"Environment: LOG_LEVEL (verbose, error, silent), WG_PROCESS_FOREGROUND=1,\n"
	"WG_TUN_FD and WG_UAPI_FD (inherited descriptors). See culvertd(8).\n";

/* More threads than this have nothing to do: one loop makes the system calls. */
enum { DEFAULT_THREADS_MAX = 8 };

struct options {
	const char *interface;
	bool is_foreground;
	unsigned threads;
};

/* What runs, in the order in which it is set up. */
struct daemon {
	struct log log;
	struct tun tun;
	int listener;
	char socket_path[UNIXSOCK_PATH_MAX];
	struct sockwatch socket_file;
	bool has_socket_file;
	struct linkwatch link;
	struct tunnel tunnel;
	struct control *control;
	int signals;
};

static bool env_is_one(const char *name)
{
	const char *value = getenv(name);

	return value && strcmp(value, "1") == 0;
}

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

/* One thread for each core, as far as that pays. */
static unsigned default_threads(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 1 ? 1 : cores > DEFAULT_THREADS_MAX ? DEFAULT_THREADS_MAX : (unsigned)cores;
}

/* 0 when the text is not a number of threads. */
static unsigned parse_threads(const char *text)
{
	char *end;
	long threads = strtol(text, &end, 10);

	return *text && !*end && threads >= 1 && threads <= POOL_THREADS_MAX ? (unsigned)threads
									     : 0;
}

static int refuse(const char *what, const char *word)
{
	fprintf(stderr, "culvertd: %s%s\n%s", what, word, usage);
	return EXIT_FAILURE;
}

/* Returns -1 to go on, or the exit status. */
static int check_arguments(char **words, struct options *options)
{
	if (options->threads == 0)
		return refuse("--threads wants a number from 1 to 64", "");
	if (!words[0])
		return refuse("no interface is named", "");
	if (words[1])
		return refuse("one interface is enough: ", words[1]);
	if (!tun_name_valid(words[0]))
		return refuse("not a name for an interface (1 to 15 letters, digits or _=+.-): ",
			words[0]);
	options->interface = words[0];
	return -1;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	enum { THREADS = 256, VERSION };
	static const struct option words[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"threads", required_argument, NULL, THREADS},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int word;

	*options = (struct options){
		.is_foreground = env_is_one("WG_PROCESS_FOREGROUND"), .threads = default_threads()};
	while ((word = getopt_long(argc, argv, "fh", words, NULL)) != -1) {
		switch (word) {
		case 'f':
			options->is_foreground = true;
			break;
		case THREADS:
			options->threads = parse_threads(optarg);
			break;
		case VERSION:
			printf("culvertd v" CULVERT_VERSION "\n");
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_FAILURE;
		}
	}
	return check_arguments(argv + optind, options);
}

/* Keys stay in this process: no core dump, nobody attaches. */
static void keep_secrets_in(void)
{
	static const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int open_tun(struct daemon *daemon, const char *interface)
{
	int fd = env_fd("WG_TUN_FD");
	int err;

	if (fd < -1)
		return fd;
	err = fd >= 0 ? tun_adopt(&daemon->tun, fd) : tun_open(&daemon->tun, interface, false);
	if (err == 0 && daemon->tun.has_header)
		tun_set_offloads(&daemon->tun, TUN_OFFLOAD_ALL);
	return err;
}

static int open_listener(struct daemon *daemon, const char *interface)
{
	int fd = env_fd("WG_UAPI_FD");
	int err;

	if (fd < -1)
		return fd;
	err = unixsock_path(daemon->socket_path, UNIXSOCK_DIRECTORY, interface);
	if (err < 0)
		return err;
	daemon->listener = fd >= 0 ? fd : unixsock_listen(UNIXSOCK_DIRECTORY, interface);
	if (daemon->listener < 0)
		return daemon->listener;
	err = fd >= 0 ? unixsock_adopt(fd) : 0;
	if (err < 0)
		return err;
	/* An inherited socket may stand anywhere; then there is no file to watch. */
	daemon->has_socket_file = sockwatch_open(&daemon->socket_file, daemon->socket_path) == 0;
	return daemon->has_socket_file || fd >= 0 ? 0 : -EIO;
}

/* Says what failed, with a hint where there is one. */
static int complain(struct daemon *daemon, const char *what, int err)
{
	const char *hint = err == -EPERM || err == -EACCES
				   ? " (root, or CAP_NET_ADMIN, is needed)"
			   : err == -EBUSY ? " (does another daemon run this interface?)"
			   : err == -EADDRINUSE
				   ? " (another daemon answers on its control socket)"
			   : err == -ENOENT ? " (is there a /dev/net/tun? try: modprobe tun)"
					    : "";

	log_error(&daemon->log, "%s: %s%s", what, strerror(-err), hint);
	return err;
}

static int set_up(struct daemon *daemon, const struct options *options)
{
	uint32_t ifindex;
	int err;

	if (!crypto_init())
		return complain(daemon, "Starting libsodium", -ENOSYS);
	err = open_tun(daemon, options->interface);
	if (err < 0)
		return complain(daemon, "Creating the TUN device", err);
	daemon->log.interface = daemon->tun.name;
	err = open_listener(daemon, options->interface);
	if (err < 0)
		return complain(daemon, "Opening the control socket", err);
	err = link_find(daemon->tun.name, &ifindex);
	if (err == 0)
		err = linkwatch_open(&daemon->link, ifindex);
	if (err < 0)
		return complain(daemon, "Watching the interface", err);
	err = tunnel_init(&daemon->tunnel, &daemon->tun, options->threads, &daemon->log);
	daemon->tun.fd = -1;
	if (err == 0)
		err = control_create(&daemon->control, &daemon->tunnel, daemon->listener);
	if (err < 0)
		return complain(daemon, "Setting up", err);
	return 0;
}

static void take_down(struct daemon *daemon)
{
	if (daemon->has_socket_file) {
		if (!sockwatch_check(&daemon->socket_file))
			unlink(daemon->socket_path);
		sockwatch_close(&daemon->socket_file);
	}
	control_destroy(daemon->control);
	if (daemon->listener >= 0)
		close(daemon->listener);
	linkwatch_close(&daemon->link);
	tunnel_fini(&daemon->tunnel);
	tun_close(&daemon->tun);
}

static int run(struct daemon *daemon)
{
	struct loop loop = {.tunnel = &daemon->tunnel, .control = daemon->control,
		.link = &daemon->link, .signals = daemon->signals, .routes = routewatch_open(),
		.socket_file = daemon->has_socket_file ? &daemon->socket_file : NULL};
	int err = loop_run(&loop);

	if (loop.routes >= 0)
		close(loop.routes);
	return err;
}

/* In the background the parent waits here until its child can be configured. */
static int go_to_background(struct daemonize *parent)
{
	switch (daemonize_fork(parent)) {
	case DAEMONIZE_CHILD:
		return -1;
	case DAEMONIZE_STARTED:
		return EXIT_SUCCESS;
	case DAEMONIZE_FAILED:
		fprintf(stderr, "culvertd: %s\n", parent->message);
		return EXIT_FAILURE;
	default:
		perror("culvertd: going into the background");
		return EXIT_FAILURE;
	}
}

int main(int argc, char **argv)
{
	struct options options;
	struct daemonize parent = {.fd = -1};
	struct daemon daemon = {.tun = {.fd = -1}, .listener = -1};
	int status = parse_options(argc, argv, &options), err;

	if (status >= 0)
		return status;
	if (!options.is_foreground) {
		status = go_to_background(&parent);
		if (status >= 0)
			return status;
	}
	keep_secrets_in();
	daemon.log = (struct log){log_level_parse(getenv("LOG_LEVEL")), options.interface};
	daemon.signals = signals_open();
	err = set_up(&daemon, &options);
	if (err < 0) {
		daemonize_fail(&parent, "it did not start");
	} else {
		daemonize_ready(&parent, getenv("LOG_LEVEL") != NULL);
		err = run(&daemon);
	}
	take_down(&daemon);
	return err < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

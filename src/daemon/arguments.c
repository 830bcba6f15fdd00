/* The command line. */
#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "pool.h"
#include "tun.h"
#include "version.h"

static const char usage[] =
	"Usage: culvertd [-f | --foreground] [--persist] [--replace] [--threads N] [--user NAME]\n"
	"                INTERFACE\n"
	"       culvertd --version | --help\n"
	"\n"
	"Creates the TUN device INTERFACE and runs a WireGuard tunnel on it, to be set up\n"
	"with wg(8) or wg-quick(8). Goes into the background once it can be.\n"
	"  --persist     should the daemon die, INTERFACE stays with its addresses and routes and\n"
	"                drops what it is given, until another daemon takes it over\n"
	"  --replace     go on with the tunnel of the daemon that runs INTERFACE, without a pause\n"
	"  --threads N   threads that move data, 1 to 64; default: one for each core, up to 8\n"
	"  --user NAME   become this user once all is set up\n"
	"\n"
	"Environment: LOG_LEVEL (verbose, error, silent), WG_PROCESS_FOREGROUND=1,\n"
	"WG_TUN_FD and WG_UAPI_FD (inherited descriptors). See culvertd(8).\n";

/* More threads than this have nothing to do: one loop makes most of the system calls. */
enum { DEFAULT_THREADS_MAX = 8 };

static bool env_is_one(const char *name)
{
	const char *value = getenv(name);

	return value && strcmp(value, "1") == 0;
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
static int check_arguments(char **words, struct arguments *arguments)
{
	if (arguments->threads == 0)
		return refuse("--threads wants a number from 1 to 64", "");
	if (!words[0])
		return refuse("no interface is named", "");
	if (words[1])
		return refuse("one interface is enough: ", words[1]);
	if (!tun_name_valid(words[0]))
		return refuse("not a name for an interface (1 to 15 letters, digits or _=+.-): ",
			words[0]);
	arguments->interface = words[0];
	return -1;
}

int arguments_parse(int argc, char **argv, struct arguments *arguments)
{
	enum { PERSIST = 256, REPLACE, THREADS, USER, VERSION };
	static const struct option words[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"persist", no_argument, NULL, PERSIST},
		{"replace", no_argument, NULL, REPLACE},
		{"threads", required_argument, NULL, THREADS},
		{"user", required_argument, NULL, USER},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int word;

	*arguments = (struct arguments){
		.is_foreground = env_is_one("WG_PROCESS_FOREGROUND"), .threads = default_threads()};
	while ((word = getopt_long(argc, argv, "fh", words, NULL)) != -1) {
		switch (word) {
		case 'f':
			arguments->is_foreground = true;
			break;
		case PERSIST:
			arguments->is_persistent = true;
			break;
		case REPLACE:
			arguments->is_replacing = true;
			break;
		case USER:
			arguments->user = optarg;
			break;
		case THREADS:
			arguments->threads = parse_threads(optarg);
			break;
		case VERSION:
			printf("culvertd v%s, build %s\n", version_text, version_build);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_FAILURE;
		}
	}
	return check_arguments(argv + optind, arguments);
}

/* culvert web: the dashboard's server, and who may log in. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "fault.h"
#include "flags.h"
#include "server.h"
#include "subcommand.h"
#include "values.h"
#include "wholefile.h"
#include "wipe.h"

#define STATE_DIRECTORY "/var/lib/culvert"

enum { PATH_LEN_MAX = 4096 };

struct options {
	const char *listen, *state, *cert, *key;
	char users[PATH_LEN_MAX], history[PATH_LEN_MAX];
};

/* The paths of our files in the state directory, which is made, mode 0700. */
static bool find_state(struct options *options)
{
	const char *directory = options->state ? options->state : STATE_DIRECTORY;

	if (strlen(directory) > PATH_LEN_MAX - 32) {
		fault_system(directory, -ENAMETOOLONG);
		return false;
	}
	if (mkdir(directory, 0700) < 0 && errno != EEXIST) {
		fault_system(directory, -errno);
		return false;
	}
	snprintf(options->users, sizeof(options->users), "%s/web-users", directory);
	snprintf(options->history, sizeof(options->history), "%s/web-history.db", directory);
	return true;
}

/* A line of standard input, without echo on a terminal. False: there is none, or it is too long. */
static bool read_password(const char *prompt, char password[PASSWORD_MAX + 2])
{
	struct termios usual, silent;
	bool is_terminal = tcgetattr(0, &usual) == 0, is_good;

	if (is_terminal) {
		fprintf(stderr, "%s: ", prompt);
		silent = usual;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(0, TCSAFLUSH, &silent);
	}
	is_good = fgets(password, PASSWORD_MAX + 2, stdin) != NULL;
	if (is_terminal) {
		tcsetattr(0, TCSAFLUSH, &usual);
		fputc('\n', stderr);
	}
	if (is_good)
		password[strcspn(password, "\n")] = '\0';
	return is_good && strlen(password) <= PASSWORD_MAX;
}

static enum status set_password(const char *users, const char *name)
{
	char password[PASSWORD_MAX + 2], again[PASSWORD_MAX + 2];
	enum status status = STATUS_FAILED;
	int error;

	if (!read_password("Password", password) || strlen(password) < PASSWORD_MIN) {
		fault_say("a password has %d to %d characters", PASSWORD_MIN, PASSWORD_MAX);
	} else if (isatty(0) && (!read_password("Again", again) || strcmp(password, again) != 0)) {
		fault_say("the two are not the same");
	} else {
		error = users_set(users, name, password);
		if (error)
			fault_system(users, error);
		else
			status = STATUS_FINE;
	}
	wipe(password, sizeof(password));
	wipe(again, sizeof(again));
	return status;
}

static enum status remove_user(const char *users, const char *name)
{
	int error = users_set(users, name, NULL);

	if (error == -ENOENT)
		fault_say("there is no user `%s'", name);
	else if (error)
		fault_system(users, error);
	return error ? STATUS_FAILED : STATUS_FINE;
}

/* A file whole; *text stays NULL where there is no path. */
static bool read_pem(const char *path, char **text, size_t *len)
{
	int error = path ? wholefile_read(path, text, len) : 0;

	if (error)
		fault_system(path, error);
	return error == 0;
}

static bool is_loopback(const struct ip_addr *addr)
{
	static const uint8_t one[16] = {[15] = 1};

	return addr->family == IP_V4 ? addr->b[0] == 127 : memcmp(addr->b, one, sizeof(one)) == 0;
}

static bool parse_listen(const struct options *options, struct endpoint *listen)
{
	const char *text = options->listen ? options->listen : "127.0.0.1:8788";

	if (value_parse_endpoint(span_of(text), listen).code != VALUE_OK) {
		fault_say("--listen: `%s' is not ADDRESS:PORT", text);
		return false;
	}
	if (!is_loopback(&listen->addr) && !options->cert) {
		fault_say("without TLS the dashboard listens on loopback addresses only");
		fault_hint("Give --cert FILE and --key FILE, or reach it by `ssh -L "
			   "8788:127.0.0.1:8788'.");
		return false;
	}
	return true;
}

/* Until a signal to end comes. */
static void await_end(void)
{
	sigset_t signals;
	int which;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigwait(&signals, &which);
}

static void say_where(const struct server_options *options, uint16_t port)
{
	struct endpoint where = {.addr = options->listen.addr, .port = port};
	struct textbuf text = {0};

	value_print_endpoint(&text, &where);
	printf("Listening on http%s://%s\n", options->cert_pem ? "s" : "",
		text.text ? text.text : "");
	fflush(stdout);
	textbuf_fini(&text);
}

static enum status serve_with(struct api *api, const struct server_options *options)
{
	struct server *server;
	int error = server_start(&server, options, api);

	if (error) {
		fault_system("listening", error);
		if (error == -EINVAL && options->cert_pem)
			fault_hint("Are --cert and --key a certificate and its key, as PEM?");
		return STATUS_FAILED;
	}
	say_where(options, server_port(server));
	await_end();
	server_stop(server);
	return STATUS_FINE;
}

static enum status serve_api(const struct options *options, const struct server_options *server)
{
	static struct api api;
	enum status status = STATUS_FAILED;
	const char *why;
	int error = store_open(&api.store, options->history, &why);

	if (error) {
		fault_say("%s: %s", options->history, why);
		return STATUS_FAILED;
	}
	api.users_path = options->users;
	pthread_mutex_init(&api.lock, NULL);
	pthread_mutex_init(&api.hashing, NULL);
	error = watch_start(&api.watch, api.store, &api.lock);
	if (error) {
		fault_system("watching", error);
	} else {
		status = serve_with(&api, server);
		watch_stop(api.watch);
	}
	store_close(api.store);
	wipe(&api, sizeof(api));
	return status;
}

static enum status serve(const struct options *options)
{
	struct server_options server = {0};
	char *cert = NULL, *key = NULL;
	size_t cert_len = 0, key_len = 0;
	enum status status = STATUS_FAILED;
	sigset_t signals;

	if (!parse_listen(options, &server.listen))
		return STATUS_USAGE;
	if (users_count(options->users) == 0) {
		fault_say("nobody may log in yet");
		fault_hint("`culvert web password NAME' lets NAME in.");
		return STATUS_FAILED;
	}
	/* Before there are threads: only await_end() sees them. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (read_pem(options->cert, &cert, &cert_len) && read_pem(options->key, &key, &key_len)) {
		server.cert_pem = cert;
		server.key_pem = key;
		status = serve_api(options, &server);
	}
	wholefile_free(cert, cert_len);
	wholefile_free(key, key_len);
	return status;
}

static enum status run(struct invocation *call)
{
	struct options options = {0};
	const struct flag flags[] = {{.name = "--listen", .text = &options.listen},
		{.name = "--state", .text = &options.state},
		{.name = "--cert", .text = &options.cert}, {.name = "--key", .text = &options.key}};
	const char *verb, *name;

	if (!flags_take(call, flags, 4) || !flags_count_words(call, 0, 2))
		return STATUS_USAGE;
	if (!options.cert != !options.key) {
		fault_say("--cert and --key go together");
		return STATUS_USAGE;
	}
	if (!find_state(&options))
		return STATUS_FAILED;
	verb = call->words[1];
	if (!verb)
		return serve(&options);
	name = call->words[2];
	if (!name || !user_name_is_good(name)) {
		fault_say("a user's name is wanted: letters, digits, dot, dash, underscore");
		return STATUS_USAGE;
	}
	if (strcmp(verb, "password") == 0)
		return set_password(options.users, name);
	if (strcmp(verb, "remove") == 0)
		return remove_user(options.users, name);
	fault_say("web: there is no `%s'", verb);
	return STATUS_USAGE;
}

const struct subcommand web_subcommand = {
	.name = "web",
	.summary = "Serves the dashboard",
	.usage = "web [--listen ADDRESS:PORT] [--cert FILE --key FILE] [--state DIRECTORY]\n"
		 "web password NAME [--state DIRECTORY]\n"
		 "web remove NAME [--state DIRECTORY]",
	.help = "Peers with their traffic and its history, adding them with a QR code, doctor's\n"
		"findings and an audit log, in a browser. Runs until it is ended.\n"
		"\n"
		"Options:\n"
		"  --listen ADDRESS:PORT  127.0.0.1:8788 by default; other than loopback only with "
		"TLS\n"
		"  --cert FILE --key FILE serve HTTPS with this certificate chain and key (PEM)\n"
		"  --state DIRECTORY      users and history, " STATE_DIRECTORY " by default\n"
		"\n"
		"password reads a password from the terminal or a line of standard input.\n"
		"\n"
		"Examples:\n"
		"  culvert web password anna\n"
		"  culvert web\n"
		"  ssh -L 8788:127.0.0.1:8788 gateway     then open http://127.0.0.1:8788\n",
	.run = run,
};

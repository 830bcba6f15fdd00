/* The `wg` command: one table of subcommands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "crypto_init.h"
#include "nearest.h"
#include "version.h"

static const struct {
	const char *name;
	enum outcome (*run)(const struct invocation *call);
	const char *description;
	const char *usage;
} commands[] = {
	{"show", show_run, "Shows the current configuration and device information",
		"{ <interface> | all | interfaces } [public-key | private-key | listen-port | "
		"fwmark | "
		"peers | preshared-keys | endpoints | allowed-ips | latest-handshakes | transfer | "
		"persistent-keepalive | dump | json | --watch [<seconds>]]"},
	{"showconf", showconf_run,
		"Shows the current configuration of a given WireGuard interface, for use with "
		"`setconf'",
		"<interface>"},
	{"set", set_run,
		"Change the current configuration, add peers, remove peers, or change peers",
		"<interface> [listen-port <port>] [fwmark <mark>] [private-key <file path>] "
		"[peer <base64 public key | name> [remove] [preshared-key <file path>] "
		"[endpoint <ip>:<port>] [persistent-keepalive <interval seconds>] "
		"[allowed-ips [+|-]<ip1>/<cidr1>[,[+|-]<ip2>/<cidr2>]...] ]..."},
	{"setconf", setconf_run, "Applies a configuration file to a WireGuard interface",
		"<interface> <configuration filename>"},
	{"addconf", addconf_run, "Appends a configuration file to a WireGuard interface",
		"<interface> <configuration filename>"},
	{"syncconf", syncconf_run, "Synchronizes a configuration file to a WireGuard interface",
		"<interface> <configuration filename>"},
	{"log", log_run, "Shows what an interface refused, failed at and brought about",
		"[<interface> | all] [<base64 public key | name>] [--json]"},
	{"genkey", genkey_run, "Generates a new private key and writes it to stdout", ""},
	{"genpsk", genpsk_run, "Generates a new preshared key and writes it to stdout", ""},
	{"pubkey", pubkey_run, "Reads a private key from stdin and writes a public key to stdout",
		""},
	{"allowedips", allowedips_run,
		"Adds and subtracts ranges of addresses, for use as allowed IPs",
		"<ip>[/<cidr>] { + | - } <ip>[/<cidr>]..."},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *to, const char *program)
{
	fprintf(to, "Usage: %s <cmd> [<args>]\n\nAvailable subcommands:\n", program);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s: %s\n", commands[i].name, commands[i].description);
	fputs("You may pass `--help' to any of these subcommands to view usage.\n", to);
}

static int run(size_t index, const struct invocation *call)
{
	enum outcome outcome = commands[index].run(call);
	const char *usage = commands[index].usage;

	if (outcome == BAD_USAGE || outcome == ASKED_HELP)
		fprintf(stderr, "Usage: %s %s%s%s\n", call->program, commands[index].name,
			usage[0] ? " " : "", usage);
	/* A full disk, or a reader that is gone: what was asked for is not there. */
	if (fflush(stdout) || ferror(stdout)) {
		perror("stdout");
		return EXIT_FAILURE;
	}
	return outcome == DONE || outcome == ASKED_HELP ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int complain_command(const char *program, const char *word)
{
	const char *names[COMMANDS];
	size_t near;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	near = nearest_find(span_of(word), names, COMMANDS);
	fprintf(stderr, "Invalid subcommand: `%s'\n", word);
	if (near < COMMANDS)
		fprintf(stderr, "Did you mean `%s'?\n", names[near]);
	print_help(stderr, program);
	return EXIT_FAILURE;
}

static int is_word(const char *word, const char *a, const char *b, const char *c)
{
	return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

int main(int argc, char *argv[])
{
	static char show[] = "show";
	static char *const only_show[] = {show, NULL};
	struct invocation call = {argv[0], argc - 1, argv + 1};

	if (!crypto_init()) {
		fputs("wg: the system gives no random bytes\n", stderr);
		return EXIT_FAILURE;
	}
	if (argc == 2 && is_word(argv[1], "-v", "--version", "version")) {
		printf("culvert v%s - a WireGuard for Linux, build %s\n", version_text,
			version_build);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && is_word(argv[1], "-h", "--help", "help")) {
		print_help(stdout, argv[0]);
		return EXIT_SUCCESS;
	}
	if (argc < 2)
		call = (struct invocation){argc ? argv[0] : "wg", 1, only_show};
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(call.words[0], commands[i].name) == 0)
			return run(i, &call);
	return complain_command(call.program, call.words[0]);
}

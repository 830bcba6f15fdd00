/* The `culvert` command: one table of subcommands, and help about them. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "crypto_init.h"
#include "fault.h"
#include "nearest.h"
#include "subcommand.h"
#include "version.h"

static const struct subcommand *const subcommands[] = {
	&metrics_subcommand,
	&peer_subcommand,
	&ping_subcommand,
	&mtu_subcommand,
	&bench_subcommand,
	&status_subcommand,
	&doctor_subcommand,
	&top_subcommand,
	&web_subcommand,
};

enum { SUBCOMMANDS = sizeof(subcommands) / sizeof(subcommands[0]) };

static void print_list(FILE *to)
{
	fputs("Usage: culvert COMMAND [ARGUMENT ...]\n\nCommands:\n", to);
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		fprintf(to, "  %-10s %s\n", subcommands[i]->name, subcommands[i]->summary);
	fputs("  help       Tells more about a command: culvert help COMMAND\n"
	      "\n"
	      "`culvert --version' tells the version. See culvert(8).\n",
		to);
}

static void print_usage(FILE *to, const struct subcommand *subcommand)
{
	const char *line = subcommand->usage;

	for (bool is_first = true; *line; is_first = false) {
		size_t len = strcspn(line, "\n");

		fprintf(to, "%s culvert %.*s\n", is_first ? "Usage:" : "      ", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static enum status print_help(const struct subcommand *subcommand)
{
	print_usage(stdout, subcommand);
	printf("\n%s.\n\n%s", subcommand->summary, subcommand->help);
	return STATUS_FINE;
}

static const struct subcommand *find(const char *word)
{
	const char *names[SUBCOMMANDS];
	size_t near;

	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		names[i] = subcommands[i]->name;
		if (strcmp(names[i], word) == 0)
			return subcommands[i];
	}
	near = nearest_find(span_of(word), names, SUBCOMMANDS);
	fault_say("there is no command `%s'", word);
	if (near < SUBCOMMANDS)
		fault_hint("Did you mean `%s'?", names[near]);
	else
		fault_hint("`culvert --help' lists the commands.");
	return NULL;
}

static bool asks_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Anywhere among the words, as somebody who is lost puts it behind them. */
static bool has_help(const struct invocation *call)
{
	for (int i = 1; i < call->count && strcmp(call->words[i], "--") != 0; i++)
		if (asks_help(call->words[i]))
			return true;
	return false;
}

static enum status run_help(int argc, char **argv)
{
	const struct subcommand *subcommand;

	if (argc == 0) {
		print_list(stdout);
		return STATUS_FINE;
	}
	subcommand = find(argv[0]);
	return subcommand ? print_help(subcommand) : STATUS_USAGE;
}

static enum status run(int argc, char **argv)
{
	struct invocation call = {argc, argv};
	const struct subcommand *subcommand = find(argv[0]);
	enum status status;

	if (!subcommand)
		return STATUS_USAGE;
	if (has_help(&call))
		return print_help(subcommand);
	status = subcommand->run(&call);
	if (status == STATUS_USAGE)
		print_usage(stderr, subcommand);
	return status;
}

static enum status dispatch(int argc, char **argv)
{
	if (argc < 2) {
		print_list(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0) {
		printf("culvert v%s, build %s\n", version_text, version_build);
		return STATUS_FINE;
	}
	if (strcmp(argv[1], "help") == 0 || asks_help(argv[1]))
		return run_help(argc - 2, argv + 2);
	return run(argc - 1, argv + 1);
}

int main(int argc, char *argv[])
{
	enum status status;

	if (!crypto_init()) {
		fault_say("the system gives no random bytes");
		return STATUS_FAILED;
	}
	status = dispatch(argc, argv);
	/* A full disk, or a reader that is gone: what was asked for is not there. */
	if (fflush(stdout) || ferror(stdout)) {
		fault_system("standard output", -errno);
		return STATUS_FAILED;
	}
	return (int)status & 0xff;
}

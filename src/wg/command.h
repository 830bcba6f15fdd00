/*
 * What every subcommand of `wg` is: a function over its words. It prints its results to stdout,
 * its complaints to stderr, and says how it ended; main.c prints usages and makes exit codes.
 */
#ifndef CULVERT_WG_COMMAND_H
#define CULVERT_WG_COMMAND_H

enum outcome {
	DONE,
	FAILED,     /* it has said why */
	BAD_USAGE,  /* print the usage, fail */
	ASKED_HELP, /* print the usage, do not fail */
};

/* words[0] is the subcommand; words[count] is NULL. */
struct invocation {
	const char *program; /* as it was called */
	int count;
	char *const *words;
};

enum outcome show_run(const struct invocation *call);
enum outcome showconf_run(const struct invocation *call);
enum outcome set_run(const struct invocation *call);
enum outcome setconf_run(const struct invocation *call);
enum outcome addconf_run(const struct invocation *call);
enum outcome syncconf_run(const struct invocation *call);
enum outcome genkey_run(const struct invocation *call);
enum outcome genpsk_run(const struct invocation *call);
enum outcome pubkey_run(const struct invocation *call);
enum outcome log_run(const struct invocation *call);
enum outcome allowedips_run(const struct invocation *call);

#endif

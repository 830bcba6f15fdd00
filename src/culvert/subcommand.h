/*
 * What every subcommand of `culvert` is: a record in its own file cmd_NAME.c with its words, its
 * help and a function. main.c has the table of them. A subcommand prints its results to stdout and
 * its complaints to stderr (fault.h), and says how it ended.
 */
#ifndef CULVERT_CULVERT_SUBCOMMAND_H
#define CULVERT_CULVERT_SUBCOMMAND_H

enum status {
	STATUS_FINE = 0,
	STATUS_FAILED = 1, /* it has said why */
	STATUS_USAGE = 2,  /* the words were wrong: it has said which */
	/* Of doctor, whose exit codes are 2 and 3: usage says the former, too. */
	STATUS_BROKEN = 0x100 + 2,
	STATUS_UNSEEN = 0x100 + 3,
};

/* words[0] is the subcommand; words[count] is NULL. */
struct invocation {
	int count;
	char **words;
};

struct subcommand {
	const char *name;
	const char *summary; /* one line for the list of subcommands */
	const char *usage;   /* what follows "culvert ", a line a form */
	const char *help;    /* the text behind the usage: options, then examples */
	enum status (*run)(struct invocation *call);
};

extern const struct subcommand bench_subcommand;
extern const struct subcommand doctor_subcommand;
extern const struct subcommand metrics_subcommand;
extern const struct subcommand mtu_subcommand;
extern const struct subcommand peer_subcommand;
extern const struct subcommand ping_subcommand;
extern const struct subcommand status_subcommand;
extern const struct subcommand top_subcommand;
extern const struct subcommand web_subcommand;

#endif

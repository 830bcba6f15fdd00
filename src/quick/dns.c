/* DNS by the programs that manage it. What is done to resolv.conf itself is in resolvfile.c. */
#include <stdlib.h>
#include <string.h>
#include "dns.h"
#include "grow.h"
#include "process.h"
#include "resolvfile.h"

enum { WORDS_MAX = 64 };

static int run(const char *const *argv, const char *input)
{
	struct process_result result;
	int error = process_run(&(struct process){.argv = argv, .input = input}, &result);

	return error ? error : result.status;
}

/* Splits what follows `key` on the lines into argv from *count on; copy holds the words. */
static void add_words(const char **argv, size_t *count, char *copy, const char *key)
{
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *word;

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		line += strlen(key);
		while ((word = strsep(&line, " ")) != NULL)
			if (*word && *count < WORDS_MAX)
				argv[(*count)++] = word;
	}
	argv[*count] = NULL;
}

static int run_with_words(
	const char *const *start, size_t start_count, const char *lines, const char *key)
{
	const char *argv[WORDS_MAX + 1];
	size_t count = start_count;
	char *copy = strdup(lines);
	int status = -1;

	memcpy(argv, start, start_count * sizeof(argv[0]));
	if (copy) {
		add_words(argv, &count, copy, key);
		status = run(argv, NULL);
	}
	free(copy);
	return status;
}

/* Everything is asked of the tunnel's servers ("~."), as resolvconf -x has it. */
static int set_by_resolvectl(const char *ifname, const char *lines)
{
	const char *servers[] = {"resolvectl", "dns", ifname};
	const char *domains[] = {"resolvectl", "domain", ifname, "~."};
	int status = run_with_words(servers, 3, lines, "nameserver ");

	return status ? status : run_with_words(domains, 4, lines, "search ");
}

int dns_set(enum dns_tool tool, const char *ifname, const char *record, const char *lines)
{
	const char *argv[] = {"resolvconf", "-a", record, "-m", "0", "-x", NULL};

	switch (tool) {
	case DNS_RESOLVCONF:
		return run(argv, lines);
	case DNS_RESOLVECTL:
		return set_by_resolvectl(ifname, lines);
	case DNS_FILE:
		return resolvfile_set(ifname, lines);
	}
	return 0;
}

int dns_unset(enum dns_tool tool, const char *ifname, const char *record)
{
	const char *resolvconf[] = {"resolvconf", "-d", record, "-f", NULL};
	const char *resolvectl[] = {"resolvectl", "revert", ifname, NULL};
	struct process_result result;

	switch (tool) {
	case DNS_RESOLVCONF:
		return run(resolvconf, NULL);
	case DNS_RESOLVECTL:
		/* It forgets a link that is gone by itself, and complains of it then. */
		return process_run(
			&(struct process){.argv = resolvectl, .is_quiet = true}, &result);
	case DNS_FILE:
		return resolvfile_unset(ifname);
	}
	return 0;
}

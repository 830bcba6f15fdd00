/* nftables by the nft program, for builds without the library. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nft.h"
#include "process.h"

static int run(const char *commands, char **output)
{
	const char *argv[] = {"nft", "-f", "-", NULL};
	struct process_result result;
	int error = process_run(
		&(struct process){.argv = argv, .input = commands, .capture = output != NULL},
		&result);

	if (error)
		return error;
	if (output)
		*output = result.output;
	return result.status == 127 ? -ENOENT : result.status ? -EIO : 0;
}

int nft_run(const char *commands, char **complaint)
{
	if (complaint)
		*complaint = NULL; /* nft has written to our standard error itself */
	return run(commands, NULL);
}

int nft_list_json(char **json)
{
	const char *argv[] = {"nft", "-j", "list", "ruleset", NULL};
	struct process_result result;
	int error = process_run(
		&(struct process){.argv = argv, .capture = true, .is_quiet = true}, &result);

	*json = NULL;
	if (error)
		return error;
	if (result.status == 0 && result.output) {
		*json = result.output;
		return 0;
	}
	free(result.output);
	return result.status == 127 ? -ENOENT : -EIO;
}

bool nft_usable(void)
{
	char *output = NULL;
	bool usable = run("list tables\n", &output) == 0;

	free(output);
	return usable;
}

bool nft_has_table(const char *family, const char *name)
{
	char line[64], *output = NULL;
	bool found;

	if (snprintf(line, sizeof(line), "table %s %s\n", family, name) >= (int)sizeof(line))
		return false;
	found = run("list tables\n", &output) == 0 && output && strstr(output, line);
	free(output);
	return found;
}

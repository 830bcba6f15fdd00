/* nftables by the program's own library. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <nftables/libnftables.h>
#include "nft.h"

/* Runs commands; what is printed and what is said of errors go to *output and *complaint. */
static int run(const char *commands, char **output, char **complaint)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int failed;

	if (!nft)
		return -ENOENT;
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	failed = nft_run_cmd_from_buffer(nft, commands);
	if (output)
		*output = strdup(nft_ctx_get_output_buffer(nft));
	if (complaint)
		*complaint = failed ? strdup(nft_ctx_get_error_buffer(nft)) : NULL;
	nft_ctx_free(nft);
	return failed ? -EIO : 0;
}

int nft_run(const char *commands, char **complaint)
{
	return run(commands, NULL, complaint);
}

int nft_list_json(char **json)
{
	struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	int failed;

	*json = NULL;
	if (!nft)
		return -ENOENT;
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE);
	nft_ctx_buffer_output(nft);
	nft_ctx_buffer_error(nft);
	failed = nft_run_cmd_from_buffer(nft, "list ruleset");
	if (!failed)
		*json = strdup(nft_ctx_get_output_buffer(nft));
	nft_ctx_free(nft);
	return *json ? 0 : -EIO;
}

bool nft_usable(void)
{
	return run("list tables", NULL, NULL) == 0;
}

bool nft_has_table(const char *family, const char *name)
{
	char line[64], *output = NULL;
	bool found;

	if (snprintf(line, sizeof(line), "table %s %s\n", family, name) >= (int)sizeof(line))
		return false;
	if (run("list tables", &output, NULL) != 0) {
		free(output);
		return false;
	}
	found = output && strstr(output, line);
	free(output);
	return found;
}

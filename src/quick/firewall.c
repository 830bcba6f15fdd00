/* nftables by its table, iptables by the comment that each of our rules carries. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "firewall.h"
#include "nft.h"
#include "process.h"
#include "textbuf.h"

static const char *nft_family(uint8_t family)
{
	return family == IP_V6 ? "ip6" : "ip";
}

/* What iptables-save says, to be freed; NULL when it is not here. */
static char *save_iptables(uint8_t family)
{
	const char *argv[] = {family == IP_V6 ? "ip6tables-save" : "iptables-save", NULL};
	struct process_result result;

	if (!process_find(argv[0]) ||
		process_run(&(struct process){.argv = argv, .capture = true, .is_quiet = true},
			&result) < 0)
		return NULL;
	return result.output;
}

static int restore_iptables(uint8_t family, const char *rules)
{
	const char *argv[] = {
		family == IP_V6 ? "ip6tables-restore" : "iptables-restore", "-n", NULL};
	struct process_result result;
	int error = process_run(&(struct process){.argv = argv, .input = rules}, &result);

	return error ? error : result.status ? -EIO : 0;
}

static bool is_ours(const char *line, const char *ifname)
{
	char comment[64];

	snprintf(comment, sizeof(comment), "wg-quick(8) rule for %s\"", ifname);
	return strncmp(line, "-A", 2) == 0 && strstr(line, comment);
}

/* Commands that delete our rules, table by table; false when there are none. */
static bool print_deletion(struct textbuf *out, char *saved, const char *ifname)
{
	char *rest = saved, *line;
	bool found = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (is_ours(line, ifname)) {
			textbuf_addf(out, "-D%s\n", line + 2);
			found = true;
		} else if (line[0] == '*' || strcmp(line, "COMMIT") == 0) {
			textbuf_addf(out, "%s\n", line);
		}
	}
	return found;
}

bool firewall_is_there(enum firewall_tool tool, uint8_t family, const char *ifname)
{
	char name[64], *saved;
	struct textbuf out;
	bool found;

	if (tool == FIREWALL_NFT) {
		snprintf(name, sizeof(name), "wg-quick-%s", ifname);
		return nft_has_table(nft_family(family), name);
	}
	if (tool == FIREWALL_NONE)
		return false;
	saved = save_iptables(family);
	textbuf_init(&out);
	found = saved && print_deletion(&out, saved, ifname);
	textbuf_fini(&out);
	free(saved);
	return found;
}

int firewall_add(enum firewall_tool tool, uint8_t family, const char *rules, char **complaint)
{
	*complaint = NULL;
	return tool == FIREWALL_NFT ? nft_run(rules, complaint) : restore_iptables(family, rules);
}

int firewall_delete(enum firewall_tool tool, uint8_t family, const char *ifname, char **complaint)
{
	char command[96], *saved;
	struct textbuf out;
	int error = 0;

	*complaint = NULL;
	if (tool == FIREWALL_NFT) {
		snprintf(command, sizeof(command), "delete table %s wg-quick-%s\n",
			nft_family(family), ifname);
		return nft_run(command, complaint);
	}
	saved = save_iptables(family);
	textbuf_init(&out);
	if (saved && print_deletion(&out, saved, ifname))
		error = textbuf_status(&out) ? -ENOMEM : restore_iptables(family, out.text);
	textbuf_fini(&out);
	free(saved);
	return error;
}

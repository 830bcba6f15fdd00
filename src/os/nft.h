/*
 * nftables: rules as text, applied as one transaction, and whether a table is there. By
 * libnftables when the build has it, else by the nft program.
 */
#ifndef CULVERT_OS_NFT_H
#define CULVERT_OS_NFT_H

#include <stdbool.h>

/*
 * Runs the commands, all or none. 0; -ENOENT: no nftables here (no library, no program);
 * -EIO: refused, and what was said stands in *complaint (to be freed; may be NULL).
 */
int nft_run(const char *commands, char **complaint);

/* The kernel has nftables and this process may use it. */
bool nft_usable(void);

/* All rules there are, as nft's JSON, to be freed. 0 or -errno, as nft_run(). */
int nft_list_json(char **json);

/* Is there a table of this family ("ip", "ip6") and name? */
bool nft_has_table(const char *family, const char *name);

#endif

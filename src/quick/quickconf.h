/* One configuration file: found, read, and understood. */
#ifndef CULVERT_QUICK_QUICKCONF_H
#define CULVERT_QUICK_QUICKCONF_H

#include <limits.h>
#include "conffile.h"
#include "confsettings.h"
#include "options.h"

struct config {
	char ifname[IFNAME_LEN_MAX + 1];
	char path[PATH_MAX];
	struct conf_document doc;
	struct conf_settings settings;
	struct conf_errors errors;
	struct options options;
};

/*
 * From what the user has typed to interface and path: `wg0` means /etc/wireguard/wg0.conf, anything
 * else is a path whose last part is NAME.conf. False, with a message on standard error, when there
 * is no such file or no such name.
 */
bool config_find(struct config *config, const char *argument);

/*
 * Reads and understands the file; warns when others may read it. 0; -EINVAL: it has errors, which
 * config_print_errors() prints; -errno, with a message. config_fini() it always.
 */
int config_load(struct config *config);

/* The same, without the warning. */
int config_read(struct config *config);

void config_print_errors(const struct config *config);
void config_fini(struct config *config);

#endif

/*
 * Where configuration files lie: in the directory that CULVERT_CONFIG_DIR names, else in
 * /etc/wireguard.
 */
#ifndef CULVERT_CLI_CONFPATH_H
#define CULVERT_CLI_CONFPATH_H

#include <limits.h>

const char *confpath_directory(void);

/* The file of this interface. 0; -EINVAL when no file can have the name; -ENAMETOOLONG. */
int confpath_of(const char *interface, char path[PATH_MAX]);

#endif

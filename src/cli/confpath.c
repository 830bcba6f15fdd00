/* The directory of configuration files. */
#include "confpath.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *confpath_directory(void)
{
	const char *directory = getenv("CULVERT_CONFIG_DIR");

	return directory && directory[0] ? directory : "/etc/wireguard";
}

int confpath_of(const char *interface, char path[PATH_MAX])
{
	if (!interface[0] || strchr(interface, '/'))
		return -EINVAL;
	return snprintf(path, PATH_MAX, "%s/%s.conf", confpath_directory(), interface) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

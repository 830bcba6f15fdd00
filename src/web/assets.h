/* The files of the dashboard, as the build put them into the program. */
#ifndef CULVERT_WEB_ASSETS_H
#define CULVERT_WEB_ASSETS_H

#include <stddef.h>

struct asset {
	const char *path, *type;
	unsigned char *bytes; /* not to be changed; libmicrohttpd takes no const */
	size_t len;
};

extern const struct asset assets[];
extern const size_t assets_count;

#endif

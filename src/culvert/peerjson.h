/* Peers of a file as JSON: schema culvert/peer/1. */
#ifndef CULVERT_CULVERT_PEERJSON_H
#define CULVERT_CULVERT_PEERJSON_H

#include <jansson.h>
#include <stdbool.h>
#include "settings.h"

/* A new reference. name: "" for none; expires: seconds since 1970, 0 for never. */
json_t *peerjson_peer(const char *interface, const char *name, const struct peer_settings *peer,
	int64_t expires, bool is_off);

#endif

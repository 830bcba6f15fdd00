/*
 * Names of peers, from the comments of an interface's configuration file (see conffile.h): the
 * file IF.conf in the directory that CULVERT_CONFIG_DIR names, else in /etc/wireguard.
 */
#ifndef CULVERT_CLI_NAMES_H
#define CULVERT_CLI_NAMES_H

#include "keys.h"
#include "settings.h"

struct peer_name {
	struct public_key key;
	char name[PEER_NAME_LEN_MAX + 1];
};

/* Sorted by key. */
struct peer_names {
	struct peer_name *list;
	size_t count;
};

/*
 * Reads the names for this interface; none when the file is missing or cannot be read, as names
 * are a comfort. fini always.
 */
void peer_names_read(struct peer_names *names, const char *interface);
void peer_names_fini(struct peer_names *names);

/* The name of the peer with this key, or NULL. */
const char *peer_names_find(const struct peer_names *names, const struct public_key *key);

/* How many peers have this name; *key: the last of them. */
size_t peer_names_lookup(const struct peer_names *names, const char *name, struct public_key *key);

#endif

/*
 * Which interface and which peer the words of a command mean. Everything here complains by itself.
 */
#ifndef CULVERT_CULVERT_TARGET_H
#define CULVERT_CULVERT_TARGET_H

#include <stdbool.h>
#include "keytext.h"
#include "names.h"
#include "settings.h"

/* An interface as it is, with the names of its peers; peer: one of them, or NULL. */
struct target {
	struct device_settings device; /* with its public key, where it has a private one */
	struct peer_names names;
	const struct peer_settings *peer;
};

/* The interface of that name; NULL: the only one there is. False: there is none, or a choice. */
bool target_open(struct target *target, const char *interface);

/*
 * As target_open(), and the peer that word means: its name, its public key or the beginning of that,
 * or an address that it is allowed. Without interface, the only one with such a peer.
 */
bool target_open_peer(struct target *target, const char *interface, const char *word);

/* Always, also after false. */
void target_close(struct target *target);

/* The name of a peer, else its public key; in `text` or in the names. */
const char *target_label(const struct target *target, const struct peer_settings *peer,
	char text[KEY_BASE64_LEN + 1]);

#endif

/* A change of peers in the file and in the running interface: both or neither. */
#ifndef CULVERT_CULVERT_PEERLIVE_H
#define CULVERT_CULVERT_PEERLIVE_H

#include "peerfile.h"

/* An empty change for the interface of the file; settings_fini() it. */
void peerlive_begin(struct device_settings *change, const struct peerfile *file);

/*
 * Parts of a change; false when memory is short, which is said. Put: the peer is as in the record,
 * its allowed IPs too, which are copied.
 */
bool peerlive_put(struct device_settings *change, const struct peer_settings *peer);
bool peerlive_take(struct device_settings *change, const struct public_key *key);

/*
 * Writes the file, then changes the interface, if it is up; when that fails, the file is put back.
 * False: it has complained. *is_up (may be NULL): the interface is up and has changed.
 */
bool peerlive_commit(struct peerfile *file, const struct device_settings *change, bool *is_up);

#endif

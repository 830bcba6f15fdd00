/*
 * Edits of a peer's section in its document. 0 or -ENOMEM; what stands on other lines stays. Numbers
 * of peers stay as they are.
 */
#ifndef CULVERT_CULVERT_PEEREDIT_H
#define CULVERT_CULVERT_PEEREDIT_H

#include "peerfile.h"

/* psk NULL: none. */
int peeredit_set_keys(struct peerfile *file, size_t peer, const struct public_key *key,
	const struct preshared_key *psk);

/* Whether a peer may have the name; false: it has complained. */
bool peeredit_may_name(const char *name);

/* The directive "#: Name = ..."; other comments that name the peer stay, but this one counts. */
int peeredit_set_name(struct peerfile *file, size_t peer, const char *name);

/* The directive "#: Expires = ..."; 0: none. */
int peeredit_set_expires(struct peerfile *file, size_t peer, int64_t expires);

#endif

/* The state of a running interface, written back into its configuration file. */
#ifndef CULVERT_QUICK_SAVE_H
#define CULVERT_QUICK_SAVE_H

#include "quickconf.h"
#include "state.h"

/*
 * Brings a document to what the interface is now: addresses, MTU (where it has one), the device's
 * keys and port and mark, and its peers. Comments, order, hooks, DNS lines and names of endpoints
 * stay; a value that is right already keeps its spelling. Pure. 0 or -ENOMEM.
 */
int save_merge(struct conf_document *doc, const struct state *state);

/* Takes a snapshot and rewrites the file, whole or not at all. 0 or -errno, with a message. */
int save_running(const struct config *config);

#endif

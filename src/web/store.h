/*
 * What is kept over restarts, in one SQLite file: how much each peer received and sent in slots of
 * time, and who did what. All traffic is summed up, never looked into.
 */
#ifndef CULVERT_WEB_STORE_H
#define CULVERT_WEB_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct store;

enum {
	STORE_FINE_STEP = 10, /* seconds a slot, kept for STORE_FINE_SECONDS */
	STORE_FINE_SECONDS = 4 * 60 * 60,
	STORE_COARSE_STEP = 300,
	STORE_COARSE_SECONDS = 31 * 24 * 60 * 60,
	STORE_AUDIT_MAX = 10000, /* entries */
};

/* Opens or makes the file, mode 0600. 0 or -errno; *why: SQLite's words, static. */
int store_open(struct store **store, const char *path, const char **why);
void store_close(struct store *store);

/* Adds what a peer received and sent; between begin and end for many at once. */
void store_begin(struct store *store);
void store_add(struct store *store, const char *interface, const char *peer, int64_t at,
	uint64_t rx, uint64_t tx);
/* Also forgets what is too old. False: it could not be written. */
bool store_end(struct store *store, int64_t now);

/*
 * {"from", "to", "step", "points": [[at, received a second, sent a second], ...]} of one peer, or of
 * all (NULL), for the `span` seconds before now: every slot, also where nothing was. NULL: error.
 */
json_t *store_history(
	struct store *store, const char *interface, const char *peer, int64_t now, int64_t span);

/* Who did what from where. False: it could not be written. */
bool store_audit(
	struct store *store, int64_t at, const char *user, const char *address, const char *action);

/* [{"at", "user", "address", "action"}, ...], the newest first. NULL: error. */
json_t *store_audit_list(struct store *store, int count);

#endif

/*
 * What a file said of its peers' endpoints when it was last put into force (by up, reload or save),
 * kept under /run, so that a reload can tell an endpoint that the administrator has changed from
 * one that the peer has left by roaming.
 */
#ifndef CULVERT_QUICK_REMEMBER_H
#define CULVERT_QUICK_REMEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include "confsettings.h"
#include "instant.h"
#include "span.h"

struct remembered_peer {
	struct public_key public_key;
	char *endpoint; /* owned; as the file has it, HOST:PORT */
};

struct remembered {
	struct remembered_peer *peers; /* owned; in order of their keys */
	size_t count, room;
};

/* 0; -ENOENT: nothing is remembered of this interface; -errno. remember_fini() it in any case. */
int remember_read(const char *ifname, struct remembered *remembered);
void remember_fini(struct remembered *remembered);

/* Remembers what these settings say. */
int remember_write(const char *ifname, const struct conf_settings *settings);
void remember_remove(const char *ifname);

/*
 * The rule of a reload: an endpoint that works stays, unless the file says another one than it did.
 * Takes the mark of an endpoint (in `has`) from the wanted peers that are to keep theirs. Pure.
 */
void remember_keep_working(const struct remembered *remembered, struct conf_settings *wanted,
	const struct device_settings *there, struct wall_time wall);

/* The text of the memory: from settings, and back. 0 or -ENOMEM; lines that are none are left out. */
int remember_print(struct textbuf *out, const struct conf_settings *settings);
int remember_parse(struct span text, struct remembered *remembered);

#endif

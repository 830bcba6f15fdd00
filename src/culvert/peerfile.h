/*
 * An interface's configuration file as a list of peers that may be changed: read under a lock, written
 * as a whole. A peer that is switched off stands in the file with "#~ " before each of its lines, so
 * that any tool takes it for a comment; in the document here its section stands like the others, its
 * header marked. What is wrong is said by these functions themselves.
 */
#ifndef CULVERT_CULVERT_PEERFILE_H
#define CULVERT_CULVERT_PEERFILE_H

#include <limits.h>
#include "confsettings.h"
#include "options.h"

struct peerfile {
	char interface[IFNAME_LEN_MAX + 1];
	char path[PATH_MAX];
	int lock;   /* -1: none */
	char *text; /* as it was read, for putting it back */
	size_t text_len;
	struct conf_document doc;
	/* What doc said when it was read, peers that are off too. */
	struct conf_settings settings;
	struct options options;
};

enum peerfile_use { PEERFILE_TO_READ, PEERFILE_TO_CHANGE };

/*
 * The file of this interface; NULL: of the only one that has a file, or is up and has one. False: it
 * has complained. close always.
 */
bool peerfile_open(struct peerfile *file, const char *interface, enum peerfile_use use);
void peerfile_close(struct peerfile *file);

/* Writes the document; back: what was there before. 0600, and the lock stays. */
bool peerfile_write(struct peerfile *file);
void peerfile_write_back(struct peerfile *file);

/* Number of peers, and which one has this name or public key; the number when none has. */
size_t peerfile_count(const struct peerfile *file);
size_t peerfile_find(const struct peerfile *file, const char *word);

/* The same, and complains when there is none, or several have the name. */
bool peerfile_find_one(const struct peerfile *file, const char *word, size_t *peer);

/* Index of the line of its header. */
size_t peerfile_header(const struct peerfile *file, size_t peer);
bool peerfile_is_off(const struct peerfile *file, size_t peer);

/* Seconds since 1970; 0: never. A date that cannot be read counts as 1: long ago. */
int64_t peerfile_expires(const struct peerfile *file, size_t peer);

/* The value of a directive "#: NAME = value" in [Interface]; empty when there is none. */
struct span peerfile_directive(const struct peerfile *file, const char *name);

/* Edits of the document; false when memory is short, which is said. Then peers have other numbers. */
bool peerfile_append_line(struct peerfile *file, struct span line);
bool peerfile_set_off(struct peerfile *file, size_t peer, bool is_off);
void peerfile_remove(struct peerfile *file, size_t peer);

/* A pair of [Interface], added where there is none; key: an enum conf_key. */
bool peerfile_set_own(struct peerfile *file, unsigned key, const char *value);

#endif

/*
 * What the daemon remembers of what it refused, failed at or brought about: how often each reason
 * came, and the last incidents of the device and of each peer. Fixed memory, nothing is allocated
 * after the start, and a flood costs no more than a few comparisons a packet. Holds no secrets.
 * Belongs to the loop's thread.
 */
#ifndef CULVERT_DAEMON_CHRONICLE_H
#define CULVERT_DAEMON_CHRONICLE_H

#include "incidents.h"
#include "log.h"
#include "peer.h"

enum {
	CHRONICLE_DEVICE_INCIDENTS = 48,
	CHRONICLE_PEER_INCIDENTS = 8,
	/* Of the device, of one reason: so that one kind of stranger does not hide the others. */
	CHRONICLE_DEVICE_ALIKE_MAX = 6,
	CHRONICLE_PEER_ALIKE_MAX = 2,
	/* Of one reason: so many at once are remembered one by one, and then so many a second. */
	CHRONICLE_BURST = 16,
	CHRONICLE_PER_SECOND = 8,
	/* Lines of the daemon's own log a second, all reasons together. */
	CHRONICLE_LINES_PER_SECOND = 10,
};

struct chronicle;

/* What is to be noted. The pointers may be NULL and are read during the call only. */
struct note {
	enum reason reason;
	const struct endpoint *source;
	const struct ip_addr *inner;
	const struct public_key *key;
	int error;      /* a positive errno, or 0 */
	uint32_t times; /* 0: once */
};

/* 0 or -ENOMEM. log: for lines at the verbose level. */
int chronicle_create(struct chronicle **chronicle, uint32_t peers_max, const struct log *log,
	struct instant now);
void chronicle_destroy(struct chronicle *chronicle);

/* Nobody that we know, or nobody in particular. */
void chronicle_note(struct chronicle *chronicle, const struct note *note, struct instant now);

/* Counts for the peer as well as for the device. key: the peer's own, for the log. */
void chronicle_note_peer(struct chronicle *chronicle, struct peer_id peer,
	const struct public_key *key, const struct note *note, struct instant now);

enum {
	/* What is remembered of the device or of a peer, as bytes for another daemon that goes on. */
	CHRONICLE_RECORD_MAX =
		64 + REASON_COUNT * 8 + CHRONICLE_DEVICE_INCIDENTS * sizeof(struct incident),
};

/* out: CHRONICLE_RECORD_MAX bytes. Returns how many were written; of a peer 0: nothing happened. */
size_t chronicle_store_device(const struct chronicle *chronicle, uint8_t *out);
size_t chronicle_store_peer(const struct chronicle *chronicle, struct peer_id peer, uint8_t *out);

/*
 * In place of what is remembered so far. Bytes of another layout, which another version stored, are passed
 * over: a log that begins anew is no reason to cut a tunnel. False: these are no such bytes.
 */
__attribute__((warn_unused_result)) bool chronicle_load_device(
	struct chronicle *chronicle, const uint8_t *bytes, size_t len);
__attribute__((warn_unused_result)) bool chronicle_load_peer(
	struct chronicle *chronicle, struct peer_id peer, const uint8_t *bytes, size_t len);

/* For how long there is anything to remember. */
uint64_t chronicle_age(const struct chronicle *chronicle, struct instant now);

/* Prints counts and incidents of the device. */
void chronicle_print_device(
	const struct chronicle *chronicle, struct textbuf *out, bool is_public, struct instant now);

/* Prints the peer's, its key first; nothing when nothing happened. */
void chronicle_print_peer(const struct chronicle *chronicle, struct peer_id peer,
	const struct public_key *key, struct textbuf *out, bool is_public, struct instant now);

#endif

/*
 * The log of a tunnel as values and as the text of the control protocol's request "events=1":
 * how often each reason came, and the last events, of the device and of each peer. Described in
 * docs/control-protocol.md. Neither side here reads or writes a socket.
 *
 * A daemon prints: incidents_print_begin(); incidents_print_count() and incidents_print_one() of the device;
 * for each peer incidents_print_peer() and the same of it; then uapi_print_errno(0). A client parses
 * the whole reply into a struct incident_log.
 */
#ifndef CULVERT_MODEL_INCIDENTS_H
#define CULVERT_MODEL_INCIDENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "instant.h"
#include "keys.h"
#include "reason.h"
#include "textbuf.h"

#define INCIDENTS_REQUEST "events=1\n\n"

enum {
	KEY_ABBREVIATION_LEN = 8, /* characters of a public key that anybody may see */
};

/* Equal events of one source are one, which says how often. */
struct incident {
	uint8_t reason; /* enum reason */
	bool has_key;
	uint16_t error; /* the system's, for a send that failed; 0: none */
	uint32_t count; /* 0: no event */
	struct instant first, last;
	struct ip_addr addr; /* the datagram's source, or where it was to go; IP_NONE: none */
	uint16_t port;
	struct ip_addr inner;  /* of the packet in the tunnel; IP_NONE: none */
	struct public_key key; /* an initiator's who is not configured */
};

/*
 * is_public: for readers who need no privilege: keys are cut to an abbreviation, and outer and
 * inner addresses are left out.
 */
void incidents_print_key(struct textbuf *out, const struct public_key *key, bool is_public);
void incidents_print_begin(struct textbuf *out, bool is_public, uint64_t age_ns);
void incidents_print_peer(struct textbuf *out, const struct public_key *key, bool is_public);
void incidents_print_count(struct textbuf *out, enum reason reason, uint64_t count);
void incidents_print_one(
	struct textbuf *out, const struct incident *incident, bool is_public, struct instant now);

/* An event as a client has it: ages in place of instants, text in place of values. */
struct incident_seen {
	enum reason reason;
	uint64_t count, first_ms_ago, last_ms_ago;
	unsigned error;
	struct span source, inner, key; /* in the reply's text; length 0: not told */
};

struct incidents_of {
	struct span peer; /* its key, or the abbreviation; length 0: the device */
	uint64_t counts[REASON_COUNT];
	struct incident_seen *list; /* the newest first */
	size_t count, room;
};

struct incident_log {
	bool is_public;
	uint64_t ms_ago;         /* when counting began */
	struct incidents_of *of; /* the device is the first */
	size_t count, room;
};

/*
 * A whole reply. The spans in log point into it. What is not known is skipped. 0, -errno as the
 * daemon gave it, -EPROTO, -ENOMEM; log must be incident_log_fini()ed in any case.
 */
__attribute__((warn_unused_result)) int incidents_parse(
	struct span reply, struct incident_log *log);
void incident_log_fini(struct incident_log *log);

#endif

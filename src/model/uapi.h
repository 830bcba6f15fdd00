/*
 * The cross-platform control protocol: text between `wg` and a daemon over a Unix socket. Lines
 * "key=value", a message ends with an empty line. Both sides are here, and neither reads nor
 * writes a socket.
 *
 * The daemon collects bytes until uapi_find_end() says how long the first message is, asks
 * uapi_request_operation() what it wants, and
 *   for a set: uapi_set_begin(), uapi_set_take() until all is taken, with other work in between,
 *   check and apply it, answer uapi_print_errno();
 *   for a get: uapi_print_device(), then uapi_print_peer() for one peer after the other, sending
 *   and textbuf_drop()ing in between as it likes, then uapi_print_errno(0).
 */
#ifndef CULVERT_MODEL_UAPI_H
#define CULVERT_MODEL_UAPI_H

#include "settings.h"
#include "span.h"
#include "textbuf.h"

#define UAPI_GET_REQUEST "get=1\n\n"

enum uapi_operation {
	UAPI_UNKNOWN, /* answer -EPROTO, or close */
	UAPI_GET,
	UAPI_SET,
	UAPI_REPLACE, /* another daemon wants to go on with this one's tunnel: handover.h */
	UAPI_TAKE,    /* and is ready to */
	UAPI_EVENTS,  /* what went wrong, and right: incidents.h */
};

/*
 * The length of the first message in text, its empty line included; 0 when it is not complete.
 * The first `seen` bytes are known to hold no end (those of the call before), so that collecting
 * takes linear time.
 */
size_t uapi_find_end(struct span text, size_t seen);

/* What a message asks for, by its first line. A get, and asking for events, has no other line. */
enum uapi_operation uapi_request_operation(struct span request);

/* A set request on its way into a record. */
struct uapi_set {
	struct device_settings device; /* settings_fini() it, however it ends */
	size_t taken;                  /* bytes of the request */
	size_t line_number;            /* of the last line looked at, from 1 */
};

void uapi_set_begin(struct uapi_set *set);

/*
 * Takes further lines, at least one and about max bytes. request is the whole message, each time.
 * 1: there are more. 0: all is taken. Or what is wrong at line_number: -EINVAL: unknown key, key
 * in the wrong place, bad value; -EPROTO: a line without "=", or no end; -ENOMEM.
 */
__attribute__((warn_unused_result)) int uapi_set_take(
	struct uapi_set *set, struct span request, size_t max);

/* Parts of a get reply. Of the peer `has` says which of its values are printed. */
void uapi_print_device(struct textbuf *out, const struct device_settings *device);
void uapi_print_peer(struct textbuf *out, const struct peer_settings *peer);

/* One line of a peer, for a daemon that has no array of them. */
void uapi_print_allowed_ip(struct textbuf *out, const struct allowed_ip *ip);

/*
 * "errno=N" and the empty line. As `wg` wants it: on a failed set pass -errno, on a failed get
 * +errno.
 */
void uapi_print_errno(struct textbuf *out, int error);

/* A whole set request, for the client. */
void uapi_print_set(struct textbuf *out, const struct device_settings *device);

/*
 * A whole get reply into device, which is initialised here and must be settings_fini()ed.
 * Unknown keys are skipped. 0, -errno as the daemon gave it (of either sign), -EPROTO, -ENOMEM.
 */
__attribute__((warn_unused_result)) int uapi_parse_get(
	struct span reply, struct device_settings *device);

/* The reply to a set: 0, -errno as the daemon gave it (of either sign), or -EPROTO. */
__attribute__((warn_unused_result)) int uapi_parse_set_reply(struct span reply);

#endif

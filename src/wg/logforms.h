/*
 * The forms in which `wg log` says what happened to an interface: for people and as JSON.
 */
#ifndef CULVERT_WG_LOGFORMS_H
#define CULVERT_WG_LOGFORMS_H

#include <jansson.h>
#include <stdbool.h>
#include "incidents.h"
#include "names.h"
#include "textbuf.h"

/* What of the log is wanted, and what its peers are called. */
struct log_view {
	const char *interface;
	struct span peer; /* its key or an abbreviation of it; length 0: all, and the interface */
	const struct peer_names *names;
};

bool log_view_has(const struct log_view *view, const struct incidents_of *of);

/* The peer's name, or NULL. */
const char *log_view_name(const struct log_view *view, const struct incidents_of *of);

/* How much was printed: false when there is nothing of what is wanted. */
bool log_print(struct textbuf *out, const struct incident_log *log, const struct log_view *view);

/* A new reference, or NULL when memory is short. */
json_t *log_json(const struct incident_log *log, const struct log_view *view);

#endif

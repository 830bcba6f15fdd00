/*
 * Values as JSON, the same in every document of ours. Each function returns a new reference.
 */
#ifndef CULVERT_CLI_JSONOUT_H
#define CULVERT_CLI_JSONOUT_H

#include <jansson.h>
#include "attrs.h"
#include "settings.h"

/* Sets a member and takes the reference; null when there is no value. */
void json_put(json_t *object, const char *name, json_t *value);

/* An attribute as text; NULL for a key or an endpoint that is not there. */
json_t *json_attr(enum attr_id id, const void *record);

/* "10.0.0.2/32", ... */
json_t *json_allowed_ips(const struct peer_settings *peer);

/* JSON's integers are signed here; what has no room is the largest. */
json_t *json_counter(uint64_t number);

/* UTC to the second; NULL when the year has no four digits. */
json_t *json_time(int64_t sec);

/* {"unix", "iso", "secondsAgo", "ago"}; NULL when there was no handshake. */
json_t *json_handshake(const struct peer_settings *peer, int64_t now);

/* Appends the document, indented, with a newline; takes the reference. */
void json_print(struct textbuf *out, json_t *document);

#endif

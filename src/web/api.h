/*
 * What the dashboard's script asks: requests and answers as values, without HTTP. Who is not logged
 * in may only log in; what changes something needs the session's CSRF token as well.
 */
#ifndef CULVERT_WEB_API_H
#define CULVERT_WEB_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "sessions.h"
#include "store.h"
#include "watch.h"

enum { API_BODY_MAX = 16 * 1024 };

struct api {
	const char *users_path;
	struct watch *watch;
	pthread_mutex_t lock; /* of what follows; requests come from many threads */
	struct sessions sessions;
	struct store *store;
	pthread_mutex_t hashing; /* one password at a time: a hash takes 64 MiB */
};

/* Strings are the caller's; NULL: not there. */
struct api_request {
	const char *method, *path;
	const char *token, *csrf, *content_type, *address;
	const char *body;
	size_t body_len;
	/* The value of a query's argument, or NULL. */
	const char *(*argument)(const struct api_request *request, const char *name);
	void *arg;
};

struct api_answer {
	unsigned status; /* of HTTP */
	json_t *body;    /* the receiver's */
	/* The token to set as a cookie; "": end it; NULL: leave it. In `cookie_text` or static. */
	const char *cookie;
	char cookie_text[TOKEN_LEN + 1];
};

/* Whether the path is one of ours. */
bool api_is_path(const char *path);

void api_answer(struct api *api, const struct api_request *request, struct api_answer *answer);

#endif

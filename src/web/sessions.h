/*
 * Who is logged in, and who guesses: in memory only, so that a restart ends every session. Time
 * comes in as seconds of any steady clock. The caller keeps threads apart.
 */
#ifndef CULVERT_WEB_SESSIONS_H
#define CULVERT_WEB_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "users.h"

enum {
	SESSIONS_MAX = 256, /* with one more the one idle for longest ends */
	SESSION_IDLE_SECONDS = 2 * 60 * 60,
	SESSION_SECONDS = 12 * 60 * 60,
	TOKEN_LEN = 43, /* 32 random bytes in base64 for URLs */
	/* Failed logins of one address, and of all, in the last GUESS_SECONDS; then none is tried. */
	GUESSES_OF_ONE = 5,
	GUESSES_OF_ALL = 100,
	GUESS_SECONDS = 5 * 60,
	ADDRESS_TEXT_MAX = 64,
};

struct session {
	bool is_used;
	char token[TOKEN_LEN + 1];
	char csrf[TOKEN_LEN + 1];
	char user[USER_NAME_MAX + 1];
	int64_t began, last_used;
};

struct guess {
	int64_t at;
	char address[ADDRESS_TEXT_MAX];
};

struct sessions {
	struct session list[SESSIONS_MAX];
	struct guess guesses[GUESSES_OF_ALL]; /* a ring; next is the oldest */
	unsigned next_guess;
};

/* A new session with a token of its own; valid until another is begun. */
const struct session *sessions_begin(struct sessions *sessions, const char *user, int64_t now);

/* The session with this token, used now; NULL: there is none (any more). */
const struct session *sessions_find(struct sessions *sessions, const char *token, int64_t now);

void sessions_end(struct sessions *sessions, const char *token);

/* Whether the address may try a password; and that it did in vain. */
bool sessions_may_guess(const struct sessions *sessions, const char *address, int64_t now);
void sessions_guessed(struct sessions *sessions, const char *address, int64_t now);

#endif

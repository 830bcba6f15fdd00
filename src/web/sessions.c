/* Sessions and guesses. Tokens are compared in constant time. */
#include "sessions.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void draw_token(char token[TOKEN_LEN + 1])
{
	uint8_t bytes[32];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(token, TOKEN_LEN + 1, bytes, sizeof(bytes),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

static void end(struct session *session)
{
	sodium_memzero(session, sizeof(*session));
}

/* A free place, or that of the session which is idle for longest. */
static struct session *make_place(struct sessions *sessions)
{
	struct session *place = &sessions->list[0];

	for (unsigned i = 0; i < SESSIONS_MAX; i++) {
		struct session *session = &sessions->list[i];

		if (!session->is_used)
			return session;
		if (session->last_used < place->last_used)
			place = session;
	}
	return place;
}

const struct session *sessions_begin(struct sessions *sessions, const char *user, int64_t now)
{
	struct session *session = make_place(sessions);

	end(session);
	*session = (struct session){.is_used = true, .began = now, .last_used = now};
	snprintf(session->user, sizeof(session->user), "%s", user);
	draw_token(session->token);
	draw_token(session->csrf);
	return session;
}

static bool is_over(const struct session *session, int64_t now)
{
	return now - session->last_used >= SESSION_IDLE_SECONDS ||
	       now - session->began >= SESSION_SECONDS;
}

static struct session *find(struct sessions *sessions, const char *token)
{
	struct session *found = NULL;

	if (strlen(token) != TOKEN_LEN)
		return NULL;
	for (unsigned i = 0; i < SESSIONS_MAX; i++) {
		struct session *session = &sessions->list[i];

		if (session->is_used && sodium_memcmp(session->token, token, TOKEN_LEN) == 0)
			found = session;
	}
	return found;
}

const struct session *sessions_find(struct sessions *sessions, const char *token, int64_t now)
{
	struct session *session = find(sessions, token);

	if (session && is_over(session, now)) {
		end(session);
		session = NULL;
	}
	if (session)
		session->last_used = now;
	return session;
}

void sessions_end(struct sessions *sessions, const char *token)
{
	struct session *session = find(sessions, token);

	if (session)
		end(session);
}

bool sessions_may_guess(const struct sessions *sessions, const char *address, int64_t now)
{
	unsigned of_one = 0, of_all = 0;

	for (unsigned i = 0; i < GUESSES_OF_ALL; i++) {
		const struct guess *guess = &sessions->guesses[i];

		if (!guess->address[0] || now - guess->at >= GUESS_SECONDS)
			continue;
		of_all++;
		of_one += strcmp(guess->address, address) == 0;
	}
	return of_one < GUESSES_OF_ONE && of_all < GUESSES_OF_ALL;
}

void sessions_guessed(struct sessions *sessions, const char *address, int64_t now)
{
	struct guess *guess = &sessions->guesses[sessions->next_guess++ % GUESSES_OF_ALL];

	guess->at = now;
	snprintf(guess->address, sizeof(guess->address), "%s", address);
}

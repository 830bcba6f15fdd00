/* Sessions end when they should, and who guesses is stopped, alone and together. */
#include "unit.h"
#include "sessions.h"

#include <stdio.h>
#include <string.h>

static struct sessions sessions;

static int set_up(void **state)
{
	(void)state;
	memset(&sessions, 0, sizeof(sessions));
	return 0;
}

static void finds_by_token_alone(void **state)
{
	struct session a = *sessions_begin(&sessions, "anna", 100);
	struct session b = *sessions_begin(&sessions, "ben", 100);

	(void)state;
	assert_string_not_equal(a.token, b.token);
	assert_string_not_equal(a.token, a.csrf);
	assert_int_equal(strlen(a.token), TOKEN_LEN);
	assert_string_equal(sessions_find(&sessions, a.token, 101)->user, "anna");
	assert_string_equal(sessions_find(&sessions, b.token, 101)->user, "ben");
	assert_null(sessions_find(&sessions, "", 101));
	assert_null(sessions_find(&sessions, a.csrf, 101));
	/* As the places that are free have it. */
	assert_null(sessions_find(&sessions, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 101));
	sessions_end(&sessions, a.token);
	assert_null(sessions_find(&sessions, a.token, 101));
	assert_non_null(sessions_find(&sessions, b.token, 101));
}

static void ends_in_time(void **state)
{
	struct session idle = *sessions_begin(&sessions, "anna", 0);
	struct session busy = *sessions_begin(&sessions, "ben", 0);

	(void)state;
	for (int64_t now = 0; now < SESSION_SECONDS; now += SESSION_IDLE_SECONDS - 1)
		assert_non_null(sessions_find(&sessions, busy.token, now));
	assert_null(sessions_find(&sessions, busy.token, SESSION_SECONDS));
	assert_null(sessions_find(&sessions, idle.token, SESSION_IDLE_SECONDS));
}

static void makes_room(void **state)
{
	struct session first = *sessions_begin(&sessions, "anna", 0), second;

	(void)state;
	second = *sessions_begin(&sessions, "anna", 1);
	for (unsigned i = 2; i < SESSIONS_MAX; i++)
		sessions_begin(&sessions, "ben", i);
	assert_non_null(sessions_find(&sessions, first.token, 1000));
	sessions_begin(&sessions, "ben", 1001);
	/* The second was idle for longest. */
	assert_null(sessions_find(&sessions, second.token, 1001));
	assert_non_null(sessions_find(&sessions, first.token, 1001));
}

static void stops_who_guesses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GUESSES_OF_ONE; i++) {
		assert_true(sessions_may_guess(&sessions, "192.0.2.1", i));
		sessions_guessed(&sessions, "192.0.2.1", i);
	}
	assert_false(sessions_may_guess(&sessions, "192.0.2.1", GUESS_SECONDS - 1));
	assert_true(sessions_may_guess(&sessions, "192.0.2.2", GUESS_SECONDS - 1));
	/* When the first one is old enough there is one more. */
	assert_true(sessions_may_guess(&sessions, "192.0.2.1", GUESS_SECONDS));
}

static void stops_many_who_guess(void **state)
{
	char address[ADDRESS_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < GUESSES_OF_ALL; i++) {
		snprintf(address, sizeof(address), "2001:db8::%x", i);
		assert_true(sessions_may_guess(&sessions, address, 50));
		sessions_guessed(&sessions, address, 50);
	}
	assert_false(sessions_may_guess(&sessions, "192.0.2.9", 50));
	assert_true(sessions_may_guess(&sessions, "192.0.2.9", 50 + GUESS_SECONDS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(finds_by_token_alone, set_up),
		cmocka_unit_test_setup(ends_in_time, set_up),
		cmocka_unit_test_setup(makes_room, set_up),
		cmocka_unit_test_setup(stops_who_guesses, set_up),
		cmocka_unit_test_setup(stops_many_who_guess, set_up),
	};

	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}

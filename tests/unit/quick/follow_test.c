/* When names are looked up again, and what the peer gets: one line a case. */
#include "unit.h"
#include "follow.h"

enum { NOW_S = 1000000, BOOT_S = 5000 };

static const struct moment now = {
	.at = {BOOT_S * NS_PER_S},
	.wall = {.sec = NOW_S},
};

/* Addresses by a letter, '6' an IPv6 one, '-' none. */
static struct endpoint endpoint_of(char letter)
{
	struct endpoint endpoint = {.addr = {IP_V4, {192, 0, 2, (uint8_t)letter}}, .port = 51820};

	if (letter == '-')
		return (struct endpoint){0};
	if (letter >= '0' && letter <= '9') {
		endpoint.addr.family = IP_V6;
		endpoint.addr.b[0] = 0x20;
	}
	return endpoint;
}

/* age_s: of the last handshake; below 0: there was none. */
static struct peer_settings peer_at(char letter, int age_s, uint64_t tx_bytes)
{
	return (struct peer_settings){.has = letter == '-' ? 0u : PEER_HAS_ENDPOINT,
		.endpoint = endpoint_of(letter),
		.last_handshake.sec = age_s < 0 ? 0 : NOW_S - age_s,
		.tx_bytes = tx_bytes};
}

static const struct {
	char at;
	int age_s;
	uint64_t tx_before, tx_bytes;
	bool is_round, has_ended;
	enum follow_cause cause;
} asks[] = {
	/* It works, and the record holds. */
	{'a', 10, 0, 9, true, false, FOLLOW_NOT},
	{'a', 179, 0, 9, true, false, FOLLOW_NOT},
	{'a', 180, 0, 9, true, false, FOLLOW_FAILED},
	{'a', 180, 0, 9, false, false, FOLLOW_NOT},
	/* Never a handshake; nobody wants any: nothing was sent. */
	{'a', -1, 0, 9, true, false, FOLLOW_FAILED},
	{'a', -1, 9, 9, true, false, FOLLOW_NOT},
	{'a', 9999, 9, 9, true, false, FOLLOW_NOT},
	/* No endpoint, so that nothing can be sent. */
	{'-', -1, 0, 0, true, false, FOLLOW_FAILED},
	{'-', -1, 0, 0, false, false, FOLLOW_NOT},
	/* The record's time has ended, whatever the handshakes do. */
	{'a', 10, 0, 9, true, true, FOLLOW_ENDED},
	{'a', 10, 0, 9, false, true, FOLLOW_ENDED},
	{'a', 9999, 9, 9, true, true, FOLLOW_ENDED},
	{'a', 180, 0, 9, true, true, FOLLOW_FAILED},
};

static void knows_when_to_ask(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		const struct peer_settings peer =
			peer_at(asks[i].at, asks[i].age_s, asks[i].tx_bytes);
		struct follow follow = {.tx_bytes = asks[i].tx_before};

		follow_note_ttl(&follow, 60, now.at);
		if (asks[i].has_ended)
			follow.look_at = now.at;
		assert_int_equal(follow_ask(&follow, &peer, asks[i].is_round, &now), asks[i].cause);
		if (asks[i].is_round)
			assert_int_equal(follow.tx_bytes, asks[i].tx_bytes);
	}
}

static const struct {
	char set, at; /* what we have set, where the peer is */
	int age_s;
	enum follow_cause cause;
	const char *found;
	char choice, set_after; /* '-': it stays */
} choices[] = {
	/* The record has moved, and with it the peer. */
	{'a', 'a', 10, FOLLOW_ENDED, "b", 'b', 'b'},
	{'a', 'a', 9999, FOLLOW_ENDED, "b", 'b', 'b'},
	/* It has not; or has others as well. */
	{'a', 'a', 10, FOLLOW_ENDED, "a", '-', 'a'},
	{'a', 'a', 10, FOLLOW_ENDED, "bca", '-', 'a'},
	{'a', 'b', 10, FOLLOW_ENDED, "ab", '-', 'b'},
	/* The peer has roamed, and that works: not touched, until it no longer works. */
	{'a', 'z', 10, FOLLOW_ENDED, "a", '-', 'a'},
	{'a', 'z', 179, FOLLOW_ENDED, "b", '-', 'a'},
	{'a', 'z', 180, FOLLOW_ENDED, "b", 'b', 'b'},
	{'a', 'z', -1, FOLLOW_ENDED, "b", 'b', 'b'},
	/* It is not known what was set: as if it had roamed. */
	{'-', 'z', 10, FOLLOW_ENDED, "b", '-', '-'},
	{'-', 'b', 10, FOLLOW_ENDED, "ab", '-', 'b'},
	/* The family in use is preferred. */
	{'a', 'a', 10, FOLLOW_ENDED, "6b", 'b', 'b'},
	{'5', '5', 10, FOLLOW_ENDED, "b6", '6', '6'},
	{'5', '5', 10, FOLLOW_ENDED, "bc", 'b', 'b'},
	/* Handshakes have failed: the first, of either family. */
	{'a', 'a', 200, FOLLOW_FAILED, "6b", '6', '6'},
	{'a', 'a', 200, FOLLOW_FAILED, "ba", 'b', 'b'},
	{'a', 'a', 200, FOLLOW_FAILED, "ab", '-', 'a'},
	{'a', 'z', 200, FOLLOW_FAILED, "a", 'a', 'a'},
	/* One succeeded while the resolver was asked. */
	{'a', 'z', 1, FOLLOW_FAILED, "a", '-', 'a'},
	{'a', 'b', 1, FOLLOW_FAILED, "ab", '-', 'b'},
	/* No endpoint yet. */
	{'-', '-', -1, FOLLOW_FAILED, "6b", '6', '6'},
	{'-', '-', -1, FOLLOW_ENDED, "b6", 'b', 'b'},
};

static void chooses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		const struct peer_settings peer = peer_at(choices[i].at, choices[i].age_s, 1);
		const struct endpoint expected = endpoint_of(choices[i].choice);
		const struct endpoint set = endpoint_of(choices[i].set_after);
		struct follow follow = {.set = endpoint_of(choices[i].set)};
		struct resolved found = {.count = strlen(choices[i].found)};
		const struct endpoint *choice;

		for (size_t j = 0; j < found.count; j++)
			found.list[j] = endpoint_of(choices[i].found[j]);
		choice = follow_choose(&follow, choices[i].cause, &found, &peer, now.wall);
		if (!!choice != (choices[i].choice != '-') ||
			(choice && !endpoint_same_remote(choice, &expected)) ||
			!endpoint_same_remote(&follow.set, &set))
			fail_msg("row %zu: another choice", i);
	}
}

static const struct {
	uint32_t ttl_s, held_s;
} ttls[] = {
	{0, FOLLOW_TTL_MIN_S},
	{FOLLOW_TTL_MIN_S - 1, FOLLOW_TTL_MIN_S},
	{FOLLOW_TTL_MIN_S, FOLLOW_TTL_MIN_S},
	{FOLLOW_TTL_MIN_S + 1, FOLLOW_TTL_MIN_S + 1},
	{FOLLOW_TTL_MAX_S - 1, FOLLOW_TTL_MAX_S - 1},
	{FOLLOW_TTL_MAX_S, FOLLOW_TTL_MAX_S},
	{FOLLOW_TTL_MAX_S + 1, FOLLOW_TTL_MAX_S},
	{UINT32_MAX, FOLLOW_TTL_MAX_S},
};

static void keeps_time_to_live_in_limits(void **state)
{
	struct follow follow = {0};

	(void)state;
	assert_true(instant_reached(now.at, follow.look_at));
	for (size_t i = 0; i < sizeof(ttls) / sizeof(ttls[0]); i++) {
		follow_note_ttl(&follow, ttls[i].ttl_s, now.at);
		assert_int_equal(follow.look_at.ns, (BOOT_S + ttls[i].held_s + 1) * NS_PER_S);
	}
	follow_note_unknown(&follow, now.at);
	assert_int_equal(follow.look_at.ns, (BOOT_S + FOLLOW_RETRY_S) * NS_PER_S);
	follow_note_no_record(&follow);
	assert_false(instant_reached((struct instant){UINT64_MAX - 1}, follow.look_at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_when_to_ask),
		cmocka_unit_test(chooses),
		cmocka_unit_test(keeps_time_to_live_in_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Key slots and the limits of a key's life: rule by rule, at each limit and one past it. */
#include "unit.h"
#include <string.h>
#include "limits.h"
#include "session.h"
#include "wipe.h"

static const struct instant birth = {1000 * NS_PER_S};

/* A keyring whose sessions are told apart by their local index: 1 for the first made, and so on. */
struct bench {
	struct keyring ring;
	struct session sessions[SESSIONS_PER_PEER];
	uint32_t made;
	struct instant now;
	char freed[32];
};

static void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	keyring_init(&b->ring);
	b->now = birth;
}

static void note_freed(struct bench *b, const struct session_freed *freed)
{
	size_t at = strlen(b->freed);

	for (unsigned i = 0; i < freed->count; i++)
		b->freed[at++] = (char)('0' + freed->indices[i]);
	b->freed[at] = '\0';
}

/*
 * I: we initiated and got the response. R: we responded. C: first data under next. X: clear.
 * +, -: 5 s pass, or a little less.
 */
static void bench_do(struct bench *b, char what)
{
	const struct noise_keys keys = {.send = {{0xaa}}, .receive = {{0xbb}}};
	struct session_freed freed = {.count = 0};
	uint8_t slot = SESSION_NONE;

	if (what == '+' || what == '-') {
		b->now = instant_after(b->now, 5 * NS_PER_S - (what == '-'));
		return;
	}
	if (what == 'I')
		slot = keyring_add_confirmed(&b->ring, b->sessions, b->now, &freed);
	else if (what == 'R')
		slot = keyring_add_unconfirmed(&b->ring, b->sessions, &freed);
	else if (what == 'C')
		keyring_confirm(&b->ring, b->sessions, &freed);
	else
		keyring_clear(&b->ring, b->sessions, &freed);
	if (slot != SESSION_NONE)
		session_begin(&b->sessions[slot], &keys, what == 'I', ++b->made, 0, b->now);
	note_freed(b, &freed);
}

static char id_of(const struct bench *b, uint8_t slot)
{
	return slot == SESSION_NONE ? '-' : (char)('0' + b->sessions[slot].local_index);
}

static void rotates_keys(void **state)
{
	static const struct {
		const char *steps, *slots, *freed; /* slots: previous, current, next */
	} cases[] = {
		{"", "---", ""},
		{"I", "-1-", ""},
		{"II", "12-", ""},
		{"III", "23-", "1"},
		{"R", "--1", ""},
		{"RR", "--2", "1"},
		{"RC", "-1-", ""},
		{"RI", "12-", ""},
		{"RCRI", "23-", "1"},
		{"IR", "-12", ""},
		{"IRR", "-13", "2"},
		{"IRI", "23-", "1"},
		{"IIRI", "34-", "12"},
		/* An unconfirmed key is the peer's for 5 s, then nobody's. */
		{"IR-I", "23-", "1"},
		{"IR+I", "13-", "2"},
		{"R+I", "-2-", "1"},
		{"IIR+I", "24-", "13"},
		{"IRC", "12-", ""},
		{"IIR", "-23", "1"},
		{"IIRC", "23-", "1"},
		{"IRCI", "23-", "1"},
		{"IRCRC", "23-", "1"},
		{"X", "---", ""},
		{"IRX", "---", "12"},
		{"IIX", "---", "12"},
		{"RX", "---", "1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench b;
		char slots[4] = "";

		bench_init(&b);
		for (const char *step = cases[i].steps; *step; step++)
			bench_do(&b, *step);
		slots[0] = id_of(&b, b.ring.previous);
		slots[1] = id_of(&b, b.ring.current);
		slots[2] = id_of(&b, b.ring.next);
		assert_string_equal(slots, cases[i].slots);
		assert_string_equal(b.freed, cases[i].freed);
	}
}

/* Slots are distinct, hold what is present and nothing else; what was freed is zero. */
static void assert_sound(const struct bench *b)
{
	const uint8_t slots[] = {b->ring.previous, b->ring.current, b->ring.next};
	unsigned held[SESSIONS_PER_PEER] = {0};

	for (size_t i = 0; i < 3; i++)
		if (slots[i] != SESSION_NONE)
			held[slots[i]]++;
	for (size_t i = 0; i < SESSIONS_PER_PEER; i++) {
		assert_true(held[i] <= 1);
		assert_int_equal(b->sessions[i].is_present, held[i]);
		if (!held[i])
			assert_true(bytes_zero_ct(&b->sessions[i], sizeof(b->sessions[i])));
	}
	/* Each session ever made is in a slot or was freed once. */
	assert_int_equal(held[0] + held[1] + held[2] + strlen(b->freed), b->made);
}

/* All sequences of eight steps. */
static void keeps_its_slots_sound(void **state)
{
	(void)state;
	for (unsigned sequence = 0; sequence < 6561; sequence++) {
		struct bench b;

		bench_init(&b);
		for (unsigned i = 0, rest = sequence; i < 8; i++, rest /= 3) {
			if ("IRC"[rest % 3] == 'C' && b.ring.next == SESSION_NONE)
				continue;
			bench_do(&b, "IRC"[rest % 3]);
			assert_sound(&b);
		}
	}
}

static struct session session_of(bool is_initiator, uint64_t send_counter)
{
	const struct noise_keys keys = {.send = {{1}}};
	struct session session = {0};

	session_begin(&session, &keys, is_initiator, 1, 2, birth);
	session.send_counter = send_counter;
	return session;
}

static void obeys_the_limits_of_age(void **state)
{
	static const struct {
		uint64_t age_ms;
		bool is_initiator, may_send, may_receive, renews_on_send, renews_on_receive;
	} cases[] = {
		{0, true, true, true, false, false},
		{119900, true, true, true, false, false},
		{119900, false, true, true, false, false},
		{120000, true, true, true, true, false},
		{120000, false, true, true, false, false},
		{164999, true, true, true, true, false},
		{165000, true, true, true, true, true},
		{165000, false, true, true, false, false},
		{179900, true, true, true, true, true},
		{179999, false, true, true, false, false},
		{180000, true, false, false, true, true},
		{180000, false, false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session session = session_of(cases[i].is_initiator, 0);
		struct instant now = instant_after(birth, cases[i].age_ms * NS_PER_MS);
		uint64_t first;

		assert_int_equal(
			session_wants_rekey_on_send(&session, now), cases[i].renews_on_send);
		assert_int_equal(
			session_wants_rekey_on_receive(&session, now), cases[i].renews_on_receive);
		assert_int_equal(session_may_receive(&session, now), cases[i].may_receive);
		assert_int_equal(session_reserve(&session, 1, now, &first), cases[i].may_send);
		assert_int_equal(session.may_send, cases[i].may_send);
	}
}

static void obeys_the_limits_of_count(void **state)
{
	static const struct {
		uint64_t counter;
		uint32_t asked, got;
		bool renews; /* before it reserves, in either role */
	} cases[] = {
		{0, 1, 1, false},
		{0, 0, 0, false},
		{0, UINT32_MAX, UINT32_MAX, false},
		{REKEY_AFTER_MESSAGES, 1, 1, false},
		{REKEY_AFTER_MESSAGES + 1, 1, 1, true},
		{REJECT_AFTER_MESSAGES - 3, 2, 2, true},
		{REJECT_AFTER_MESSAGES - 3, 3, 3, true},
		{REJECT_AFTER_MESSAGES - 3, 4, 3, true},
		{REJECT_AFTER_MESSAGES - 1, 1, 1, true},
		{REJECT_AFTER_MESSAGES, 1, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		size_t c = i / 2;
		struct session session = session_of(i % 2, cases[c].counter);
		uint64_t first = 77;

		assert_int_equal(session_wants_rekey_on_send(&session, birth), cases[c].renews);
		assert_int_equal(
			session_reserve(&session, cases[c].asked, birth, &first), cases[c].got);
		assert_true(session.send_counter == cases[c].counter + cases[c].got);
		if (cases[c].got > 0)
			assert_true(first == cases[c].counter);
	}
}

static void never_sends_again_once_refused(void **state)
{
	struct session session = session_of(true, REJECT_AFTER_MESSAGES);
	uint64_t first;

	(void)state;
	assert_int_equal(session_reserve(&session, 1, birth, &first), 0);
	session.send_counter = 0;
	assert_int_equal(session_reserve(&session, 1, birth, &first), 0);
	/* Nor does it ask to be renewed: the packets that wait do. */
	assert_false(session_wants_rekey_on_send(&session, instant_after(birth, 170 * NS_PER_S)));
	assert_false(
		session_wants_rekey_on_receive(&session, instant_after(birth, 170 * NS_PER_S)));
}

static void receives_below_the_last_counter(void **state)
{
	struct session session = session_of(false, 0);

	(void)state;
	assert_true(replay_accept(&session.replay, REJECT_AFTER_MESSAGES - 2));
	assert_true(session_may_receive(&session, birth));
	assert_true(replay_accept(&session.replay, REJECT_AFTER_MESSAGES - 1));
	assert_false(session_may_receive(&session, birth));
}

static void gives_each_counter_once(void **state)
{
	struct session session = session_of(true, 0);
	uint64_t expected = 0;

	(void)state;
	for (uint32_t count = 1; count < 200; count++) {
		uint64_t first;

		assert_int_equal(session_reserve(&session, count, birth, &first), count);
		assert_true(first == expected);
		expected += count;
	}
}

static void is_nothing_before_it_begins(void **state)
{
	struct session session = {0};
	uint64_t first;

	(void)state;
	assert_false(session_may_receive(&session, birth));
	assert_int_equal(session_reserve(&session, 1, birth, &first), 0);
	assert_false(session_wants_rekey_on_send(&session, birth));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rotates_keys),
		cmocka_unit_test(keeps_its_slots_sound),
		cmocka_unit_test(obeys_the_limits_of_age),
		cmocka_unit_test(obeys_the_limits_of_count),
		cmocka_unit_test(never_sends_again_once_refused),
		cmocka_unit_test(receives_below_the_last_counter),
		cmocka_unit_test(gives_each_counter_once),
		cmocka_unit_test(is_nothing_before_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

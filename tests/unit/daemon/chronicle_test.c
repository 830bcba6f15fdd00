/* What is remembered, what makes room for what, and what a flood can and cannot do. */
#include "unit.h"
#include "chronicle.h"

#include <errno.h>
#include <string.h>
#include "verdict_reason.h"

enum { PEERS = 4 };

static const struct log silent = {LOG_LEVEL_SILENT, "test"};
static const struct public_key key = {{9}};
static struct chronicle *chronicle;
static struct instant now;
static struct textbuf text;
static struct incident_log seen;

static int set_up(void **state)
{
	(void)state;
	now = (struct instant){1000 * NS_PER_S};
	return chronicle_create(&chronicle, PEERS, &silent, now);
}

static int tear_down(void **state)
{
	(void)state;
	incident_log_fini(&seen);
	textbuf_fini(&text);
	chronicle_destroy(chronicle);
	return 0;
}

static void pass(uint64_t ms)
{
	now = instant_after(now, ms * NS_PER_MS);
}

static struct endpoint source(unsigned n)
{
	return (struct endpoint){
		.addr = {IP_V4, {192, 0, (uint8_t)(n >> 8), (uint8_t)n}}, .port = 7};
}

static void note(enum reason reason, unsigned from)
{
	const struct endpoint endpoint = source(from);

	chronicle_note(chronicle, &(struct note){.reason = reason, .source = &endpoint}, now);
}

static void note_peer(struct peer_id id, enum reason reason, unsigned from)
{
	const struct endpoint endpoint = source(from);

	chronicle_note_peer(
		chronicle, id, &key, &(struct note){.reason = reason, .source = &endpoint}, now);
}

/* Reads all back; the section of the device, and of the one peer if it has one. */
static const struct incidents_of *look(struct peer_id id)
{
	incident_log_fini(&seen);
	textbuf_clear(&text);
	chronicle_print_device(chronicle, &text, false, now);
	chronicle_print_peer(chronicle, id, &key, &text, false, now);
	textbuf_add(&text, "errno=0\n\n");
	assert_int_equal(incidents_parse((struct span){text.text, text.len}, &seen), 0);
	return seen.of;
}

static size_t count_of(const struct incidents_of *of, enum reason reason)
{
	size_t count = 0;

	for (size_t i = 0; i < of->count; i++)
		count += of->list[i].reason == reason;
	return count;
}

static const struct peer_id peer = {2, 1};

static void joins_what_is_alike(void **state)
{
	const struct incidents_of *of;

	(void)state;
	note(REASON_BAD_MAC1, 1);
	pass(2000);
	note(REASON_BAD_MAC1, 1);
	note(REASON_BAD_MAC1, 2);
	note(REASON_BAD_TAG, 1);
	of = look(peer);
	assert_int_equal(seen.count, 1);
	assert_int_equal(of->counts[REASON_BAD_MAC1], 3);
	assert_int_equal(of->count, 3);
	for (size_t i = 0; i < of->count; i++)
		if (span_equal(of->list[i].source, "192.0.0.1:7") &&
			of->list[i].reason == REASON_BAD_MAC1) {
			assert_int_equal(of->list[i].count, 2);
			assert_int_equal(of->list[i].first_ms_ago, 2000);
			assert_int_equal(of->list[i].last_ms_ago, 0);
		}
}

static void tells_keys_and_errors_apart(void **state)
{
	static const struct public_key keys[2] = {{{1}}, {{2}}};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		chronicle_note(chronicle,
			&(struct note){.reason = REASON_UNKNOWN_PEER, .key = &keys[i % 2]}, now);
	chronicle_note(chronicle, &(struct note){.reason = REASON_SEND_FAILED, .error = EIO}, now);
	chronicle_note(
		chronicle, &(struct note){.reason = REASON_SEND_FAILED, .error = EINVAL}, now);
	assert_int_equal(look(peer)->count, 4);
	assert_int_equal(count_of(look(peer), REASON_UNKNOWN_PEER), 2);
}

/* One kind from thousands of sources leaves the others where they are. */
static void hides_nothing_in_a_flood(void **state)
{
	const struct incidents_of *of;

	(void)state;
	note(REASON_UNKNOWN_PEER, 1);
	for (unsigned i = 0; i < 5000; i++) {
		note(REASON_BAD_MAC1, i);
		pass(i % 2);
	}
	of = look(peer);
	assert_int_equal(of->counts[REASON_BAD_MAC1], 5000);
	assert_int_equal(count_of(of, REASON_BAD_MAC1), CHRONICLE_DEVICE_ALIKE_MAX);
	assert_int_equal(count_of(of, REASON_UNKNOWN_PEER), 1);
}

/* All at one instant: no more than the budget is looked at, everything is counted. */
static void spends_its_budget_and_no_more(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHRONICLE_BURST + 100; i++)
		note(REASON_BAD_MESSAGE, 1);
	assert_int_equal(look(peer)->counts[REASON_BAD_MESSAGE], CHRONICLE_BURST + 100);
	assert_int_equal(look(peer)->list[0].count, CHRONICLE_BURST);
	pass(1000);
	for (unsigned i = 0; i < 100; i++)
		note(REASON_BAD_MESSAGE, 1);
	assert_int_equal(look(peer)->list[0].count, CHRONICLE_BURST + CHRONICLE_PER_SECOND);
}

static void lets_the_oldest_go(void **state)
{
	const struct incidents_of *of;

	(void)state;
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		note_peer(peer, (enum reason)i, 1);
		pass(10);
	}
	of = look(peer);
	assert_int_equal(seen.count, 2);
	assert_int_equal(of[1].count, CHRONICLE_PEER_INCIDENTS);
	for (unsigned i = 0; i < CHRONICLE_PEER_INCIDENTS; i++)
		assert_int_equal(of[1].list[i].reason, REASON_COUNT - 1 - i);
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		assert_int_equal(of[0].counts[i], 1);
		assert_int_equal(of[1].counts[i], 1);
	}
}

static void keeps_few_alike_of_a_peer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		note_peer(peer, REASON_ROAMED, i);
	assert_int_equal(look(peer)[1].count, CHRONICLE_PEER_ALIKE_MAX);
	assert_int_equal(look(peer)[1].counts[REASON_ROAMED], 10);
}

/* The next peer in the slot inherits nothing; the device's counts stay. */
static void forgets_with_the_peer(void **state)
{
	const struct peer_id next = {2, 2}, other = {3, 1};

	(void)state;
	note_peer(peer, REASON_REPLAYED, 1);
	look(other);
	assert_int_equal(seen.count, 1);
	look(next);
	assert_int_equal(seen.count, 1);
	note_peer(next, REASON_EXPIRED, 1);
	look(next);
	assert_int_equal(seen.of[1].counts[REASON_REPLAYED], 0);
	assert_int_equal(seen.of[1].count, 1);
	assert_int_equal(seen.of[0].counts[REASON_REPLAYED], 1);
}

/* Another daemon's log goes on with it, also when the peer has another slot there. */
static void goes_on_elsewhere(void **state)
{
	static uint8_t device[CHRONICLE_RECORD_MAX], of_peer[CHRONICLE_RECORD_MAX];
	const struct peer_id there = {0, 7};
	size_t device_len, peer_len;
	char *before;

	(void)state;
	note(REASON_BAD_MAC1, 1);
	note_peer(peer, REASON_REPLAYED, 1);
	pass(1500);
	note_peer(peer, REASON_ROAMED, 2);
	look(peer);
	before = strdup(text.text);
	device_len = chronicle_store_device(chronicle, device);
	peer_len = chronicle_store_peer(chronicle, peer, of_peer);
	assert_int_equal(chronicle_store_peer(chronicle, there, of_peer), 0);
	assert_true(device_len <= sizeof(device) && peer_len > 0 && peer_len <= sizeof(of_peer));
	chronicle_destroy(chronicle);
	pass(10000);
	assert_int_equal(chronicle_create(&chronicle, PEERS, &silent, now), 0);
	note_peer(there, REASON_EXPIRED, 1);
	assert_true(chronicle_load_device(chronicle, device, device_len));
	assert_true(chronicle_load_peer(chronicle, there, of_peer, peer_len));
	assert_int_equal(chronicle_age(chronicle, now), 11500 * NS_PER_MS);
	now.ns -= 10000 * NS_PER_MS;
	look(there);
	assert_string_equal(text.text, before);
	free(before);
	/* And is added to. */
	note_peer(there, REASON_ROAMED, 2);
	assert_int_equal(look(there)[1].counts[REASON_ROAMED], 2);
	assert_int_equal(count_of(&look(there)[1], REASON_ROAMED), 1);
}

/* Another version's is passed over; what cannot be is told of. Neither changes anything. */
static void begins_anew_after_another_version(void **state)
{
	static uint8_t device[CHRONICLE_RECORD_MAX], of_peer[CHRONICLE_RECORD_MAX];
	size_t device_len, peer_len;

	(void)state;
	note_peer(peer, REASON_REPLAYED, 1);
	device_len = chronicle_store_device(chronicle, device);
	peer_len = chronicle_store_peer(chronicle, peer, of_peer);
	note_peer(peer, REASON_EXPIRED, 1);
	assert_false(chronicle_load_device(chronicle, device, device_len - 1));
	assert_false(chronicle_load_device(chronicle, device, 7));
	assert_false(chronicle_load_peer(chronicle, peer, of_peer, peer_len + 1));
	assert_false(chronicle_load_peer(chronicle, peer, device, device_len));
	memset(device + 8, 0xff, device_len - 8);
	memset(of_peer + 8, 0xff, peer_len - 8);
	assert_false(chronicle_load_device(chronicle, device, device_len));
	assert_false(chronicle_load_peer(chronicle, peer, of_peer, peer_len));
	device[0] ^= 1;
	of_peer[0] ^= 1;
	assert_true(chronicle_load_device(chronicle, device, device_len));
	assert_true(chronicle_load_device(chronicle, device, 8));
	assert_true(chronicle_load_peer(chronicle, peer, of_peer, peer_len));
	assert_int_equal(look(peer)[0].counts[REASON_REPLAYED], 1);
	assert_int_equal(seen.of[1].counts[REASON_REPLAYED], 1);
	assert_int_equal(seen.of[1].counts[REASON_EXPIRED], 1);
}

static void names_every_verdict_that_refuses(void **state)
{
	(void)state;
	for (unsigned v = 0; v < VERDICT_COUNT; v++) {
		enum reason reason = verdict_reason((enum verdict)v);

		if (v == VERDICT_OK || v == VERDICT_NO_KEY || v == VERDICT_NOT_NOW ||
			v == VERDICT_GONE)
			assert_int_equal(reason, REASON_COUNT);
		else
			assert_string_equal(reason_code(reason), verdict_name((enum verdict)v));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(joins_what_is_alike, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_keys_and_errors_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hides_nothing_in_a_flood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(spends_its_budget_and_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lets_the_oldest_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_few_alike_of_a_peer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forgets_with_the_peer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(goes_on_elsewhere, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			begins_anew_after_another_version, set_up, tear_down),
		cmocka_unit_test(names_every_verdict_that_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The log's text: printed and read back, for everybody and for root, and what is not such a text. */
#include "unit.h"
#include "incidents.h"

#include <errno.h>
#include <stdio.h>

static const struct instant now = {100 * NS_PER_S};
static const struct public_key key = {{1, 2, 3}};
static const char key_text[] = "AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static const struct incident unknown = {
	.reason = REASON_UNKNOWN_PEER,
	.has_key = true,
	.count = 3,
	.first = {90 * NS_PER_S},
	.last = {99 * NS_PER_S},
	.addr = {IP_V4, {192, 0, 2, 7}},
	.port = 51820,
	.key = {{1, 2, 3}},
};

static const struct incident unsent = {
	.reason = REASON_SEND_DENIED,
	.error = EPERM,
	.count = 1,
	.first = {98 * NS_PER_S},
	.last = {98 * NS_PER_S},
	.addr = {IP_V6, {0x20, 1, 0xd, 0xb8}},
	.port = 1,
	.inner = {IP_V4, {10, 0, 0, 9}},
};

static void print_all(struct textbuf *out, bool is_public)
{
	incidents_print_begin(out, is_public, 5 * NS_PER_S);
	incidents_print_count(out, REASON_UNKNOWN_PEER, 3);
	incidents_print_one(out, &unknown, is_public, now);
	incidents_print_peer(out, &key, is_public);
	incidents_print_count(out, REASON_SEND_DENIED, 1);
	incidents_print_one(out, &unsent, is_public, now);
	textbuf_add(out, "errno=0\n\n");
}

static bool is_text(struct span span, const char *text)
{
	return span_equal(span, text);
}

static void reads_what_it_printed(void **state)
{
	struct textbuf text = {0};
	struct incident_log log;

	(void)state;
	print_all(&text, false);
	assert_int_equal(incidents_parse((struct span){text.text, text.len}, &log), 0);
	assert_false(log.is_public);
	assert_int_equal(log.ms_ago, 5000);
	assert_int_equal(log.count, 2);
	assert_int_equal(log.of[0].counts[REASON_UNKNOWN_PEER], 3);
	assert_int_equal(log.of[0].count, 1);
	assert_int_equal(log.of[0].list[0].reason, REASON_UNKNOWN_PEER);
	assert_int_equal(log.of[0].list[0].count, 3);
	assert_int_equal(log.of[0].list[0].first_ms_ago, 10000);
	assert_int_equal(log.of[0].list[0].last_ms_ago, 1000);
	assert_true(is_text(log.of[0].list[0].source, "192.0.2.7:51820"));
	assert_true(is_text(log.of[0].list[0].key, key_text));
	assert_int_equal(log.of[0].list[0].inner.len, 0);
	assert_true(is_text(log.of[1].peer, key_text));
	assert_int_equal(log.of[1].list[0].error, EPERM);
	assert_true(is_text(log.of[1].list[0].source, "[2001:db8::]:1"));
	assert_true(is_text(log.of[1].list[0].inner, "10.0.0.9"));
	incident_log_fini(&log);
	textbuf_fini(&text);
}

static void tells_everybody_less(void **state)
{
	struct textbuf text = {0};
	struct incident_log log;

	(void)state;
	print_all(&text, true);
	assert_null(strstr(text.text, key_text));
	assert_null(strstr(text.text, "192.0.2.7"));
	assert_null(strstr(text.text, "2001:db8"));
	assert_null(strstr(text.text, "10.0.0.9"));
	assert_int_equal(incidents_parse((struct span){text.text, text.len}, &log), 0);
	assert_true(log.is_public);
	assert_true(is_text(log.of[1].peer, "AQIDAAAA"));
	assert_true(is_text(log.of[0].list[0].key, "AQIDAAAA"));
	assert_int_equal(log.of[0].list[0].source.len, 0);
	incident_log_fini(&log);
	textbuf_fini(&text);
}

static void sorts_the_newest_first(void **state)
{
	struct incident_log log;

	(void)state;
	assert_int_equal(incidents_parse(span_of("event=bad-tag last_ms_ago=5\n"
						 "event=replayed last_ms_ago=3\n"
						 "event=expired last_ms_ago=4\nerrno=0\n\n"),
				 &log),
		0);
	assert_int_equal(log.of[0].count, 3);
	assert_int_equal(log.of[0].list[0].reason, REASON_REPLAYED);
	assert_int_equal(log.of[0].list[1].reason, REASON_EXPIRED);
	assert_int_equal(log.of[0].list[2].reason, REASON_BAD_TAG);
	incident_log_fini(&log);
}

static void judges_replies(void **state)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{"errno=0\n\n", 0},
		{"errno=-71\n\n", -EPROTO},
		{"errno=1\n\n", -EPERM},
		{"", -EPROTO},
		{"\n", -EPROTO},
		{"events_version=1\n", -EPROTO},
		{"events_version=99\nnews=1 2 3\nerrno=0\n\n", 0},
		{"count=of-tomorrow 7\nerrno=0\n\n", 0},
		{"count=bad-tag 7\nerrno=0\n\n", 0},
		{"count=bad-tag\nerrno=0\n\n", -EPROTO},
		{"count=bad-tag seven\nerrno=0\n\n", -EPROTO},
		{"event=of-tomorrow count=x\nerrno=0\n\n", 0},
		{"event=bad-tag count=x\nerrno=0\n\n", -EPROTO},
		{"event=bad-tag colour=red\nerrno=0\n\n", 0},
		{"event=bad-tag\nerrno=0\n\n", 0},
		{"event=bad-tag  =  source=\nerrno=0\n\n", 0},
		{"since_ms_ago=-1\nerrno=0\n\n", -EPROTO},
		{"errno=\n\n", -EPROTO},
		{"errno=99999\n\n", -EPROTO},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct incident_log log;

		if (incidents_parse(span_of(cases[i].text), &log) != cases[i].status)
			fail_msg("%s", cases[i].text);
		incident_log_fini(&log);
	}
}

/* A reply that ends anywhere, and one with a byte gone wrong, is read without harm. */
static void bears_broken_replies(void **state)
{
	struct textbuf text = {0};
	struct incident_log log;

	(void)state;
	print_all(&text, false);
	for (size_t len = 0; len < text.len; len++) {
		char *part = malloc(len ? len : 1);

		memcpy(part, text.text, len);
		(void)!incidents_parse((struct span){part, len}, &log);
		incident_log_fini(&log);
		for (unsigned byte = 0; len > 0 && byte < 256; byte += 5) {
			part[len - 1] = (char)byte;
			(void)!incidents_parse((struct span){part, len}, &log);
			incident_log_fini(&log);
		}
		free(part);
	}
	textbuf_fini(&text);
}

static void finds_every_code(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		assert_int_equal(reason_by_code(span_of(reason_code((enum reason)i))), i);
		assert_true(strlen(reason_text((enum reason)i)) > 0);
	}
	assert_int_equal(reason_by_code(span_of("bad-ta")), REASON_COUNT);
	assert_int_equal(reason_by_code(span_of("")), REASON_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_printed),
		cmocka_unit_test(tells_everybody_less),
		cmocka_unit_test(sorts_the_newest_first),
		cmocka_unit_test(judges_replies),
		cmocka_unit_test(bears_broken_replies),
		cmocka_unit_test(finds_every_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

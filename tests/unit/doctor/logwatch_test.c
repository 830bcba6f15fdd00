/* Two looks, and what is told between them. */
#include "unit.h"
#include <stdio.h>
#include "sick.h"
#include "logwatch.h"

#define ONE(count)                                                                                 \
	"event=bad-mac1 count=" #count " first_ms_ago=9 last_ms_ago=5 source=192.0.2.7:1\n"

static const struct {
	const char *before, *after, *told;
} cases[] = {
	{"", "", ""},
	{ONE(1), ONE(1), ""},
	{"", ONE(1), "    3 s  bad-mac1  192.0.2.7:1  "},
	{ONE(1), ONE(4), "    3 s  bad-mac1 (3 times)  192.0.2.7:1  "},
	/* The daemon began anew, or has forgotten it. */
	{ONE(4), ONE(1), ""},
	{ONE(1), "", ""},
	{"",
		"peer=" SICK_PEER_KEY
		"\nevent=source-not-allowed count=1 first_ms_ago=9 last_ms_ago=5 inner=10.0.0.9\n",
		"    3 s  source-not-allowed  peer TrMvSoP4  inner 10.0.0.9  "},
};

static void tells_what_is_new(void **unused)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct evidence before, after;
		struct textbuf out = {0};
		const char *text;

		sick_init(&before);
		sick_init(&after);
		sick_log(&before, cases[i].before);
		sick_log(&after, cases[i].after);
		logwatch_tell(&out, &before.log, &after.log, 3);
		text = out.text ? out.text : "";
		assert_memory_equal(text, cases[i].told, strlen(cases[i].told));
		assert_true((*text == 0) == (*cases[i].told == 0));
		textbuf_fini(&out);
		evidence_fini(&before);
		evidence_fini(&after);
	}
	(void)unused;
}

static void a_flood_is_counted(void **unused)
{
	struct evidence before, after;
	struct textbuf lines = {0}, out = {0};
	size_t count = 0;

	sick_init(&before);
	sick_init(&after);
	for (int i = 0; i < LOGWATCH_LINES_MAX + 5; i++)
		textbuf_addf(&lines,
			"event=bad-mac1 count=2 first_ms_ago=9 last_ms_ago=5 source=192.0.2.%d:1\n",
			i);
	sick_log(&after, lines.text);
	logwatch_tell(&out, &before.log, &after.log, 1);
	for (const char *at = out.text; *at; at++)
		count += *at == '\n';
	assert_int_equal(count, LOGWATCH_LINES_MAX + 1);
	assert_non_null(strstr(out.text, "and 10 more\n"));
	textbuf_fini(&lines);
	textbuf_fini(&out);
	evidence_fini(&before);
	evidence_fini(&after);
	(void)unused;
}

static void tells_peers_where_there_is_no_log(void **unused)
{
	struct evidence before, after;
	struct textbuf out = {0};

	sick_init(&before);
	sick_init(&after);
	logwatch_tell_peers(&out, &before.system.device, &after.system.device, 1);
	assert_int_equal(out.len, 0);
	sick_peer(&after)->tx_bytes += 148;
	sick_peer(&after)->last_handshake.sec++;
	logwatch_tell_peers(&out, &before.system.device, &after.system.device, 1);
	assert_string_equal(
		out.text, "    1 s  peer TrMvSoP4  received 0, sent 148 bytes, a new handshake\n");
	textbuf_fini(&out);
	evidence_fini(&before);
	evidence_fini(&after);
	(void)unused;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_is_new),
		cmocka_unit_test(a_flood_is_counted),
		cmocka_unit_test(tells_peers_where_there_is_no_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

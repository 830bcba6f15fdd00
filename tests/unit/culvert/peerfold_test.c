/* Hidden sections: shown, hidden again, marked. */
#include "unit.h"
#include "peerfold.h"

#define ON                                                                                         \
	"[Interface]\nPrivateKey = x\n\n# of two\n[Peer]\n#: Name = a\nPublicKey = "               \
	"A\n\n[Peer]\nPublicKey = B\n"
#define OFF                                                                                        \
	"[Interface]\nPrivateKey = x\n\n# of two\n#~ [Peer]\n#~ #: Name = a\n#~ PublicKey = "      \
	"A\n\n[Peer]\nPublicKey = B\n"

static struct conf_document shown(const char *text)
{
	struct conf_document doc;
	struct textbuf out = {0};

	peerfold_show(&out, span_of(text));
	assert_int_equal(textbuf_status(&out), 0);
	assert_int_equal(conf_document_parse(&doc, (struct span){out.text, out.len}), 0);
	textbuf_fini(&out);
	return doc;
}

static void assert_hidden(const struct conf_document *doc, const char *wanted)
{
	struct textbuf out = {0};

	peerfold_hide(&out, doc);
	assert_string_equal(out.text ? out.text : "", wanted);
	textbuf_fini(&out);
}

/* Shown and hidden again, a file is what it was. */
static void round_trips(void **state)
{
	static const char *const texts[] = {
		"",
		ON,
		OFF,
		"#~ [Peer]\n#~ PublicKey = A",
		"#~ [Peer]\r\n#~ PublicKey = A\r\n\r\n[Peer]\r\nPublicKey = B\r\n",
		"[Interface]\n#~ [Peer]\n#~ PublicKey = A\n#~ PresharedKey = B # mine\n# end\n\n",
		"#~ [Peer]\n#~ PublicKey = A\n\n#~ [Peer]\n#~ PublicKey = B\n",
		"[Peer]\n#~nothing\n#~\nPublicKey = A\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct conf_document doc = shown(texts[i]);

		assert_hidden(&doc, texts[i]);
		conf_document_fini(&doc);
	}
}

static void marks_and_unmarks(void **state)
{
	struct conf_document doc = shown(ON);
	size_t header = conf_document_find_peer(&doc, 0);

	(void)state;
	assert_false(peerfold_is_marked(&doc.lines[header]));
	assert_int_equal(peerfold_mark(&doc, header, true), 0);
	assert_true(peerfold_is_marked(&doc.lines[header]));
	assert_int_equal(doc.peers, 2);
	assert_hidden(&doc, OFF);
	assert_int_equal(peerfold_mark(&doc, header, true), 0);
	assert_hidden(&doc, OFF);
	assert_int_equal(peerfold_mark(&doc, header, false), 0);
	assert_false(peerfold_is_marked(&doc.lines[header]));
	assert_hidden(&doc, ON);
	conf_document_fini(&doc);
}

/* Any tool sees one peer less. */
static void hidden_is_a_comment(void **state)
{
	struct conf_document doc;

	(void)state;
	assert_int_equal(conf_document_parse(&doc, span_of(OFF)), 0);
	assert_int_equal(doc.peers, 1);
	conf_document_fini(&doc);
	doc = shown(OFF);
	assert_int_equal(doc.peers, 2);
	assert_true(
		span_equal(conf_document_peer_name(&doc, conf_document_find_peer(&doc, 0)), "a"));
	conf_document_fini(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(marks_and_unmarks),
		cmocka_unit_test(hidden_is_a_comment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

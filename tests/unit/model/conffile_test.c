/* Configuration documents: printing gives back what was parsed, edits touch one line. */
#include "unit.h"

#include <stdlib.h>
#include "conffile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char sample[] = "# mine\n"
			     "[Interface]\n"
			     "  Address = 10.0.0.1/24  # home\n"
			     "Private Key\t=  x\n"
			     "PostUp = echo '#1' # not a comment\n"
			     "\n"
			     "# about laptop\n"
			     "[ peer ] # first\n"
			     "# laptop\n"
			     "PublicKey = y\n"
			     "Address = 1\n"
			     "[Peer]\n"
			     "PublicKey = z";

static void assert_prints(const struct conf_document *doc, const char *expected)
{
	struct textbuf out = {0};

	conf_document_print(&out, doc);
	assert_int_equal(textbuf_status(&out), 0);
	assert_string_equal(out.len ? out.text : "", expected);
	textbuf_fini(&out);
}

static void assert_span(struct span span, const char *expected)
{
	assert_int_equal(span.len, strlen(expected));
	assert_memory_equal(span.at, expected, span.len);
}

static void keeps_every_byte(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n", "a", "a\n", "\r\n",
		"[Interface]\r\nMTU=1\r\n", "[Peer]\r\nx", sample, "\t \n  # x \n=\n[\n]\n[]\n#"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct conf_document doc;

		assert_int_equal(conf_document_parse(&doc, span_of(texts[i])), 0);
		assert_prints(&doc, texts[i]);
		conf_document_fini(&doc);
	}
}

static void classifies_lines(void **state)
{
	static const struct {
		enum conf_line_kind kind;
		enum conf_section section;
		unsigned key;
		size_t peer;
		const char *name, *value;
	} lines[] = {
		{CONF_COMMENT, CONF_NO_SECTION, CONF_KEY_COUNT, 0, "", ""},
		{CONF_HEADER, CONF_INTERFACE, CONF_KEY_COUNT, 0, "", ""},
		{CONF_PAIR, CONF_INTERFACE, CONF_ADDRESS, 0, "Address", "10.0.0.1/24"},
		{CONF_PAIR, CONF_INTERFACE, ATTR_PRIVATE_KEY, 0, "Private Key", "x"},
		{CONF_PAIR, CONF_INTERFACE, CONF_POST_UP, 0, "PostUp", "echo '#1' # not a comment"},
		{CONF_BLANK, CONF_INTERFACE, CONF_KEY_COUNT, 0, "", ""},
		{CONF_COMMENT, CONF_INTERFACE, CONF_KEY_COUNT, 0, "", ""},
		{CONF_HEADER, CONF_PEER, CONF_KEY_COUNT, 0, "", ""},
		{CONF_COMMENT, CONF_PEER, CONF_KEY_COUNT, 0, "", ""},
		{CONF_PAIR, CONF_PEER, ATTR_PUBLIC_KEY, 0, "PublicKey", "y"},
		{CONF_PAIR, CONF_PEER, CONF_KEY_COUNT, 0, "Address", "1"},
		{CONF_HEADER, CONF_PEER, CONF_KEY_COUNT, 1, "", ""},
		{CONF_PAIR, CONF_PEER, ATTR_PUBLIC_KEY, 1, "PublicKey", "z"},
	};
	struct conf_document doc;

	(void)state;
	assert_int_equal(conf_document_parse(&doc, span_of(sample)), 0);
	assert_int_equal(doc.count, COUNT(lines));
	assert_int_equal(doc.peers, 2);
	for (size_t i = 0; i < doc.count; i++) {
		assert_int_equal(doc.lines[i].number, i + 1);
		assert_int_equal(doc.lines[i].kind, lines[i].kind);
		assert_int_equal(doc.lines[i].section, lines[i].section);
		assert_int_equal(doc.lines[i].key, lines[i].key);
		assert_int_equal(doc.lines[i].peer, lines[i].peer);
		assert_span(doc.lines[i].name, lines[i].name);
		assert_span(doc.lines[i].value, lines[i].value);
	}
	assert_int_equal(conf_document_find(&doc, ATTR_PUBLIC_KEY, 10), 12);
	assert_int_equal(conf_document_find(&doc, CONF_DNS, 0), doc.count);
	assert_int_equal(conf_document_find_peer(&doc, 0), 7);
	assert_int_equal(conf_document_find_peer(&doc, 8), 11);
	assert_int_equal(conf_document_find_in_peer(&doc, 7, ATTR_PUBLIC_KEY), 9);
	assert_int_equal(conf_document_find_in_peer(&doc, 7, ATTR_ENDPOINT), doc.count);
	conf_document_fini(&doc);
}

static void edits_touch_one_line(void **state)
{
	struct conf_document doc;

	(void)state;
	assert_int_equal(conf_document_parse(&doc, span_of(sample)), 0);
	assert_int_equal(conf_document_set(&doc, 2, span_of("fd00::1/64")), 0);
	assert_int_equal(conf_document_set(&doc, 4, span_of("true")), 0);
	assert_int_equal(conf_document_insert(&doc, conf_document_end_of(&doc, CONF_INTERFACE, 0),
				 span_of("MTU = 1420")),
		0);
	assert_int_equal(doc.lines[5].key, CONF_MTU);
	assert_int_equal(conf_document_insert(&doc, conf_document_end_of(&doc, CONF_PEER, 0),
				 span_of("Endpoint = 1.2.3.4:5")),
		0);
	assert_int_equal(conf_document_insert(
				 &doc, conf_document_end_of(&doc, CONF_PEER, 1), span_of("[Peer]")),
		0);
	assert_int_equal(doc.peers, 3);
	conf_document_remove(&doc, 0);
	assert_prints(&doc, "[Interface]\n"
			    "  Address = fd00::1/64  # home\n"
			    "Private Key\t=  x\n"
			    "PostUp = true\n"
			    "MTU = 1420\n"
			    "\n"
			    "# about laptop\n"
			    "[ peer ] # first\n"
			    "# laptop\n"
			    "PublicKey = y\n"
			    "Address = 1\n"
			    "Endpoint = 1.2.3.4:5\n"
			    "[Peer]\n"
			    "PublicKey = z\n"
			    "[Peer]\n");
	conf_document_remove(&doc, conf_document_find_peer(&doc, 0));
	assert_int_equal(doc.peers, 2);
	assert_int_equal(doc.lines[8].section, CONF_INTERFACE);
	conf_document_fini(&doc);
}

static void inserts_with_the_files_line_ends(void **state)
{
	struct conf_document doc;

	(void)state;
	assert_int_equal(conf_document_parse(&doc, span_of("[Interface]\r\nMTU = 1\r\n")), 0);
	assert_span(doc.lines[1].value, "1");
	assert_int_equal(conf_document_insert(&doc, 2, span_of("Table = off")), 0);
	assert_span(doc.lines[2].value, "off");
	assert_int_equal(conf_document_set(&doc, 1, span_of("22")), 0);
	assert_prints(&doc, "[Interface]\r\nMTU = 22\r\nTable = off\r\n");
	conf_document_fini(&doc);
	assert_int_equal(conf_document_parse(&doc, span_of("")), 0);
	assert_int_equal(conf_document_end_of(&doc, CONF_INTERFACE, 0), 0);
	assert_int_equal(conf_document_insert(&doc, 0, span_of("[Interface]")), 0);
	assert_prints(&doc, "[Interface]\n");
	conf_document_fini(&doc);
}

#define LONG63 "123456789012345678901234567890123456789012345678901234567890123"
#define KEY    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static void finds_names_of_peers(void **state)
{
	static const struct {
		const char *section;
		const char *name;
	} cases[] = {
		{"[Peer]\n", ""},
		{"[Peer]\n# laptop\n", "laptop"},
		{"[Peer]\n#laptop of Ann  \r\n", "laptop of Ann"},
		{"[Peer]\n\n# laptop\n# second\n", "laptop"},
		{"[Peer] # laptop\n", ""},
		{"[Peer]\nPublicKey = x\n# laptop\n", ""},
		{"[Peer]\n# AllowedIPs = 1.2.3.4\n", ""},
		{"[Peer]\n## title ##\n# laptop\n", "laptop"},
		{"[Peer]\n# first\n# friendly_name = second\n", "second"},
		{"[Peer]\n# first\nPublicKey = x\n#friendly_name=second\n#: Name = third\n",
			"third"},
		{"[Peer]\n#: name=third\n", "third"},
		{"[Peer]\n#:NAME = a = b # c\n", "a = b # c"},
		{"[Peer]\n#: Name =\n# laptop\n", "laptop"},
		{"[Peer]\n# : Name = x\n", ""},
		{"[Peer]\n#: Expires = 2027-01-01\n", ""},
		{"[Peer]\n# " LONG63 "\n", LONG63},
		{"[Peer]\n# " LONG63 "4\n", ""},
		{"[Peer]\n# " KEY "\n", ""},
		{"[Peer]\n# a\tb\n", ""},
		{"[Peer]\n[Peer]\n# laptop\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct conf_document doc;

		assert_int_equal(conf_document_parse(&doc, span_of(cases[i].section)), 0);
		assert_span(conf_document_peer_name(&doc, 0), cases[i].name);
		conf_document_fini(&doc);
	}
}

static void names_every_key(void **state)
{
	(void)state;
	assert_string_equal(conf_key_name(ATTR_ALLOWED_IPS), "AllowedIPs");
	for (unsigned key = ATTR_COUNT; key < CONF_KEY_COUNT; key++)
		assert_non_null(conf_key_name(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_every_byte),
		cmocka_unit_test(classifies_lines),
		cmocka_unit_test(edits_touch_one_line),
		cmocka_unit_test(inserts_with_the_files_line_ends),
		cmocka_unit_test(finds_names_of_peers),
		cmocka_unit_test(names_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

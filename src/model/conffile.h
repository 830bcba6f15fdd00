/*
 * A configuration file as a document: its lines as they are, comments, order, spacing and line
 * ends kept, each with what it means. What the lines say as values is confsettings.h's; reading
 * and writing files is os's (atomicfile.h).
 *
 * How to use it:
 *	struct conf_document doc;
 *	conf_document_parse(&doc, text);              any text is a document
 *	for (size_t i = 0; (i = conf_document_find(&doc, CONF_ADDRESS, i)) < doc.count; i++)
 *		use(doc.lines[i].value, doc.lines[i].number);
 *	conf_document_settings(&doc, CONF_QUICK, &settings, &errors);   (confsettings.h)
 *	conf_document_set(&doc, i, value);            spacing and comment of line i stay
 *	conf_document_insert(&doc, conf_document_end_of(&doc, CONF_INTERFACE, 0), span_of("MTU = 1420"));
 *	conf_document_print(&out, &doc);              byte for byte what was parsed, but for edits
 *	conf_document_fini(&doc);
 */
#ifndef CULVERT_MODEL_CONFFILE_H
#define CULVERT_MODEL_CONFFILE_H

#include "attrs.h"
#include "span.h"
#include "textbuf.h"

/* Keys of a file: an enum attr_id, or one of these, which are wg-quick's and stand in [Interface]. */
enum conf_key {
	CONF_ADDRESS = ATTR_COUNT,
	CONF_DNS,
	CONF_MTU,
	CONF_TABLE,
	CONF_PRE_UP,
	CONF_POST_UP,
	CONF_PRE_DOWN,
	CONF_POST_DOWN,
	CONF_SAVE_CONFIG,
	CONF_KEY_COUNT /* no key we know */
};

enum conf_section {
	CONF_NO_SECTION, /* before the first header */
	CONF_INTERFACE,
	CONF_PEER,
	CONF_OTHER_SECTION, /* a header that is neither */
};

enum conf_line_kind {
	CONF_BLANK,
	CONF_COMMENT,
	CONF_HEADER,
	CONF_PAIR,
	CONF_STRAY, /* text without "=", outside brackets */
};

struct conf_line {
	char *text; /* without its newline; a '\r' stays. Owned by the document. */
	size_t len;
	unsigned number; /* in the file that was parsed, from 1; 0: inserted since */
	enum conf_line_kind kind;
	enum conf_section section; /* that it stands in; a header: that it opens */
	size_t peer;               /* in a CONF_PEER: which, from 0 */
	unsigned key; /* of a pair: enum attr_id or conf_key; CONF_KEY_COUNT: unknown */
	/*
	 * Of a pair: what stands before and after the "=", trimmed, without the comment (which a
	 * hook's value keeps, as it is a shell command). Inside text.
	 */
	struct span name, value;
};

struct conf_document {
	struct conf_line *lines;
	size_t count, room;
	size_t peers;          /* how many [Peer] headers */
	bool has_last_newline; /* the last line ended in one */
	bool has_crlf;         /* the first line ended in "\r\n": inserted ones will, too */
};

/* Any text is a document. 0 or -ENOMEM; fini also then. It may hold keys: fini wipes. */
__attribute__((warn_unused_result)) int conf_document_parse(
	struct conf_document *doc, struct span text);
void conf_document_fini(struct conf_document *doc);

/* The text of the document. */
void conf_document_print(struct textbuf *out, const struct conf_document *doc);

/* "ListenPort", "Address", ...; of an attribute or a conf_key. */
const char *conf_key_name(unsigned key);

/* Index of the next pair with this key in its section from line `from` on; doc->count: none. */
size_t conf_document_find(const struct conf_document *doc, unsigned key, size_t from);

/* Index of the next [Peer] header from line `from` on; doc->count: none. */
size_t conf_document_find_peer(const struct conf_document *doc, size_t from);

/* The pair with this key in the peer whose header is line `header`; doc->count: none. */
size_t conf_document_find_in_peer(const struct conf_document *doc, size_t header, unsigned key);

/*
 * Where a line must be inserted to become the last of a section: behind its last pair, before
 * the blank lines and comments that lead to the next header. doc->count when there is no such
 * section. peer counts for CONF_PEER only.
 */
size_t conf_document_end_of(
	const struct conf_document *doc, enum conf_section section, size_t peer);

/*
 * Edits. A line inserted is classified like any other; text may not hold a newline. set changes
 * the value of a pair and nothing else on its line. 0 or -ENOMEM (nothing has changed then).
 * Indices behind the place move; line pointers end.
 */
__attribute__((warn_unused_result)) int conf_document_insert(
	struct conf_document *doc, size_t index, struct span text);
__attribute__((warn_unused_result)) int conf_document_set(
	struct conf_document *doc, size_t index, struct span value);
void conf_document_remove(struct conf_document *doc, size_t index);

/*
 * The name of the peer whose header is line `header`, from comments of its section: "#: Name = laptop", else "# friendly_name =
 * laptop", else the first comment between the header and the first pair. Empty when there is
 * none, or when it is no name (see conf_name_is_valid()). Inside the document.
 */
struct span conf_document_peer_name(const struct conf_document *doc, size_t header);

/* A name is 1 to PEER_NAME_LEN_MAX bytes, no control character in it, and not a key. */
bool conf_name_is_valid(struct span name);

/*
 * The value of a directive "#: Name = value" on a comment line, trimmed; empty when the line is
 * none of that name. Names match in any case.
 */
struct span conf_line_directive(const struct conf_line *line, const char *name);

#endif

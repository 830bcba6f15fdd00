/* The lines of a configuration file: cut, classified, edited, put together again. */
#include "conffile.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include "ensure.h"
#include "keytext.h"
#include "wipe.h"

enum { NAME_LEN_MAX = 32 };

static const char *const quick_names[CONF_KEY_COUNT - ATTR_COUNT] = {
	[CONF_ADDRESS - ATTR_COUNT] = "Address",
	[CONF_DNS - ATTR_COUNT] = "DNS",
	[CONF_MTU - ATTR_COUNT] = "MTU",
	[CONF_TABLE - ATTR_COUNT] = "Table",
	[CONF_PRE_UP - ATTR_COUNT] = "PreUp",
	[CONF_POST_UP - ATTR_COUNT] = "PostUp",
	[CONF_PRE_DOWN - ATTR_COUNT] = "PreDown",
	[CONF_POST_DOWN - ATTR_COUNT] = "PostDown",
	[CONF_SAVE_CONFIG - ATTR_COUNT] = "SaveConfig",
};

const char *conf_key_name(unsigned key)
{
	ENSURE(key < CONF_KEY_COUNT);
	return key < ATTR_COUNT ? attrs[key].file_key : quick_names[key - ATTR_COUNT];
}

static struct span trim(struct span text)
{
	while (text.len && char_is_space(text.at[0]))
		text = span_from(text, 1);
	while (text.len && char_is_space(text.at[text.len - 1]))
		text.len--;
	return text;
}

/* text without any space, as stock wg compares names. Too long to be one: empty. */
static struct span squeeze(struct span text, char buf[NAME_LEN_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (char_is_space(text.at[i]))
			continue;
		if (len == NAME_LEN_MAX)
			return (struct span){buf, 0};
		buf[len++] = text.at[i];
	}
	return (struct span){buf, len};
}

static bool equal_nocase(struct span text, const char *word)
{
	return strlen(word) == text.len && strncasecmp(text.at, word, text.len) == 0;
}

static bool is_hook(unsigned key)
{
	return key >= CONF_PRE_UP && key <= CONF_POST_DOWN;
}

static unsigned quick_key(struct span name)
{
	for (unsigned i = 0; i < CONF_KEY_COUNT - ATTR_COUNT; i++)
		if (equal_nocase(name, quick_names[i]))
			return ATTR_COUNT + i;
	return CONF_KEY_COUNT;
}

static unsigned key_by_name(enum conf_section section, struct span name)
{
	char buf[NAME_LEN_MAX];
	enum attr_scope scope = section == CONF_PEER ? SCOPE_PEER : SCOPE_DEVICE;
	enum attr_id id;

	if (section != CONF_INTERFACE && section != CONF_PEER)
		return CONF_KEY_COUNT;
	id = attr_by_file_key(scope, squeeze(name, buf));
	if (id != ATTR_COUNT)
		return id;
	return section == CONF_INTERFACE ? quick_key(name) : CONF_KEY_COUNT;
}

static enum conf_section section_by_header(struct span header)
{
	char buf[NAME_LEN_MAX];
	struct span name = squeeze(header, buf);

	if (equal_nocase(name, "[Interface]"))
		return CONF_INTERFACE;
	return equal_nocase(name, "[Peer]") ? CONF_PEER : CONF_OTHER_SECTION;
}

/* Cuts a pair in two; line->section must stand. */
static void classify_pair(struct conf_line *line, struct span body, size_t equals)
{
	struct span all = {line->text, line->len};

	line->kind = CONF_PAIR;
	line->name = trim(span_until(body, equals));
	line->key = key_by_name(line->section, line->name);
	line->value = trim(span_from(is_hook(line->key) ? all : body, equals + 1));
}

/* Everything about a line that its text and the section before it say. */
static void classify(struct conf_line *line, enum conf_section section)
{
	struct span all = {line->text, line->len};
	struct span body = span_until(all, span_find(all, '#'));
	size_t equals = span_find(body, '=');
	struct span words = trim(body);

	line->section = section;
	line->key = CONF_KEY_COUNT;
	line->name = line->value = (struct span){line->text, 0};
	if (!words.len) {
		line->kind = body.len < all.len ? CONF_COMMENT : CONF_BLANK;
	} else if (words.at[0] == '[') {
		line->kind = CONF_HEADER;
		line->section = section_by_header(words);
	} else if (equals < body.len) {
		classify_pair(line, body, equals);
	} else {
		line->kind = CONF_STRAY;
	}
}

static bool is_peer_header(const struct conf_line *line)
{
	return line->kind == CONF_HEADER && line->section == CONF_PEER;
}

/* Gives every line its section, peer and meaning, from line `from` on. */
static void classify_from(struct conf_document *doc, size_t from)
{
	enum conf_section section = from ? doc->lines[from - 1].section : CONF_NO_SECTION;
	/* Which peer the line before stands in, counting from one. */
	size_t peers = 0;

	for (size_t i = 0; i < doc->count; i++) {
		struct conf_line *line = &doc->lines[i];

		if (i >= from) {
			classify(line, section);
			section = line->section;
		}
		peers += is_peer_header(line);
		line->peer = peers ? peers - 1 : 0;
	}
	doc->peers = peers;
}

static char *copy_text(struct span text)
{
	char *copy = malloc(text.len + 1);

	if (!copy)
		return NULL;
	if (text.len)
		memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return copy;
}

static void free_text(struct conf_line *line)
{
	if (line->text)
		wipe(line->text, line->len);
	free(line->text);
}

static int make_room(struct conf_document *doc)
{
	size_t room = doc->room ? 2 * doc->room : 32;
	struct conf_line *lines;

	if (doc->count < doc->room)
		return 0;
	lines = reallocarray(doc->lines, room, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	doc->lines = lines;
	doc->room = room;
	return 0;
}

/* Puts a line, still without meaning, before line `index`. */
static int put_line(struct conf_document *doc, size_t index, struct span text, unsigned number)
{
	char *copy = copy_text(text);

	if (!copy || make_room(doc)) {
		free(copy);
		return -ENOMEM;
	}
	memmove(doc->lines + index + 1, doc->lines + index,
		(doc->count - index) * sizeof(*doc->lines));
	doc->lines[index] = (struct conf_line){.text = copy, .len = text.len, .number = number};
	doc->count++;
	return 0;
}

int conf_document_parse(struct conf_document *doc, struct span text)
{
	int status = 0;

	*doc = (struct conf_document){.has_last_newline = true};
	while (!status && text.len) {
		size_t len = span_find(text, '\n');

		doc->has_last_newline = len < text.len;
		if (!doc->count)
			doc->has_crlf = doc->has_last_newline && len && text.at[len - 1] == '\r';
		status = put_line(doc, doc->count, span_until(text, len), (unsigned)doc->count + 1);
		text = span_from(text, len + doc->has_last_newline);
	}
	classify_from(doc, 0);
	return status;
}

void conf_document_fini(struct conf_document *doc)
{
	for (size_t i = 0; i < doc->count; i++)
		free_text(&doc->lines[i]);
	free(doc->lines);
	*doc = (struct conf_document){0};
}

void conf_document_print(struct textbuf *out, const struct conf_document *doc)
{
	for (size_t i = 0; i < doc->count; i++) {
		textbuf_add_span(out, (struct span){doc->lines[i].text, doc->lines[i].len});
		if (i + 1 < doc->count || doc->has_last_newline)
			textbuf_add(out, "\n");
	}
}

size_t conf_document_find(const struct conf_document *doc, unsigned key, size_t from)
{
	while (from < doc->count &&
		!(doc->lines[from].kind == CONF_PAIR && doc->lines[from].key == key))
		from++;
	return from;
}

size_t conf_document_find_peer(const struct conf_document *doc, size_t from)
{
	while (from < doc->count && !is_peer_header(&doc->lines[from]))
		from++;
	return from;
}

size_t conf_document_find_in_peer(const struct conf_document *doc, size_t header, unsigned key)
{
	for (size_t i = header + 1; i < doc->count && doc->lines[i].kind != CONF_HEADER; i++)
		if (doc->lines[i].kind == CONF_PAIR && doc->lines[i].key == key)
			return i;
	return doc->count;
}

size_t conf_document_end_of(const struct conf_document *doc, enum conf_section section, size_t peer)
{
	size_t end = doc->count;

	for (size_t i = 0; i < doc->count; i++) {
		const struct conf_line *line = &doc->lines[i];
		bool is_inside =
			line->section == section && (section != CONF_PEER || line->peer == peer);

		if (is_inside && line->kind != CONF_BLANK && line->kind != CONF_COMMENT)
			end = i + 1;
	}
	return end;
}

int conf_document_insert(struct conf_document *doc, size_t index, struct span text)
{
	struct textbuf line = {0};
	int status;

	ENSURE(index <= doc->count && span_find(text, '\n') == text.len);
	textbuf_add_span(&line, text);
	if (doc->has_crlf)
		textbuf_add(&line, "\r");
	status = textbuf_status(&line);
	if (!status)
		status = put_line(doc, index, (struct span){line.text, line.len}, 0);
	textbuf_fini(&line);
	if (status)
		return status;
	if (index + 1 == doc->count)
		doc->has_last_newline = true;
	classify_from(doc, index);
	return 0;
}

int conf_document_set(struct conf_document *doc, size_t index, struct span value)
{
	struct conf_line *line = &doc->lines[index];
	size_t start = (size_t)(line->value.at - line->text);
	struct textbuf text = {0};
	char *copy = NULL;

	ENSURE(line->kind == CONF_PAIR && span_find(value, '\n') == value.len);
	textbuf_add_span(&text, (struct span){line->text, start});
	textbuf_add_span(&text, value);
	textbuf_add_span(&text, (struct span){line->value.at + line->value.len,
					line->len - start - line->value.len});
	if (!textbuf_status(&text))
		copy = copy_text((struct span){text.text, text.len});
	if (copy) {
		free_text(line);
		line->text = copy;
		line->len = text.len;
		classify_from(doc, index);
	}
	textbuf_fini(&text);
	return copy ? 0 : -ENOMEM;
}

void conf_document_remove(struct conf_document *doc, size_t index)
{
	ENSURE(index < doc->count);
	free_text(&doc->lines[index]);
	doc->count--;
	memmove(doc->lines + index, doc->lines + index + 1,
		(doc->count - index) * sizeof(*doc->lines));
	classify_from(doc, index);
}

bool conf_name_is_valid(struct span name)
{
	uint8_t key[KEY_LEN];

	if (!name.len || name.len > PEER_NAME_LEN_MAX || key_parse_base64(name, key))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.at[i] < ' ' || name.at[i] == 0x7f)
			return false;
	return true;
}

/* What follows the '#' of a comment line. */
static struct span comment_of(const struct conf_line *line)
{
	struct span all = {line->text, line->len};

	if (line->kind != CONF_COMMENT)
		return (struct span){line->text, 0};
	return span_from(all, span_find(all, '#') + 1);
}

/* The value of "name = value" in text, or nothing. */
static struct span value_of(struct span text, const char *name)
{
	size_t equals = span_find(text, '=');

	if (equals == text.len || !equal_nocase(trim(span_until(text, equals)), name))
		return (struct span){text.at, 0};
	return trim(span_from(text, equals + 1));
}

struct span conf_line_directive(const struct conf_line *line, const char *name)
{
	struct span comment = comment_of(line);

	if (!comment.len || comment.at[0] != ':')
		return (struct span){line->text, 0};
	return value_of(span_from(comment, 1), name);
}

/* A first comment is a name when it is one plain line of words, no directive or assignment. */
static struct span plain_comment(const struct conf_line *line)
{
	struct span comment = trim(comment_of(line));

	if (!comment.len || comment.at[0] == ':' || comment.at[0] == '#' ||
		span_find(comment, '=') < comment.len)
		return (struct span){line->text, 0};
	return comment;
}

struct span conf_document_peer_name(const struct conf_document *doc, size_t header)
{
	/* Best first: directive, friendly_name, first comment; the last may stay empty. */
	struct span found[3] = {{"", 0}, {"", 0}, {"", 0}};
	bool is_before_pairs = true;

	for (size_t i = header + 1; i < doc->count && doc->lines[i].kind != CONF_HEADER; i++) {
		const struct conf_line *line = &doc->lines[i];
		struct span names[3] = {conf_line_directive(line, "Name"),
			value_of(comment_of(line), "friendly_name"), {"", 0}};

		is_before_pairs = is_before_pairs && line->kind != CONF_PAIR;
		if (is_before_pairs)
			names[2] = plain_comment(line);
		for (int j = 0; j < 3; j++)
			if (!found[j].len && conf_name_is_valid(names[j]))
				found[j] = names[j];
	}
	return found[0].len ? found[0] : found[1].len ? found[1] : found[2];
}

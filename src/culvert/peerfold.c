/* Hiding sections and showing them again. */
#include "peerfold.h"

#include <errno.h>

#define HIDDEN "#~ "
#define MARK   " #~"

static bool starts_with(struct span text, const char *start)
{
	return text.len >= strlen(start) && memcmp(text.at, start, strlen(start)) == 0;
}

/* The text of a line without a '\r' at its end. */
static struct span without_return(struct span line)
{
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* A section's header stands for the section, so its mark goes there. */
static void show_line(struct textbuf *out, struct span line)
{
	struct span shown = without_return(span_from(line, strlen(HIDDEN)));

	textbuf_add_span(out, shown);
	if (starts_with(shown, "["))
		textbuf_add(out, MARK);
	textbuf_add(out, line.at[line.len - 1] == '\r' ? "\r" : "");
}

void peerfold_show(struct textbuf *out, struct span text)
{
	while (text.len) {
		size_t len = span_find(text, '\n');
		struct span line = span_until(text, len);

		if (starts_with(line, HIDDEN))
			show_line(out, line);
		else
			textbuf_add_span(out, line);
		if (len < text.len)
			textbuf_add(out, "\n");
		text = span_from(text, len + (len < text.len));
	}
}

/* How long the line is without the mark at its end; its whole length when it has none. */
static size_t unmarked_len(const struct conf_line *header)
{
	struct span line = without_return((struct span){header->text, header->len});
	size_t mark = strlen(MARK);

	if (line.len < mark || memcmp(line.at + line.len - mark, MARK, mark) != 0)
		return header->len;
	return line.len - mark;
}

bool peerfold_is_marked(const struct conf_line *header)
{
	return unmarked_len(header) < header->len;
}

/* Behind the last line of the marked section that begins here; `header` itself when it is not. */
static size_t hidden_end(const struct conf_document *doc, size_t header)
{
	const struct conf_line *line = &doc->lines[header];
	size_t end;

	if (line->kind != CONF_HEADER || line->section != CONF_PEER || !peerfold_is_marked(line))
		return header;
	end = conf_document_end_of(doc, CONF_PEER, line->peer);
	return end > header ? end : header + 1;
}

static void print_line(
	struct textbuf *out, const struct conf_document *doc, size_t index, bool is_hidden)
{
	const struct conf_line *line = &doc->lines[index];
	bool is_marked = is_hidden && line->kind == CONF_HEADER;

	textbuf_add(out, is_hidden ? HIDDEN : "");
	textbuf_add_span(
		out, (struct span){line->text, is_marked ? unmarked_len(line) : line->len});
	if (is_marked && line->text[line->len - 1] == '\r')
		textbuf_add(out, "\r");
	if (index + 1 < doc->count || doc->has_last_newline)
		textbuf_add(out, "\n");
}

void peerfold_hide(struct textbuf *out, const struct conf_document *doc)
{
	size_t hidden = 0;

	for (size_t i = 0; i < doc->count; i++) {
		if (i >= hidden)
			hidden = hidden_end(doc, i);
		print_line(out, doc, i, i < hidden);
	}
}

int peerfold_mark(struct conf_document *doc, size_t header, bool is_marked)
{
	const struct conf_line *line = &doc->lines[header];
	struct textbuf text = {0};
	int error;

	if (peerfold_is_marked(line) == is_marked)
		return 0;
	textbuf_add_span(&text, without_return((struct span){
					line->text, is_marked ? line->len : unmarked_len(line)}));
	textbuf_add(&text, is_marked ? MARK : "");
	error = textbuf_status(&text);
	/* The new header before the old one, so that the lines between always have one. */
	if (!error)
		error = conf_document_insert(doc, header, (struct span){text.text, text.len});
	if (!error)
		conf_document_remove(doc, header + 1);
	textbuf_fini(&text);
	return error;
}

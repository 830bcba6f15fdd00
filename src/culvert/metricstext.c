/* Families and samples as text. */
#include "metricstext.h"

static const char *const types[][2] = {
	[METRIC_COUNTER] = {"counter", "counter"},
	[METRIC_GAUGE] = {"gauge", "gauge"},
	/* The classic form has no such type. */
	[METRIC_INFO] = {"gauge", "info"},
};

static const char *const suffixes[] = {
	[METRIC_COUNTER] = "_total",
	[METRIC_GAUGE] = "",
	[METRIC_INFO] = "_info",
};

static void add_line(struct metrics_text *text, const char *what, const char *value)
{
	const struct metric_family *family = text->family;

	/* The classic form describes samples, the other one families. */
	textbuf_addf(&text->out, "# %s %s%s %s\n", what, family->name,
		text->form == METRICS_CLASSIC ? suffixes[family->type] : "", value);
}

void metrics_begin_family(struct metrics_text *text, const struct metric_family *family)
{
	text->family = family;
	add_line(text, "HELP", family->help);
	add_line(text, "TYPE", types[family->type][text->form]);
	if (family->unit && text->form == METRICS_OPEN)
		add_line(text, "UNIT", family->unit);
}

/* The length of the character of UTF-8 that the text begins with; 0: it is none. */
static size_t character_len(struct span text)
{
	/* A first byte at least this, and the code point from which its length is the shortest. */
	static const struct {
		uint8_t from, mask;
		uint32_t least;
	} lens[] = {
		{0x00, 0x7f, 0}, {0xc0, 0x1f, 0x80}, {0xe0, 0x0f, 0x800}, {0xf0, 0x07, 0x10000}};
	uint8_t first = (uint8_t)text.at[0];
	size_t len = first < 0x80                   ? 1
		     : first < 0xc0 || first > 0xf7 ? 0
		     : first < 0xe0                 ? 2
		     : first < 0xf0                 ? 3
						    : 4;
	uint32_t point;

	if (len == 0 || len > text.len)
		return 0;
	point = first & lens[len - 1].mask;
	for (size_t i = 1; i < len; i++) {
		if (((uint8_t)text.at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | ((uint8_t)text.at[i] & 0x3f);
	}
	if (point < lens[len - 1].least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	return len;
}

static void add_character(struct textbuf *out, struct span character)
{
	if (character.len == 0)
		textbuf_add(out, "\xef\xbf\xbd");
	else if (character.at[0] == '\n')
		textbuf_add(out, "\\n");
	else if (character.at[0] == '\\' || character.at[0] == '"')
		textbuf_addf(out, "\\%c", character.at[0]);
	else
		textbuf_add_span(out, character);
}

static bool is_plain(char c)
{
	return c >= ' ' && c < 0x7f && c != '\\' && c != '"';
}

void metrics_add_label(struct textbuf *labels, const char *name, struct span value)
{
	if (labels->len)
		textbuf_add(labels, ",");
	textbuf_add(labels, name);
	textbuf_add(labels, "=\"");
	while (value.len > 0) {
		size_t len = 0;

		while (len < value.len && is_plain(value.at[len]))
			len++;
		textbuf_add_span(labels, span_until(value, len));
		value = span_from(value, len);
		if (value.len == 0)
			break;
		len = character_len(value);
		add_character(labels, span_until(value, len));
		value = span_from(value, len ? len : 1);
	}
	textbuf_add(labels, "\"");
}

static void add_number(struct textbuf *out, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	textbuf_add_span(out, (struct span){digits + at, sizeof(digits) - at});
}

void metrics_add_sample(struct metrics_text *text, const struct textbuf *labels, uint64_t value)
{
	textbuf_add(&text->out, text->family->name);
	textbuf_add(&text->out, suffixes[text->family->type]);
	if (labels->len) {
		textbuf_add(&text->out, "{");
		textbuf_add_span(&text->out, (struct span){labels->text, labels->len});
		textbuf_add(&text->out, "}");
	}
	textbuf_add(&text->out, " ");
	add_number(&text->out, value);
	textbuf_add(&text->out, "\n");
	text->out.is_short |= labels->is_short;
}

void metrics_end(struct metrics_text *text)
{
	if (text->form == METRICS_OPEN)
		textbuf_add(&text->out, "# EOF\n");
}

enum metrics_form metrics_form_for(const char *accept)
{
	return accept && strstr(accept, "application/openmetrics-text") ? METRICS_OPEN
									: METRICS_CLASSIC;
}

const char *metrics_content_type(enum metrics_form form)
{
	return form == METRICS_OPEN ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
				    : "text/plain; version=0.0.4; charset=utf-8";
}

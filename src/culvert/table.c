/* Cells to lines. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "ensure.h"

size_t table_text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++) {
		if (*text == '\x1b') {
			while (text[1] && *text != 'm')
				text++;
		} else if (((unsigned char)*text & 0xc0) != 0x80) {
			/* The bytes of UTF-8 that continue a character have no width. */
			width++;
		}
	}
	return width;
}

void table_add(struct table *table, const char *cell)
{
	textbuf_add_span(&table->text, (struct span){cell, strlen(cell) + 1});
	table->cells++;
}

void table_addf(struct table *table, const char *format, ...)
{
	va_list arguments;
	char *cell;
	int len;

	va_start(arguments, format);
	len = vasprintf(&cell, format, arguments);
	va_end(arguments);
	if (len < 0) {
		table->text.is_short = true;
		return;
	}
	table_add(table, cell);
	free(cell);
}

static void add_spaces(struct textbuf *out, size_t count)
{
	textbuf_addf(out, "%*s", (int)count, "");
}

static void print_cell(
	struct textbuf *out, const char *cell, size_t width, char alignment, bool is_last)
{
	size_t missing = width - table_text_width(cell);

	if (alignment == 'r')
		add_spaces(out, missing);
	textbuf_add(out, cell);
	if (is_last)
		textbuf_add(out, "\n");
	else
		add_spaces(out, (alignment == 'l' ? missing : 0) + 2);
}

void table_print(struct textbuf *out, const struct table *table, const char *indent)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0}, columns = strlen(table->alignment);
	const char *cell = table->text.text;

	ENSURE(columns <= TABLE_COLUMNS_MAX);
	if (textbuf_status(&table->text)) {
		out->is_short = true;
		return;
	}
	for (size_t i = 0; i < table->cells; i++, cell += strlen(cell) + 1) {
		size_t width = table_text_width(cell);

		if (width > widths[i % columns])
			widths[i % columns] = width;
	}
	cell = table->text.text;
	for (size_t i = 0; i < table->cells; i++, cell += strlen(cell) + 1) {
		size_t column = i % columns;

		if (column == 0)
			textbuf_add(out, indent);
		print_cell(
			out, cell, widths[column], table->alignment[column], column + 1 == columns);
	}
}

void table_fini(struct table *table)
{
	textbuf_fini(&table->text);
	table->cells = 0;
}

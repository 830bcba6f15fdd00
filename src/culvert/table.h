/*
 * Tables for people: columns as wide as their widest cell. A cell's width is its number of
 * characters; escape sequences for colour have none.
 */
#ifndef CULVERT_CULVERT_TABLE_H
#define CULVERT_CULVERT_TABLE_H

#include "textbuf.h"

enum { TABLE_COLUMNS_MAX = 12 };

/* All zero but columns and alignment is an empty one. */
struct table {
	const char *alignment; /* a letter a column: 'l' or 'r' */
	struct textbuf text;   /* the cells, each ended by a zero byte */
	size_t cells;
};

/* Appends the next cell, of this row or a new one. */
void table_add(struct table *table, const char *cell);
void table_addf(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the rows as lines, each behind `indent`. What memory could not hold is missing in out. */
void table_print(struct textbuf *out, const struct table *table, const char *indent);
void table_fini(struct table *table);

/* How many columns of a terminal the text takes. */
size_t table_text_width(const char *text);

#endif

/*
 * Sections that are switched off, between their two forms: in a file, "#~ " before each line; in a
 * document, lines as usual and a mark behind the header.
 */
#ifndef CULVERT_CULVERT_PEERFOLD_H
#define CULVERT_CULVERT_PEERFOLD_H

#include "conffile.h"

/* The text of a file with its hidden sections shown. What is short is told by textbuf_status(). */
void peerfold_show(struct textbuf *out, struct span text);

/* The text of a document with its marked sections hidden. */
void peerfold_hide(struct textbuf *out, const struct conf_document *doc);

/* Is this header marked? */
bool peerfold_is_marked(const struct conf_line *header);

/* Marks a header, or takes the mark away. 0 or -ENOMEM. */
int peerfold_mark(struct conf_document *doc, size_t header, bool is_marked);

#endif

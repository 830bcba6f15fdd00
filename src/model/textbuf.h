/*
 * Text that grows: what the printers of this layer write to. It may hold keys, so every byte it
 * lets go of is wiped. When memory runs out it remembers that and swallows the rest; ask once,
 * at the end, with textbuf_status().
 */
#ifndef CULVERT_MODEL_TEXTBUF_H
#define CULVERT_MODEL_TEXTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include "span.h"

/* All zero is an empty one. text[len] is a zero byte once something was written. */
struct textbuf {
	char *text;
	size_t len, room;
	bool is_short; /* memory ran out: text lacks its end */
};

void textbuf_init(struct textbuf *buf);
void textbuf_fini(struct textbuf *buf);

/* Forgets the text, keeps the memory. */
void textbuf_clear(struct textbuf *buf);

void textbuf_add(struct textbuf *buf, const char *text);
void textbuf_add_span(struct textbuf *buf, struct span span);
void textbuf_addf(struct textbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Makes room for len more bytes and returns the place for them, after text[len]; the caller
 * writes there and adds what it wrote to buf->len. NULL when memory is short.
 */
char *textbuf_reserve(struct textbuf *buf, size_t len);

/* Drops the first len bytes: what the caller has sent away. */
void textbuf_drop(struct textbuf *buf, size_t len);

/* 0, or -ENOMEM when something is missing. */
__attribute__((warn_unused_result)) int textbuf_status(const struct textbuf *buf);

#endif

/* Text that grows by doubling and leaves no copies of what it held. */
#include "textbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "ensure.h"
#include "wipe.h"

enum { ROOM_MIN = 256 };

void textbuf_init(struct textbuf *buf)
{
	*buf = (struct textbuf){0};
}

void textbuf_fini(struct textbuf *buf)
{
	if (buf->text)
		wipe(buf->text, buf->room);
	free(buf->text);
	textbuf_init(buf);
}

void textbuf_clear(struct textbuf *buf)
{
	if (buf->text)
		wipe(buf->text, buf->len);
	buf->len = 0;
	buf->is_short = false;
}

/* realloc() would leave the old copy unwiped. */
static bool textbuf_grow(struct textbuf *buf, size_t room)
{
	char *text = malloc(room);

	if (!text) {
		buf->is_short = true;
		return false;
	}
	if (buf->text) {
		memcpy(text, buf->text, buf->len);
		wipe(buf->text, buf->room);
		free(buf->text);
	}
	buf->text = text;
	buf->room = room;
	return true;
}

char *textbuf_reserve(struct textbuf *buf, size_t len)
{
	size_t need = buf->len + len + 1, room = buf->room ? buf->room : ROOM_MIN;

	ENSURE(need > len);
	if (buf->is_short)
		return NULL;
	while (room < need)
		room *= 2;
	if (room != buf->room && !textbuf_grow(buf, room))
		return NULL;
	buf->text[buf->len] = '\0';
	return buf->text + buf->len;
}

void textbuf_add_span(struct textbuf *buf, struct span span)
{
	char *to = textbuf_reserve(buf, span.len);

	if (!to)
		return;
	if (span.len)
		memcpy(to, span.at, span.len);
	to[span.len] = '\0';
	buf->len += span.len;
}

void textbuf_add(struct textbuf *buf, const char *text)
{
	textbuf_add_span(buf, span_of(text));
}

void textbuf_addf(struct textbuf *buf, const char *format, ...)
{
	va_list args;
	int len;
	char *to;

	va_start(args, format);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	ENSURE(len >= 0);
	to = textbuf_reserve(buf, (size_t)len);
	if (!to)
		return;
	va_start(args, format);
	vsnprintf(to, (size_t)len + 1, format, args);
	va_end(args);
	buf->len += (size_t)len;
}

void textbuf_drop(struct textbuf *buf, size_t len)
{
	ENSURE(len <= buf->len);
	if (!len)
		return;
	memmove(buf->text, buf->text + len, buf->len - len);
	wipe(buf->text + buf->len - len, len);
	buf->len -= len;
}

int textbuf_status(const struct textbuf *buf)
{
	return buf->is_short ? -ENOMEM : 0;
}

/*
 * A piece of somebody else's text: neither owned nor ended by a zero byte.
 */
#ifndef CULVERT_MODEL_SPAN_H
#define CULVERT_MODEL_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *at;
	size_t len;
};

/* As isspace() in the C locale. */
static inline bool char_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static inline bool span_equal(struct span span, const char *text)
{
	return strlen(text) == span.len && memcmp(span.at, text, span.len) == 0;
}

static inline struct span span_from(struct span span, size_t start)
{
	return (struct span){span.at + start, span.len - start};
}

static inline struct span span_until(struct span span, size_t end)
{
	return (struct span){span.at, end};
}

/* Index of the first (last) c in span; span.len when there is none. */
static inline size_t span_find(struct span span, char c)
{
	const char *found = span.len ? memchr(span.at, c, span.len) : NULL;

	return found ? (size_t)(found - span.at) : span.len;
}

static inline size_t span_find_last(struct span span, char c)
{
	const char *found = span.len ? memrchr(span.at, c, span.len) : NULL;

	return found ? (size_t)(found - span.at) : span.len;
}

#endif

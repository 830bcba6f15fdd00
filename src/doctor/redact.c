/* Word by word: letters that keys, addresses and names are made of are words, the rest stays. */
#include <ctype.h>
#include <string.h>
#include "keytext.h"
#include "keys.h"
#include "redact.h"
#include "values.h"

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == ':' || c == '.' || c == '+' || c == '=' ||
	       c == '-' || c == '_' || c == '%';
}

static bool is_public_v4(const uint8_t *b)
{
	return !(b[0] == 10 || b[0] == 127 || b[0] == 0 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		 (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
		 (b[0] == 100 && (b[1] & 0xc0) == 64));
}

static bool is_public_v6(const uint8_t *b)
{
	bool is_low = true; /* "::", "::1" */

	for (size_t i = 0; i < 15; i++)
		is_low &= b[i] == 0;
	return !is_low && (b[0] & 0xfe) != 0xfc && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

/* The word as an address, perhaps with ":port" behind it (IPv4), which goes to *rest. */
static bool find_address(struct span word, struct ip_addr *addr, struct span *rest)
{
	size_t colon = span_find(word, ':');

	*rest = span_from(word, word.len);
	if (value_parse_address(word, addr) == VALUE_OK)
		return true;
	*rest = span_from(word, colon);
	return colon < word.len && value_parse_address(span_until(word, colon), addr) == VALUE_OK;
}

static bool add_address(struct textbuf *out, struct span word)
{
	struct ip_addr addr;
	struct span rest;

	if (!find_address(word, &addr, &rest))
		return false;
	if (addr.family == IP_V4 && is_public_v4(addr.b))
		textbuf_addf(out, "%u.%u.x.x", addr.b[0], addr.b[1]);
	else if (addr.family == IP_V6 && is_public_v6(addr.b))
		textbuf_addf(
			out, "%x:%x:x", addr.b[0] << 8 | addr.b[1], addr.b[2] << 8 | addr.b[3]);
	else
		textbuf_add_span(out, span_until(word, word.len - rest.len));
	textbuf_add_span(out, rest);
	return true;
}

static bool add_name(struct textbuf *out, struct span word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = names[i] ? strlen(names[i]) : 0;

		if (!len || len > word.len || strncasecmp(word.at, names[i], len) != 0 ||
			(word.len > len && word.at[len] != ':'))
			continue;
		textbuf_add(out, "[name]");
		textbuf_add_span(out, span_from(word, len));
		return true;
	}
	return false;
}

/* Slashes belong to keys and not to words: one is looked for at every beginning of a word. */
static bool is_key(const char *text)
{
	uint8_t key[KEY_LEN];

	return strnlen(text, KEY_BASE64_LEN) == KEY_BASE64_LEN && text[KEY_BASE64_LEN - 1] == '=' &&
	       key_parse_base64((struct span){text, KEY_BASE64_LEN}, key);
}

/* What ends a sentence is no part of an address. */
static size_t word_len(const char *text)
{
	size_t len = 0;

	while (is_word(text[len]))
		len++;
	while (len > 1 && (text[len - 1] == '.' || text[len - 1] == ':') && text[len - 2] != ':')
		len--;
	return len;
}

void redact_add(struct textbuf *out, const char *text, const char *const *names, size_t count)
{
	while (*text) {
		struct span word = {text, word_len(text)};

		if (is_key(text)) {
			textbuf_add(out, "[key]");
			text += KEY_BASE64_LEN;
			continue;
		}
		if (!word.len)
			word.len = 1;
		if (!add_address(out, word) && !add_name(out, word, names, count))
			textbuf_add_span(out, word);
		text += word.len;
	}
}

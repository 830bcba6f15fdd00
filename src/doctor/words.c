/* Values as texts, by the printers of the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "keytext.h"
#include "textbuf.h"
#include "values.h"
#include "words.h"

static struct word take(struct textbuf *buf)
{
	struct word word;

	snprintf(word.text, sizeof(word.text), "%s", buf->text ? buf->text : "?");
	textbuf_fini(buf);
	return word;
}

struct word word_address(const struct ip_addr *addr)
{
	struct textbuf buf = {0};

	value_print_address(&buf, addr);
	return take(&buf);
}

struct word word_prefix(const struct ip_prefix *prefix)
{
	struct textbuf buf = {0};

	value_print_prefix(&buf, prefix);
	return take(&buf);
}

struct word word_endpoint(const struct endpoint *endpoint)
{
	struct textbuf buf = {0};

	value_print_endpoint(&buf, endpoint);
	return take(&buf);
}

struct word word_key(const struct public_key *key)
{
	struct word word;
	char text[KEY_BASE64_LEN + 1];

	key_print_base64(key->b, text);
	snprintf(word.text, sizeof(word.text), "%s", text);
	return word;
}

struct ip_prefix prefix_of(const struct ip_addr *addr)
{
	return (struct ip_prefix){.addr = *addr, .bits = ip_bits_max(addr->family)};
}

char *words_allowed_ips(const struct peer_settings *peer, const struct ip_prefix *more)
{
	struct textbuf buf = {0};
	char *text;

	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		value_print_prefix(&buf, &peer->allowed_ips[i].prefix);
		textbuf_add(&buf, ",");
	}
	value_print_prefix(&buf, more);
	text = buf.is_short ? NULL : strdup(buf.text);
	textbuf_fini(&buf);
	return text;
}

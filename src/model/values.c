/* Numbers, addresses, prefixes and endpoints: from text and to text. */
#include "values.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <strings.h>

enum {
	ADDRESS_TEXT_LEN_MAX = INET6_ADDRSTRLEN,
};

static const char *const code_texts[VALUE_CODES] = {
	[VALUE_OK] = "is right",
	[VALUE_EMPTY] = "is empty",
	[VALUE_NOT_NUMBER] = "is not a number",
	[VALUE_OUT_OF_RANGE] = "is too large",
	[VALUE_KEY_LENGTH] = "does not have the length of a key",
	[VALUE_KEY_FORMAT] = "is not the text of a key",
	[VALUE_NOT_ADDRESS] = "is not an IP address",
	[VALUE_PREFIX_LENGTH] = "has no such prefix length",
	[VALUE_NO_PORT] = "lacks a port",
	[VALUE_NO_BRACKET] = "lacks a closing bracket",
	[VALUE_NEEDS_RESOLVER] = "is a name",
	[VALUE_NOT_BOOLEAN] = "is neither true nor false",
};

const char *value_code_text(enum value_code code)
{
	return code_texts[code];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_off(struct span text)
{
	return text.len == 3 && strncasecmp(text.at, "off", 3) == 0;
}

/* -1 when c is no digit of base 10 or 16. */
static int digit_value(char c, unsigned base)
{
	if (is_digit(c))
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static enum value_code parse_digits(struct span text, unsigned base, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;

	if (!text.len)
		return VALUE_EMPTY;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_value(text.at[i], base);

		if (digit < 0)
			return VALUE_NOT_NUMBER;
		if ((uint64_t)digit > max || n > (max - (uint64_t)digit) / base)
			return VALUE_OUT_OF_RANGE;
		n = n * base + (uint64_t)digit;
	}
	*number = n;
	return VALUE_OK;
}

enum value_code value_parse_number(struct span text, uint64_t max, uint64_t *number)
{
	return parse_digits(text, 10, max, number);
}

enum value_code value_parse_port(struct span text, uint16_t *port)
{
	uint64_t n = 0;
	enum value_code code = parse_digits(text, 10, UINT16_MAX, &n);

	if (code == VALUE_NOT_NUMBER)
		return VALUE_NEEDS_RESOLVER;
	if (code == VALUE_OK)
		*port = (uint16_t)n;
	return code;
}

enum value_code value_parse_fwmark(struct span text, uint32_t *fwmark)
{
	bool is_hex = text.len > 2 && text.at[0] == '0' && text.at[1] == 'x';
	uint64_t n = 0;
	enum value_code code = VALUE_OK;

	if (!is_off(text))
		code = parse_digits(
			span_from(text, is_hex ? 2 : 0), is_hex ? 16 : 10, UINT32_MAX, &n);
	if (code == VALUE_OK)
		*fwmark = (uint32_t)n;
	return code;
}

enum value_code value_parse_keepalive(struct span text, uint16_t *seconds)
{
	uint64_t n = 0;
	enum value_code code = VALUE_OK;

	if (!is_off(text))
		code = parse_digits(text, 10, UINT16_MAX, &n);
	if (code == VALUE_OK)
		*seconds = (uint16_t)n;
	return code;
}

enum value_code value_parse_address(struct span text, struct ip_addr *addr)
{
	char copy[ADDRESS_TEXT_LEN_MAX];
	bool is_v6 = span_find(text, ':') < text.len;

	if (!text.len)
		return VALUE_EMPTY;
	if (text.len >= sizeof(copy) || memchr(text.at, '\0', text.len))
		return VALUE_NOT_ADDRESS;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	*addr = (struct ip_addr){.family = is_v6 ? IP_V6 : IP_V4};
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, copy, addr->b) != 1) {
		*addr = (struct ip_addr){0};
		return VALUE_NOT_ADDRESS;
	}
	return VALUE_OK;
}

struct value_error value_parse_prefix(
	struct span text, struct ip_prefix *prefix, bool *had_host_bits)
{
	size_t slash = span_find(text, '/');
	struct ip_prefix parsed = {0};
	struct ip_addr unmasked;
	uint64_t bits;
	enum value_code code = value_parse_address(span_until(text, slash), &parsed.addr);

	if (code != VALUE_OK)
		return (struct value_error){code, 0};
	bits = ip_bits_max(parsed.addr.family);
	if (slash < text.len &&
		value_parse_number(span_from(text, slash + 1), bits, &bits) != VALUE_OK)
		return (struct value_error){VALUE_PREFIX_LENGTH, slash + 1};
	parsed.bits = (uint8_t)bits;
	unmasked = parsed.addr;
	prefix_mask(&parsed);
	if (had_host_bits)
		*had_host_bits = !ip_addr_equal(&parsed.addr, &unmasked);
	*prefix = parsed;
	return (struct value_error){VALUE_OK, 0};
}

static struct value_error split_bracketed(struct span text, struct span *host, struct span *port)
{
	size_t close = span_find(text, ']');

	if (close == text.len)
		return (struct value_error){VALUE_NO_BRACKET, text.len};
	if (close + 1 == text.len || text.at[close + 1] != ':' || close + 2 == text.len)
		return (struct value_error){VALUE_NO_PORT, close + 1};
	*host = (struct span){text.at + 1, close - 1};
	*port = span_from(text, close + 2);
	return (struct value_error){VALUE_OK, 0};
}

struct value_error value_split_endpoint(struct span text, struct span *host, struct span *port)
{
	size_t colon;

	if (!text.len)
		return (struct value_error){VALUE_EMPTY, 0};
	if (text.at[0] == '[')
		return split_bracketed(text, host, port);
	colon = span_find_last(text, ':');
	if (colon == text.len || colon + 1 == text.len)
		return (struct value_error){VALUE_NO_PORT, colon};
	*host = span_until(text, colon);
	*port = span_from(text, colon + 1);
	return (struct value_error){VALUE_OK, 0};
}

/* The zone of an IPv6 address: a link's name or its number. 0: no such link. */
static uint32_t parse_zone(struct span text)
{
	char name[IF_NAMESIZE];
	uint64_t number;

	if (value_parse_number(text, UINT32_MAX, &number) == VALUE_OK)
		return (uint32_t)number;
	if (!text.len || text.len >= sizeof(name))
		return 0;
	memcpy(name, text.at, text.len);
	name[text.len] = '\0';
	return if_nametoindex(name);
}

static enum value_code parse_host(struct span host, struct endpoint *endpoint)
{
	size_t percent = span_find(host, '%');

	if (percent < host.len) {
		endpoint->scope_id = parse_zone(span_from(host, percent + 1));
		if (!endpoint->scope_id)
			return VALUE_NOT_ADDRESS;
	}
	return value_parse_address(span_until(host, percent), &endpoint->addr);
}

struct value_error value_parse_endpoint(struct span text, struct endpoint *endpoint)
{
	struct endpoint parsed = {0};
	struct span host, port;
	struct value_error error = value_split_endpoint(text, &host, &port);
	enum value_code code;

	if (error.code != VALUE_OK)
		return error;
	code = value_parse_port(port, &parsed.port);
	if (code != VALUE_OK)
		return (struct value_error){code, (size_t)(port.at - text.at)};
	code = parse_host(host, &parsed);
	if (code != VALUE_OK)
		return (struct value_error){VALUE_NEEDS_RESOLVER, (size_t)(host.at - text.at)};
	*endpoint = parsed;
	return (struct value_error){VALUE_OK, 0};
}

void value_print_address(struct textbuf *out, const struct ip_addr *addr)
{
	char text[ADDRESS_TEXT_LEN_MAX] = "";

	if (addr->family != IP_NONE)
		inet_ntop(addr->family == IP_V6 ? AF_INET6 : AF_INET, addr->b, text, sizeof(text));
	textbuf_add(out, text);
}

void value_print_prefix(struct textbuf *out, const struct ip_prefix *prefix)
{
	value_print_address(out, &prefix->addr);
	textbuf_addf(out, "/%u", prefix->bits);
}

static void print_zone(struct textbuf *out, uint32_t scope_id)
{
	char name[IF_NAMESIZE];

	if (if_indextoname(scope_id, name))
		textbuf_addf(out, "%%%s", name);
	else
		textbuf_addf(out, "%%%u", scope_id);
}

void value_print_endpoint(struct textbuf *out, const struct endpoint *endpoint)
{
	bool is_v6 = endpoint->addr.family == IP_V6;

	if (is_v6)
		textbuf_add(out, "[");
	value_print_address(out, &endpoint->addr);
	if (is_v6 && endpoint->scope_id)
		print_zone(out, endpoint->scope_id);
	textbuf_addf(out, is_v6 ? "]:%u" : ":%u", endpoint->port);
}

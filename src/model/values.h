/*
 * The values of attributes as text: numbers, addresses, prefixes, endpoints. Pure: nothing here
 * resolves a name or prints a message; what is wrong comes back as a code and a place. (An IPv6
 * zone, "%eth0", is looked up with if_nametoindex(): it names a link of this network namespace.)
 */
#ifndef CULVERT_MODEL_VALUES_H
#define CULVERT_MODEL_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include "addr.h"
#include "span.h"
#include "textbuf.h"

enum value_code {
	VALUE_OK = 0,
	VALUE_EMPTY,
	VALUE_NOT_NUMBER,
	VALUE_OUT_OF_RANGE,
	VALUE_KEY_LENGTH, /* not 44 (64 in hex) characters */
	VALUE_KEY_FORMAT, /* not base64 (hex) */
	VALUE_NOT_ADDRESS,
	VALUE_PREFIX_LENGTH,  /* not a number, or more than the address has bits */
	VALUE_NO_PORT,        /* an endpoint without ":port" */
	VALUE_NO_BRACKET,     /* "[" without "]" */
	VALUE_NEEDS_RESOLVER, /* well-formed, but a name: host of an endpoint, service of a port */
	VALUE_NOT_BOOLEAN,
	VALUE_CODES
};

/* What went wrong, and how many bytes into the text. */
struct value_error {
	enum value_code code;
	size_t offset;
};

/* "is not a number", ...: what follows the text found. */
const char *value_code_text(enum value_code code);

/* Decimal digits only, no sign or space, at most max. */
enum value_code value_parse_number(struct span text, uint64_t max, uint64_t *number);

/* 0..65535, or VALUE_NEEDS_RESOLVER for what may be the name of a service. */
enum value_code value_parse_port(struct span text, uint16_t *port);

/* "off" (any case), decimal, or "0x" and hex; up to 32 bits. */
enum value_code value_parse_fwmark(struct span text, uint32_t *fwmark);

/* "off" (any case) or 0..65535 seconds. */
enum value_code value_parse_keepalive(struct span text, uint16_t *seconds);

/* A literal of either family, without zone. */
enum value_code value_parse_address(struct span text, struct ip_addr *addr);

/*
 * ADDRESS[/BITS]; without BITS all bits count. Host bits are masked away, *had_host_bits (may be
 * NULL) says that there were some.
 */
struct value_error value_parse_prefix(
	struct span text, struct ip_prefix *prefix, bool *had_host_bits);

/* HOST:PORT or [HOST]:PORT cut in two, HOST without brackets. Looks at neither half. */
struct value_error value_split_endpoint(struct span text, struct span *host, struct span *port);

/* The same, both numeric. VALUE_NEEDS_RESOLVER: well-formed, but a half is a name. */
struct value_error value_parse_endpoint(struct span text, struct endpoint *endpoint);

/* Shortest forms: "10.0.0.1", "fd00::1"; "10.0.0.0/8"; "1.2.3.4:5", "[fe80::1%eth0]:5". */
void value_print_address(struct textbuf *out, const struct ip_addr *addr);
void value_print_prefix(struct textbuf *out, const struct ip_prefix *prefix);
void value_print_endpoint(struct textbuf *out, const struct endpoint *endpoint);

#endif

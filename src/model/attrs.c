/* The table of attributes, and the table of their types. */
#include "attrs.h"

#include <inttypes.h>
#include <strings.h>
#include "keytext.h"
#include "wipe.h"

#define IN_DEVICE(member) SCOPE_DEVICE, offsetof(struct device_settings, member)
#define IN_PEER(member)   SCOPE_PEER, offsetof(struct peer_settings, member)
#define BOTH_WAYS         (ATTR_IN_SET | ATTR_IN_GET)

/* One line of the table: names first, then where and what. */
#define ATTR(uapi, file, set, show, json, label_, place, type_, use_, has_)                        \
	ATTR_AT(uapi, file, set, show, json, label_, place, type_, use_, has_)
#define ATTR_AT(uapi, file, set, show, json, label_, scope_, offset_, type_, use_, has_)           \
	{                                                                                          \
		uapi, file, set, show, json, label_, scope_, type_, use_, has_, offset_            \
	}

/* clang-format off */
const struct attr attrs[ATTR_COUNT] = {
	[ATTR_PRIVATE_KEY] = ATTR("private_key", "PrivateKey", "private-key", "private-key",
		"privateKey", "private key",
		IN_DEVICE(private_key), TYPE_KEY, BOTH_WAYS | ATTR_NOT_ZERO, DEVICE_HAS_PRIVATE_KEY),
	[ATTR_LISTEN_PORT] = ATTR("listen_port", "ListenPort", "listen-port", "listen-port",
		"listenPort", "listening port",
		IN_DEVICE(listen_port), TYPE_PORT, BOTH_WAYS | ATTR_NOT_ZERO, DEVICE_HAS_LISTEN_PORT),
	[ATTR_FWMARK] = ATTR("fwmark", "FwMark", "fwmark", "fwmark",
		"fwmark", "fwmark",
		IN_DEVICE(fwmark), TYPE_FWMARK, BOTH_WAYS | ATTR_NOT_ZERO, DEVICE_HAS_FWMARK),
	[ATTR_REPLACE_PEERS] = ATTR("replace_peers", NULL, NULL, NULL,
		NULL, NULL,
		IN_DEVICE(replace_peers), TYPE_FLAG, ATTR_IN_SET, 0),
	[ATTR_PUBLIC_KEY] = ATTR("public_key", "PublicKey", "peer", "peers",
		"publicKey", "public key",
		IN_PEER(public_key), TYPE_KEY, BOTH_WAYS, 0),
	[ATTR_REMOVE] = ATTR("remove", NULL, "remove", NULL,
		NULL, NULL,
		IN_PEER(remove), TYPE_FLAG, ATTR_IN_SET, 0),
	[ATTR_UPDATE_ONLY] = ATTR("update_only", NULL, NULL, NULL,
		NULL, NULL,
		IN_PEER(update_only), TYPE_FLAG, ATTR_IN_SET, 0),
	[ATTR_INITIATE] = ATTR("initiate_handshake", NULL, NULL, NULL,
		NULL, NULL,
		IN_PEER(initiate), TYPE_FLAG, ATTR_IN_SET, 0),
	[ATTR_PRESHARED_KEY] = ATTR("preshared_key", "PresharedKey", "preshared-key",
		"preshared-keys", "presharedKey", "preshared key",
		IN_PEER(preshared_key), TYPE_KEY, BOTH_WAYS, PEER_HAS_PRESHARED_KEY),
	[ATTR_PROTOCOL_VERSION] = ATTR("protocol_version", NULL, NULL, NULL,
		NULL, NULL,
		IN_PEER(public_key), TYPE_VERSION, BOTH_WAYS, 0),
	[ATTR_ENDPOINT] = ATTR("endpoint", "Endpoint", "endpoint", "endpoints",
		"endpoint", "endpoint",
		IN_PEER(endpoint), TYPE_ENDPOINT, BOTH_WAYS, PEER_HAS_ENDPOINT),
	[ATTR_LAST_HANDSHAKE_SEC] = ATTR("last_handshake_time_sec", NULL, NULL, "latest-handshakes",
		"latestHandshake", "latest handshake",
		IN_PEER(last_handshake.sec), TYPE_SECONDS, ATTR_IN_GET, PEER_HAS_STATS),
	[ATTR_LAST_HANDSHAKE_NSEC] = ATTR("last_handshake_time_nsec", NULL, NULL, NULL,
		NULL, NULL,
		IN_PEER(last_handshake.nsec), TYPE_SECONDS, ATTR_IN_GET, PEER_HAS_STATS),
	[ATTR_TX_BYTES] = ATTR("tx_bytes", NULL, NULL, NULL,
		"txBytes", NULL,
		IN_PEER(tx_bytes), TYPE_COUNTER, ATTR_IN_GET, PEER_HAS_STATS),
	[ATTR_RX_BYTES] = ATTR("rx_bytes", NULL, NULL, "transfer",
		"rxBytes", "transfer",
		IN_PEER(rx_bytes), TYPE_COUNTER, ATTR_IN_GET, PEER_HAS_STATS),
	[ATTR_KEEPALIVE] = ATTR("persistent_keepalive_interval", "PersistentKeepalive",
		"persistent-keepalive", "persistent-keepalive",
		"persistentKeepalive", "persistent keepalive",
		IN_PEER(keepalive), TYPE_KEEPALIVE, BOTH_WAYS, PEER_HAS_KEEPALIVE),
	[ATTR_REPLACE_ALLOWED_IPS] = ATTR("replace_allowed_ips", NULL, NULL, NULL,
		NULL, NULL,
		IN_PEER(replace_allowed_ips), TYPE_FLAG, ATTR_IN_SET, 0),
	[ATTR_ALLOWED_IPS] = ATTR("allowed_ip", "AllowedIPs", "allowed-ips", "allowed-ips",
		"allowedIps", "allowed ips",
		IN_PEER(allowed_ips), TYPE_PREFIX_LIST, BOTH_WAYS, 0),
};
/* clang-format on */

enum attr_id attr_by_uapi_key(struct span key)
{
	enum attr_id id = 0;

	while (id < ATTR_COUNT && !span_equal(key, attrs[id].uapi_key))
		id++;
	return id;
}

static bool is_file_key(const struct attr *attr, struct span key)
{
	return attr->file_key && strlen(attr->file_key) == key.len &&
	       strncasecmp(attr->file_key, key.at, key.len) == 0;
}

enum attr_id attr_by_file_key(enum attr_scope scope, struct span key)
{
	enum attr_id id = 0;

	while (id < ATTR_COUNT && !(attrs[id].scope == scope && is_file_key(&attrs[id], key)))
		id++;
	return id;
}

enum attr_id attr_by_set_word(struct span word)
{
	enum attr_id id = 0;

	while (id < ATTR_COUNT && !(attrs[id].set_word && span_equal(word, attrs[id].set_word)))
		id++;
	return id;
}

/* Types: a parser and a printer for each of the two ways to write a value. */

static enum value_code key_from_base64(struct span text, void *value)
{
	if (text.len != KEY_BASE64_LEN)
		return VALUE_KEY_LENGTH;
	return key_parse_base64(text, value) ? VALUE_OK : VALUE_KEY_FORMAT;
}

static enum value_code key_from_hex(struct span text, void *value)
{
	if (text.len != KEY_HEX_LEN)
		return VALUE_KEY_LENGTH;
	return key_parse_hex(text, value) ? VALUE_OK : VALUE_KEY_FORMAT;
}

static void key_to_base64(struct textbuf *out, const void *value)
{
	char text[KEY_BASE64_LEN + 1];

	key_print_base64(value, text);
	textbuf_add(out, text);
	wipe(text, sizeof(text));
}

static void key_to_hex(struct textbuf *out, const void *value)
{
	char text[KEY_HEX_LEN + 1];

	key_print_hex(value, text);
	textbuf_add(out, text);
	wipe(text, sizeof(text));
}

static enum value_code port_from_text(struct span text, void *value)
{
	return value_parse_port(text, value);
}

static enum value_code u16_from_digits(struct span text, void *value)
{
	uint64_t number = 0;
	enum value_code code = value_parse_number(text, UINT16_MAX, &number);

	if (code == VALUE_OK)
		*(uint16_t *)value = (uint16_t)number;
	return code;
}

static void u16_to_digits(struct textbuf *out, const void *value)
{
	textbuf_addf(out, "%u", *(const uint16_t *)value);
}

static enum value_code fwmark_from_text(struct span text, void *value)
{
	return value_parse_fwmark(text, value);
}

static void fwmark_to_text(struct textbuf *out, const void *value)
{
	if (*(const uint32_t *)value)
		textbuf_addf(out, "0x%" PRIx32, *(const uint32_t *)value);
	else
		textbuf_add(out, "off");
}

static enum value_code u32_from_digits(struct span text, void *value)
{
	uint64_t number = 0;
	enum value_code code = value_parse_number(text, UINT32_MAX, &number);

	if (code == VALUE_OK)
		*(uint32_t *)value = (uint32_t)number;
	return code;
}

static void u32_to_digits(struct textbuf *out, const void *value)
{
	textbuf_addf(out, "%" PRIu32, *(const uint32_t *)value);
}

static enum value_code keepalive_from_text(struct span text, void *value)
{
	return value_parse_keepalive(text, value);
}

static void keepalive_to_text(struct textbuf *out, const void *value)
{
	if (*(const uint16_t *)value)
		u16_to_digits(out, value);
	else
		textbuf_add(out, "off");
}

static enum value_code endpoint_from_text(struct span text, void *value)
{
	return value_parse_endpoint(text, value).code;
}

static void endpoint_to_text(struct textbuf *out, const void *value)
{
	value_print_endpoint(out, value);
}

static enum value_code flag_from_true(struct span text, void *value)
{
	if (!span_equal(text, "true"))
		return VALUE_NOT_BOOLEAN;
	*(bool *)value = true;
	return VALUE_OK;
}

static void flag_to_true(struct textbuf *out, const void *value)
{
	textbuf_add(out, *(const bool *)value ? "true" : "false");
}

static enum value_code counter_from_digits(struct span text, void *value)
{
	return value_parse_number(text, UINT64_MAX, value);
}

static void counter_to_digits(struct textbuf *out, const void *value)
{
	textbuf_addf(out, "%" PRIu64, *(const uint64_t *)value);
}

static enum value_code seconds_from_digits(struct span text, void *value)
{
	uint64_t number = 0;
	enum value_code code = value_parse_number(text, INT64_MAX, &number);

	if (code == VALUE_OK)
		*(int64_t *)value = (int64_t)number;
	return code;
}

static void seconds_to_digits(struct textbuf *out, const void *value)
{
	textbuf_addf(out, "%" PRId64, *(const int64_t *)value);
}

static enum value_code version_from_one(struct span text, void *value)
{
	(void)value;
	return span_equal(text, "1") ? VALUE_OK : VALUE_OUT_OF_RANGE;
}

static void version_to_one(struct textbuf *out, const void *value)
{
	(void)value;
	textbuf_add(out, "1");
}

static const struct {
	enum value_code (*from_uapi)(struct span text, void *value);
	void (*to_uapi)(struct textbuf *out, const void *value);
	enum value_code (*from_text)(struct span text, void *value);
	void (*to_text)(struct textbuf *out, const void *value);
	size_t len; /* how many bytes of the record say whether it is zero */
	const char *expected;
} types[TYPE_COUNT] = {
	[TYPE_KEY] = {key_from_hex, key_to_hex, key_from_base64, key_to_base64, KEY_LEN,
		"a key of 44 base64 characters, as `wg genkey' prints it"},
	[TYPE_PORT] = {u16_from_digits, u16_to_digits, port_from_text, u16_to_digits,
		sizeof(uint16_t), "a port from 0 to 65535"},
	[TYPE_FWMARK] = {u32_from_digits, u32_to_digits, fwmark_from_text, fwmark_to_text,
		sizeof(uint32_t), "a number from 0 to 0xffffffff, or `off'"},
	[TYPE_KEEPALIVE] = {u16_from_digits, u16_to_digits, keepalive_from_text, keepalive_to_text,
		sizeof(uint16_t), "seconds from 0 to 65535, or `off'"},
	[TYPE_ENDPOINT] = {endpoint_from_text, endpoint_to_text, endpoint_from_text,
		endpoint_to_text, sizeof(uint8_t), "HOST:PORT or [IPV6]:PORT"},
	[TYPE_PREFIX_LIST] = {.expected = "IP addresses with optional /BITS, separated by commas"},
	[TYPE_FLAG] = {flag_from_true, flag_to_true, flag_from_true, flag_to_true, sizeof(bool),
		"true"},
	[TYPE_COUNTER] = {counter_from_digits, counter_to_digits, counter_from_digits,
		counter_to_digits, sizeof(uint64_t), "a number"},
	[TYPE_SECONDS] = {seconds_from_digits, seconds_to_digits, seconds_from_digits,
		seconds_to_digits, sizeof(int64_t), "seconds since 1970"},
	[TYPE_VERSION] = {version_from_one, version_to_one, version_from_one, version_to_one,
		sizeof(uint8_t), "1"},
};

const char *attr_expected(enum attr_type type)
{
	return types[type].expected;
}

static unsigned *attr_has_bits(const struct attr *attr, void *record)
{
	return attr->scope == SCOPE_DEVICE ? &((struct device_settings *)record)->has
					   : &((struct peer_settings *)record)->has;
}

bool attr_is_present(enum attr_id id, const void *record)
{
	const struct attr *attr = &attrs[id];
	const struct peer_settings *peer = record;
	const struct device_settings *device = record;

	if (attr->type == TYPE_PREFIX_LIST)
		return peer->allowed_ips_count > 0;
	if (attr->has)
		return (attr->scope == SCOPE_DEVICE ? device->has : peer->has) & attr->has;
	return !attr_is_zero(id, record);
}

bool attr_is_zero(enum attr_id id, const void *record)
{
	return bytes_zero_ct((const uint8_t *)record + attrs[id].offset, types[attrs[id].type].len);
}

/* "-" before a prefix of the control socket takes it from the peer. */
static struct value_error append_prefix(
	struct span text, struct peer_settings *peer, bool *is_short)
{
	bool remove = text.len && text.at[0] == '-';
	struct ip_prefix prefix;
	struct value_error error = value_parse_prefix(span_from(text, remove), &prefix, NULL);
	struct allowed_ip *ip;

	if (error.code == VALUE_OK && span_find(text, '/') == text.len)
		return (struct value_error){VALUE_PREFIX_LENGTH, text.len};
	if (error.code != VALUE_OK)
		return error;
	ip = settings_add_allowed_ip(peer);
	*is_short = !ip;
	if (ip)
		*ip = (struct allowed_ip){prefix, remove};
	return error;
}

struct value_error attr_parse_uapi(enum attr_id id, struct span text, void *record, bool *is_short)
{
	const struct attr *attr = &attrs[id];
	struct value_error error = {VALUE_OK, 0};

	*is_short = false;
	if (attr->type == TYPE_PREFIX_LIST)
		return append_prefix(text, record, is_short);
	error.code = types[attr->type].from_uapi(text, (uint8_t *)record + attr->offset);
	if (error.code == VALUE_OK)
		*attr_has_bits(attr, record) |= attr->has;
	return error;
}

struct value_error attr_parse_text(enum attr_id id, struct span text, void *record)
{
	const struct attr *attr = &attrs[id];
	struct value_error error = {VALUE_OK, 0};
	void *value = (uint8_t *)record + attr->offset;

	if (attr->type == TYPE_ENDPOINT)
		error = value_parse_endpoint(text, value);
	else
		error.code = types[attr->type].from_text(text, value);
	if (error.code == VALUE_OK)
		*attr_has_bits(attr, record) |= attr->has;
	return error;
}

void attr_print_uapi(struct textbuf *out, enum attr_id id, const void *record)
{
	types[attrs[id].type].to_uapi(out, (const uint8_t *)record + attrs[id].offset);
}

void attr_print_text(struct textbuf *out, enum attr_id id, const void *record)
{
	types[attrs[id].type].to_text(out, (const uint8_t *)record + attrs[id].offset);
}

/*
 * `wg show json`: the schema is version 1, described in wg(8). Members are only ever added; what
 * is not set is null, and secrets are there only when asked for.
 */
#include "showforms.h"

#include <time.h>
#include "agetext.h"
#include "attrs.h"
#include "interface.h"
#include "terminal.h"
#include "wipe.h"

/* Takes the reference; null when there is no text. */
static void put(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value ? value : json_null());
}

/* The value as text, or NULL for a key or an endpoint that is not there. */
static json_t *text_of(enum attr_id id, const void *record)
{
	struct textbuf text = {0};
	json_t *value;

	if (attr_is_zero(id, record))
		return NULL;
	attr_print_text(&text, id, record);
	value = json_stringn(text.text, text.len);
	textbuf_fini(&text);
	return value;
}

static json_t *allowed_ips_of(const struct peer_settings *peer)
{
	json_t *list = json_array();
	struct textbuf text = {0};

	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_clear(&text);
		value_print_prefix(&text, &peer->allowed_ips[i].prefix);
		json_array_append_new(list, json_stringn(text.text, text.len));
	}
	textbuf_fini(&text);
	return list;
}

/* JSON's integers are signed here; nobody has moved that many bytes. */
static json_t *counter_of(uint64_t bytes)
{
	return json_integer(bytes > INT64_MAX ? INT64_MAX : (json_int_t)bytes);
}

/* UTC, to the second. */
static json_t *iso_time_of(int64_t sec)
{
	time_t time = (time_t)sec;
	char text[40];
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return json_string(text);
}

static json_t *age_of(int64_t sec, int64_t now)
{
	struct textbuf text = {0};
	json_t *value;

	age_print_since(&text, sec, now);
	terminal_strip_colour(&text);
	value = json_stringn(text.text, text.len);
	textbuf_fini(&text);
	return value;
}

static json_t *handshake_of(const struct peer_settings *peer, int64_t now)
{
	json_t *object;

	if (!peer->last_handshake.sec)
		return NULL;
	object = json_object();
	put(object, "unix", json_integer(peer->last_handshake.sec));
	put(object, "iso", iso_time_of(peer->last_handshake.sec));
	put(object, "secondsAgo", json_integer(now - peer->last_handshake.sec));
	put(object, "ago", age_of(peer->last_handshake.sec, now));
	return object;
}

static json_t *json_peer(const struct peer_settings *peer, const struct pretty_options *options)
{
	const char *name =
		options->names ? peer_names_find(options->names, &peer->public_key) : NULL;
	bool has_psk = !bytes_zero_ct(peer->preshared_key.b, KEY_LEN);
	json_t *object = json_object();

	put(object, attrs[ATTR_PUBLIC_KEY].json_name, text_of(ATTR_PUBLIC_KEY, peer));
	put(object, "name", name ? json_string(name) : NULL);
	put(object, "hasPresharedKey", json_boolean(has_psk));
	if (options->shows_keys)
		put(object, attrs[ATTR_PRESHARED_KEY].json_name, text_of(ATTR_PRESHARED_KEY, peer));
	put(object, attrs[ATTR_ENDPOINT].json_name, text_of(ATTR_ENDPOINT, peer));
	put(object, attrs[ATTR_ALLOWED_IPS].json_name, allowed_ips_of(peer));
	put(object, attrs[ATTR_LAST_HANDSHAKE_SEC].json_name, handshake_of(peer, options->now));
	put(object, attrs[ATTR_RX_BYTES].json_name, counter_of(peer->rx_bytes));
	put(object, attrs[ATTR_TX_BYTES].json_name, counter_of(peer->tx_bytes));
	put(object, attrs[ATTR_KEEPALIVE].json_name,
		peer->keepalive ? json_integer(peer->keepalive) : NULL);
	return object;
}

json_t *json_device(const struct device_settings *device, const struct pretty_options *options)
{
	const struct peer_settings self = {.public_key = device->public_key};
	json_t *object = json_object(), *peers = json_array();

	put(object, "name", json_string(device->name));
	put(object, attrs[ATTR_PUBLIC_KEY].json_name,
		device->has & DEVICE_HAS_PUBLIC_KEY ? text_of(ATTR_PUBLIC_KEY, &self) : NULL);
	put(object, "hasPrivateKey", json_boolean(interface_has_private_key(device)));
	if (options->shows_keys)
		put(object, attrs[ATTR_PRIVATE_KEY].json_name, text_of(ATTR_PRIVATE_KEY, device));
	put(object, attrs[ATTR_LISTEN_PORT].json_name,
		device->listen_port ? json_integer(device->listen_port) : NULL);
	put(object, attrs[ATTR_FWMARK].json_name,
		device->fwmark ? json_integer(device->fwmark) : NULL);
	for (size_t i = 0; i < device->peers_count; i++)
		json_array_append_new(peers, json_peer(&device->peers[i], options));
	put(object, "peers", peers);
	return object;
}

/* `wg show` for scripts: tab-separated lines, in the order in which the backend has the peers. */
#include "showforms.h"

#include <inttypes.h>
#include "attrs.h"
#include "interface.h"

/* Fields that are not one attribute's value. */
#define WORD_PUBLIC_KEY "public-key"
#define WORD_DUMP       "dump"

static enum attr_id attr_by_show_word(const char *word)
{
	enum attr_id id = 0;

	while (id < ATTR_COUNT && !(attrs[id].show_word && strcmp(attrs[id].show_word, word) == 0))
		id++;
	return id;
}

bool field_is_known(const char *word)
{
	return attr_by_show_word(word) != ATTR_COUNT || strcmp(word, WORD_PUBLIC_KEY) == 0 ||
	       strcmp(word, WORD_DUMP) == 0;
}

/* "(none)" where a key or an endpoint is not there; a peer always has a public key. */
static void add_value(struct textbuf *out, enum attr_id id, const void *record)
{
	bool may_lack = attrs[id].type == TYPE_KEY || attrs[id].type == TYPE_ENDPOINT;

	if (may_lack && id != ATTR_PUBLIC_KEY && attr_is_zero(id, record))
		textbuf_add(out, "(none)");
	else
		attr_print_text(out, id, record);
}

static void add_public_key(struct textbuf *out, const struct device_settings *device)
{
	const struct peer_settings self = {.public_key = device->public_key};

	if (device->has & DEVICE_HAS_PUBLIC_KEY)
		attr_print_text(out, ATTR_PUBLIC_KEY, &self);
	else
		textbuf_add(out, "(none)");
}

static void add_allowed_ips(
	struct textbuf *out, const struct peer_settings *peer, const char *separator)
{
	if (!peer->allowed_ips_count)
		textbuf_add(out, "(none)");
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_add(out, i ? separator : "");
		value_print_prefix(out, &peer->allowed_ips[i].prefix);
	}
}

static void add_prefix(
	struct textbuf *out, const struct device_settings *device, bool has_interface)
{
	if (has_interface)
		textbuf_addf(out, "%s\t", device->name);
}

static void add_peer_field(struct textbuf *out, const struct peer_settings *peer, enum attr_id id)
{
	add_value(out, ATTR_PUBLIC_KEY, peer);
	if (id == ATTR_PUBLIC_KEY)
		return;
	textbuf_add(out, "\t");
	if (id == ATTR_ALLOWED_IPS)
		add_allowed_ips(out, peer, " ");
	else if (id == ATTR_RX_BYTES)
		textbuf_addf(out, "%" PRIu64 "\t%" PRIu64, peer->rx_bytes, peer->tx_bytes);
	else
		add_value(out, id, peer);
}

static void add_dump_of_peer(struct textbuf *out, const struct peer_settings *peer)
{
	static const enum attr_id ids[] = {ATTR_PUBLIC_KEY, ATTR_PRESHARED_KEY, ATTR_ENDPOINT,
		ATTR_ALLOWED_IPS, ATTR_LAST_HANDSHAKE_SEC, ATTR_RX_BYTES, ATTR_TX_BYTES,
		ATTR_KEEPALIVE};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		textbuf_add(out, i ? "\t" : "");
		if (ids[i] == ATTR_ALLOWED_IPS)
			add_allowed_ips(out, peer, ",");
		else
			add_value(out, ids[i], peer);
	}
	textbuf_add(out, "\n");
}

static void add_dump(struct textbuf *out, const struct device_settings *device, bool has_interface)
{
	add_prefix(out, device, has_interface);
	add_value(out, ATTR_PRIVATE_KEY, device);
	textbuf_add(out, "\t");
	add_public_key(out, device);
	textbuf_add(out, "\t");
	add_value(out, ATTR_LISTEN_PORT, device);
	textbuf_add(out, "\t");
	add_value(out, ATTR_FWMARK, device);
	textbuf_add(out, "\n");
	for (size_t i = 0; i < device->peers_count; i++) {
		add_prefix(out, device, has_interface);
		add_dump_of_peer(out, &device->peers[i]);
	}
}

void field_print(struct textbuf *out, const struct device_settings *device, const char *word,
	bool has_interface)
{
	enum attr_id id = attr_by_show_word(word);
	bool is_public_key = strcmp(word, WORD_PUBLIC_KEY) == 0;

	if (strcmp(word, WORD_DUMP) == 0) {
		add_dump(out, device, has_interface);
		return;
	}
	if (is_public_key || attrs[id].scope == SCOPE_DEVICE) {
		add_prefix(out, device, has_interface);
		if (is_public_key)
			add_public_key(out, device);
		else
			add_value(out, id, device);
		textbuf_add(out, "\n");
		return;
	}
	for (size_t i = 0; i < device->peers_count; i++) {
		add_prefix(out, device, has_interface);
		add_peer_field(out, &device->peers[i], id);
		textbuf_add(out, "\n");
	}
}

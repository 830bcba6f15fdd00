/* `wg show` for people: fields in a fixed order, each only when it is set. */
#include "showforms.h"

#include <inttypes.h>
#include <stdlib.h>
#include "agetext.h"
#include "attrs.h"
#include "interface.h"
#include "terminal.h"
#include "wipe.h"

static void add_label(struct textbuf *out, const char *label)
{
	textbuf_addf(out, "  " COLOUR_BOLD "%s" COLOUR_RESET ": ", label);
}

static void add_field(struct textbuf *out, enum attr_id id, const void *record)
{
	add_label(out, attrs[id].label);
	attr_print_text(out, id, record);
	textbuf_add(out, "\n");
}

static void add_secret(struct textbuf *out, enum attr_id id, const void *record, bool is_shown)
{
	if (is_shown) {
		add_field(out, id, record);
	} else {
		add_label(out, attrs[id].label);
		textbuf_add(out, "(hidden)\n");
	}
}

static void add_device(struct textbuf *out, const struct device_settings *device, bool shows_keys)
{
	const struct peer_settings self = {.public_key = device->public_key};

	textbuf_addf(out,
		COLOUR_RESET COLOUR_GREEN COLOUR_BOLD "interface" COLOUR_RESET ": " COLOUR_GREEN
						      "%s" COLOUR_RESET "\n",
		device->name);
	if (device->has & DEVICE_HAS_PUBLIC_KEY)
		add_field(out, ATTR_PUBLIC_KEY, &self);
	if (interface_has_private_key(device))
		add_secret(out, ATTR_PRIVATE_KEY, device, shows_keys);
	if (device->listen_port)
		add_field(out, ATTR_LISTEN_PORT, device);
	if (device->fwmark)
		add_field(out, ATTR_FWMARK, device);
}

static void add_allowed_ips(struct textbuf *out, const struct peer_settings *peer)
{
	add_label(out, attrs[ATTR_ALLOWED_IPS].label);
	if (!peer->allowed_ips_count)
		textbuf_add(out, "(none)");
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[i].prefix;

		textbuf_add(out, i ? ", " : "");
		value_print_address(out, &prefix->addr);
		textbuf_addf(out, COLOUR_CYAN "/" COLOUR_RESET "%u", prefix->bits);
	}
	textbuf_add(out, "\n");
}

static void add_statistics(struct textbuf *out, const struct peer_settings *peer, int64_t now)
{
	if (peer->last_handshake.sec) {
		add_label(out, attrs[ATTR_LAST_HANDSHAKE_SEC].label);
		age_print_since(out, peer->last_handshake.sec, now);
		textbuf_add(out, "\n");
	}
	if (peer->rx_bytes || peer->tx_bytes) {
		add_label(out, attrs[ATTR_RX_BYTES].label);
		size_print(out, peer->rx_bytes);
		textbuf_add(out, " received, ");
		size_print(out, peer->tx_bytes);
		textbuf_add(out, " sent\n");
	}
}

static void add_peer(
	struct textbuf *out, const struct peer_settings *peer, const struct pretty_options *options)
{
	const char *name =
		options->names ? peer_names_find(options->names, &peer->public_key) : NULL;

	textbuf_add(out, COLOUR_YELLOW COLOUR_BOLD "peer" COLOUR_RESET ": " COLOUR_YELLOW);
	attr_print_text(out, ATTR_PUBLIC_KEY, peer);
	textbuf_add(out, COLOUR_RESET);
	if (name)
		textbuf_addf(out, " (" COLOUR_BOLD "%s" COLOUR_RESET ")", name);
	textbuf_add(out, "\n");
	if (!bytes_zero_ct(peer->preshared_key.b, KEY_LEN))
		add_secret(out, ATTR_PRESHARED_KEY, peer, options->shows_keys);
	if (attr_is_present(ATTR_ENDPOINT, peer))
		add_field(out, ATTR_ENDPOINT, peer);
	add_allowed_ips(out, peer);
	add_statistics(out, peer, options->now);
	if (peer->keepalive) {
		add_label(out, attrs[ATTR_KEEPALIVE].label);
		textbuf_add(out, "every ");
		age_print(out, peer->keepalive);
		textbuf_add(out, "\n");
	}
}

/* A peer and where it stood, so that the sort is stable. */
struct ranked {
	const struct peer_settings *peer;
	size_t index;
};

static int compare_int64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Latest handshake first, those without any last, else as the backend has them. */
static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	int order = compare_int64(b->peer->last_handshake.sec, a->peer->last_handshake.sec);

	if (!order)
		order = compare_int64(b->peer->last_handshake.nsec, a->peer->last_handshake.nsec);
	return order ? order : (a->index > b->index) - (a->index < b->index);
}

void pretty_print(struct textbuf *out, const struct device_settings *device,
	const struct pretty_options *options)
{
	struct ranked *ranked = calloc(device->peers_count + 1, sizeof(*ranked));

	if (!ranked) {
		out->is_short = true;
		return;
	}
	add_device(out, device, options->shows_keys);
	for (size_t i = 0; i < device->peers_count; i++)
		ranked[i] = (struct ranked){&device->peers[i], i};
	qsort(ranked, device->peers_count, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < device->peers_count; i++) {
		textbuf_add(out, "\n");
		add_peer(out, ranked[i].peer, options);
	}
	free(ranked);
}

/*
 * `wg show json`: the schema is version 1, described in wg(8). Members are only ever added; what
 * is not set is null, and secrets are there only when asked for.
 */
#include "showforms.h"

#include "attrs.h"
#include "interface.h"
#include "jsonout.h"
#include "wipe.h"

static json_t *json_peer(const struct peer_settings *peer, const struct pretty_options *options)
{
	const char *name =
		options->names ? peer_names_find(options->names, &peer->public_key) : NULL;
	bool has_psk = !bytes_zero_ct(peer->preshared_key.b, KEY_LEN);
	json_t *object = json_object();

	json_put(object, attrs[ATTR_PUBLIC_KEY].json_name, json_attr(ATTR_PUBLIC_KEY, peer));
	json_put(object, "name", name ? json_string(name) : NULL);
	json_put(object, "hasPresharedKey", json_boolean(has_psk));
	if (options->shows_keys)
		json_put(object, attrs[ATTR_PRESHARED_KEY].json_name,
			json_attr(ATTR_PRESHARED_KEY, peer));
	json_put(object, attrs[ATTR_ENDPOINT].json_name, json_attr(ATTR_ENDPOINT, peer));
	json_put(object, attrs[ATTR_ALLOWED_IPS].json_name, json_allowed_ips(peer));
	json_put(object, attrs[ATTR_LAST_HANDSHAKE_SEC].json_name,
		json_handshake(peer, options->now));
	json_put(object, attrs[ATTR_RX_BYTES].json_name, json_counter(peer->rx_bytes));
	json_put(object, attrs[ATTR_TX_BYTES].json_name, json_counter(peer->tx_bytes));
	json_put(object, attrs[ATTR_KEEPALIVE].json_name,
		peer->keepalive ? json_integer(peer->keepalive) : NULL);
	return object;
}

json_t *json_device(const struct device_settings *device, const struct pretty_options *options)
{
	const struct peer_settings self = {.public_key = device->public_key};
	json_t *object = json_object(), *peers = json_array();

	json_put(object, "name", json_string(device->name));
	json_put(object, attrs[ATTR_PUBLIC_KEY].json_name,
		device->has & DEVICE_HAS_PUBLIC_KEY ? json_attr(ATTR_PUBLIC_KEY, &self) : NULL);
	json_put(object, "hasPrivateKey", json_boolean(interface_has_private_key(device)));
	if (options->shows_keys)
		json_put(object, attrs[ATTR_PRIVATE_KEY].json_name,
			json_attr(ATTR_PRIVATE_KEY, device));
	json_put(object, attrs[ATTR_LISTEN_PORT].json_name,
		device->listen_port ? json_integer(device->listen_port) : NULL);
	json_put(object, attrs[ATTR_FWMARK].json_name,
		device->fwmark ? json_integer(device->fwmark) : NULL);
	for (size_t i = 0; i < device->peers_count; i++)
		json_array_append_new(peers, json_peer(&device->peers[i], options));
	json_put(object, "peers", peers);
	return object;
}

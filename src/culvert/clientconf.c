/* Lines of the other end's file. */
#include "clientconf.h"

#include <inttypes.h>
#include "keytext.h"
#include "values.h"
#include "wipe.h"

static void print_key(struct textbuf *out, const char *name, const uint8_t key[KEY_LEN])
{
	char text[KEY_BASE64_LEN + 1];

	key_print_base64(key, text);
	textbuf_addf(out, "%s = %s\n", name, text);
	wipe(text, sizeof(text));
}

void clientconf_print_addresses(struct textbuf *out, const struct client *client)
{
	for (size_t i = 0; i < client->addresses_count; i++) {
		textbuf_add(out, i ? ", " : "");
		value_print_prefix(out, &client->addresses[i]);
	}
}

static void print_interface(struct textbuf *out, const struct client *client)
{
	textbuf_addf(out, "# %s\n[Interface]\n", client->name);
	if (client->has_private_key)
		print_key(out, "PrivateKey", client->private_key.b);
	else
		textbuf_add(out, "# PrivateKey = the device's own\n");
	textbuf_add(out, "Address = ");
	clientconf_print_addresses(out, client);
	textbuf_add(out, "\n");
	if (client->dns)
		textbuf_addf(out, "DNS = %s\n", client->dns);
}

void clientconf_print(struct textbuf *out, const struct client *client)
{
	print_interface(out, client);
	textbuf_add(out, "\n[Peer]\n");
	print_key(out, "PublicKey", client->server_key.b);
	if (client->has_psk)
		print_key(out, "PresharedKey", client->psk.b);
	textbuf_addf(out, "AllowedIPs = %s\n", client->allowed_ips);
	if (client->endpoint)
		textbuf_addf(out, "Endpoint = %s\n", client->endpoint);
	if (client->keepalive)
		textbuf_addf(out, "PersistentKeepalive = %" PRIu64 "\n", client->keepalive);
}

/* Options go before directives of the file, these before what follows from the rest of it. */
#include "peerclient.h"

#include <errno.h>
#include "entropy.h"
#include "fault.h"
#include "interface.h"
#include "keytext.h"
#include "peeraddress.h"
#include "values.h"
#include "wipe.h"
#include "x25519.h"

static bool make_keys(struct client *client, const struct peer_call *call)
{
	if (!call->public_key) {
		entropy_fill(client->private_key.b, KEY_LEN);
		x25519_clamp(&client->private_key);
		x25519_public(&client->private_key, &client->public_key);
		client->has_private_key = true;
	} else if (!key_parse_base64(span_of(call->public_key), client->public_key.b)) {
		fault_say("--public-key: `%s' is not a key", call->public_key);
		fault_hint("It has 44 characters, as `wg pubkey' prints it.");
		return false;
	}
	client->has_psk = !call->has_no_psk;
	if (client->has_psk)
		entropy_fill(client->psk.b, KEY_LEN);
	return true;
}

/* From the file, else from the running interface, for who keeps the key elsewhere. */
static bool find_server_key(struct client *client, const struct peerfile *file)
{
	struct device_settings running;
	bool is_found = (file->settings.device.has & DEVICE_HAS_PRIVATE_KEY) != 0;

	if (is_found) {
		x25519_public(&file->settings.device.private_key, &client->server_key);
		return true;
	}
	if (interface_read(file->interface, &running) == 0 &&
		(running.has & DEVICE_HAS_PUBLIC_KEY)) {
		client->server_key = running.public_key;
		is_found = true;
	}
	settings_fini(&running);
	if (!is_found)
		fault_say("%s has no PrivateKey, and %s is not up", file->path, file->interface);
	return is_found;
}

/* A value must stay on its line. */
static bool is_plain(const char *option, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < ' ' || text.at[i] == '#') {
			fault_say("%s: there is a control character or `#' in it", option);
			return false;
		}
	return true;
}

/* An option, else a directive, into text; what is there already stays when there is neither. */
static bool take_text(struct textbuf *text, const char *option, const char *given,
	const struct peerfile *file, const char *directive)
{
	struct span value = given ? span_of(given) : peerfile_directive(file, directive);

	if (!is_plain(option, value))
		return false;
	if (value.len)
		textbuf_clear(text);
	textbuf_add_span(text, value);
	return true;
}

static bool are_prefixes(const char *option, struct span list)
{
	while (list.len) {
		size_t end = span_find(list, ',');
		struct span item = span_until(list, end);
		struct ip_prefix prefix;

		while (item.len && item.at[0] == ' ')
			item = span_from(item, 1);
		while (item.len && item.at[item.len - 1] == ' ')
			item.len--;
		if (value_parse_prefix(item, &prefix, NULL).code != VALUE_OK) {
			fault_say("%s: `%.*s' is not an address or network", option, (int)item.len,
				item.at);
			return false;
		}
		list = span_from(list, end + (end < list.len));
	}
	return true;
}

static bool take_allowed_ips(
	struct peerclient *made, const struct peer_call *call, const struct peerfile *file)
{
	peeraddress_print_networks(&made->allowed_ips, file);
	if (!take_text(&made->allowed_ips, "--allowed-ips", call->allowed_ips, file,
		    "ClientAllowedIPs"))
		return false;
	made->client.allowed_ips = made->allowed_ips.text;
	return are_prefixes(
		"AllowedIPs", (struct span){made->allowed_ips.text, made->allowed_ips.len});
}

/* Appends ":PORT" of the interface to a host without port. */
static bool complete_endpoint(struct textbuf *endpoint, const struct peerfile *file)
{
	uint16_t port = file->settings.device.listen_port;
	struct span host = {endpoint->text, endpoint->len}, half, other;
	struct ip_addr addr;
	bool is_bare_v6 = value_parse_address(host, &addr) == VALUE_OK && addr.family == IP_V6;
	struct textbuf complete = {0};

	if (!is_bare_v6 && value_split_endpoint(host, &half, &other).code == VALUE_OK)
		return true;
	if (!port) {
		fault_say("%s has no ListenPort, so the endpoint needs a port", file->path);
		return false;
	}
	textbuf_addf(&complete, is_bare_v6 ? "[%s]:%u" : "%s:%u", endpoint->text, port);
	textbuf_clear(endpoint);
	textbuf_add_span(endpoint, (struct span){complete.text, complete.len});
	textbuf_fini(&complete);
	return true;
}

/* A name is the other end's to look up; a service it may not know. */
static bool is_endpoint(struct span text)
{
	struct span host, port;
	uint16_t number;

	if (value_split_endpoint(text, &host, &port).code == VALUE_OK && host.len &&
		span_find(host, ' ') == host.len && value_parse_port(port, &number) == VALUE_OK)
		return true;
	fault_say("`%.*s' is not an endpoint, which is HOST or HOST:PORT", (int)text.len, text.at);
	return false;
}

static bool take_endpoint(
	struct peerclient *made, const struct peer_call *call, const struct peerfile *file)
{
	if (!take_text(&made->endpoint, "--endpoint", call->endpoint, file, "PublicEndpoint"))
		return false;
	if (!made->endpoint.len) {
		fault_say("where will %s find this host?", call->name);
		fault_hint("Write `#: PublicEndpoint = HOST' into [Interface] of %s, or use "
			   "--endpoint HOST; --endpoint none leaves it out.",
			file->path);
		return false;
	}
	if (strcmp(made->endpoint.text, "none") == 0)
		return true;
	if (!complete_endpoint(&made->endpoint, file) ||
		!is_endpoint((struct span){made->endpoint.text, made->endpoint.len}))
		return false;
	made->client.endpoint = made->endpoint.text;
	return true;
}

static bool take_keepalive(
	struct peerclient *made, const struct peer_call *call, const struct peerfile *file)
{
	struct span value = peerfile_directive(file, "ClientKeepalive");
	uint16_t seconds = 0;

	if (value.len && value_parse_keepalive(value, &seconds) != VALUE_OK) {
		fault_say("%s: ClientKeepalive is not a number of seconds", file->path);
		return false;
	}
	made->client.keepalive = call->keepalive ? call->keepalive : seconds;
	return true;
}

bool peerclient_make(
	struct peerclient *made, const struct peer_call *call, const struct peerfile *file)
{
	bool is_made;

	*made = (struct peerclient){.client.name = call->name};
	is_made = make_keys(&made->client, call) && find_server_key(&made->client, file) &&
		  take_text(&made->dns, "--dns", call->dns, file, "ClientDNS") &&
		  take_allowed_ips(made, call, file) && take_endpoint(made, call, file) &&
		  take_keepalive(made, call, file);
	if (made->dns.len)
		made->client.dns = made->dns.text;
	if (is_made && (textbuf_status(&made->dns) || textbuf_status(&made->allowed_ips) ||
			       textbuf_status(&made->endpoint))) {
		fault_system(call->name, -ENOMEM);
		return false;
	}
	return is_made;
}

void peerclient_fini(struct peerclient *made)
{
	textbuf_fini(&made->dns);
	textbuf_fini(&made->allowed_ips);
	textbuf_fini(&made->endpoint);
	wipe(made, sizeof(*made));
}

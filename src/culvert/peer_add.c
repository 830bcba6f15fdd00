/* culvert peer add and rotate: new keys for a new peer, or for one that is there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "expiry.h"
#include "fault.h"
#include "jsonout.h"
#include "keytext.h"
#include "peeraddress.h"
#include "peerclient.h"
#include "peerdeliver.h"
#include "peeredit.h"
#include "peerjson.h"
#include "peerlive.h"
#include "values.h"
#include "wipe.h"

/* What the interface will know of the client. */
static bool describe(struct peer_settings *peer, const struct client *client)
{
	*peer = (struct peer_settings){
		.public_key = client->public_key, .has = PEER_HAS_PRESHARED_KEY};
	if (client->has_psk)
		peer->preshared_key = client->psk;
	for (size_t i = 0; i < client->addresses_count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(peer);

		if (!ip)
			return false;
		ip->prefix = client->addresses[i];
	}
	return true;
}

/* Networks behind the client. */
static bool add_routes(struct peer_settings *peer, const char *routes, const struct peerfile *file)
{
	struct span list = span_of(routes ? routes : "");

	while (list.len) {
		size_t end = span_find(list, ',');
		struct ip_prefix prefix;
		struct allowed_ip *ip;

		if (value_parse_prefix(span_until(list, end), &prefix, NULL).code != VALUE_OK) {
			fault_say("--routes: `%.*s' is not a network", (int)end, list.at);
			return false;
		}
		ip = settings_add_allowed_ip(peer);
		if (!ip)
			return false;
		ip->prefix = prefix;
		if (!peeraddress_is_routed(file, &prefix))
			fault_hint("`wg-quick reload %s' makes the routes to %s.", file->interface,
				routes);
		list = span_from(list, end + (end < list.len));
	}
	return true;
}

/* The lines of a section. */
static void print_section(
	struct textbuf *out, const char *name, int64_t expires, const struct peer_settings *peer)
{
	char key[KEY_BASE64_LEN + 1], time[EXPIRY_TEXT_ROOM];

	textbuf_addf(out, "[Peer]\n#: Name = %s\n", name);
	if (expires)
		textbuf_addf(out, "#: Expires = %s\n", expiry_print(expires, time));
	key_print_base64(peer->public_key.b, key);
	textbuf_addf(out, "PublicKey = %s\n", key);
	if (!bytes_zero_ct(peer->preshared_key.b, KEY_LEN)) {
		key_print_base64(peer->preshared_key.b, key);
		textbuf_addf(out, "PresharedKey = %s\n", key);
	}
	wipe(key, sizeof(key));
	textbuf_add(out, "AllowedIPs = ");
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_add(out, i ? ", " : "");
		value_print_prefix(out, &peer->allowed_ips[i].prefix);
	}
	textbuf_add(out, "\n");
}

static bool append_section(
	struct peerfile *file, const char *name, int64_t expires, const struct peer_settings *peer)
{
	struct textbuf section = {0};
	bool is_done = true;

	if (file->doc.count && file->doc.lines[file->doc.count - 1].kind != CONF_BLANK)
		is_done = peerfile_append_line(file, span_of(""));
	print_section(&section, name, expires, peer);
	for (struct span rest = {section.text, section.len}; is_done && rest.len;) {
		size_t len = span_find(rest, '\n');

		is_done = peerfile_append_line(file, span_until(rest, len));
		rest = span_from(rest, len + 1);
	}
	if (textbuf_status(&section)) {
		fault_system(name, -ENOMEM);
		is_done = false;
	}
	textbuf_fini(&section);
	return is_done;
}

/* peer NULL: it stays off; old NULL: there was none. */
static bool commit_new(struct peerfile *file, const struct peer_settings *peer,
	const struct public_key *old, bool *is_up)
{
	struct device_settings change;
	bool is_done;

	peerlive_begin(&change, file);
	is_done = (!old || peerlive_take(&change, old)) && (!peer || peerlive_put(&change, peer)) &&
		  peerlive_commit(file, &change, is_up);
	settings_fini(&change);
	return is_done;
}

static void tell(
	const struct peerfile *file, const struct client *client, const char *what, bool is_up)
{
	struct textbuf text = {0};

	clientconf_print_addresses(&text, client);
	fprintf(stderr, "%s: %s %s, %s%s\n", file->interface, what, client->name,
		text.text ? text.text : "", is_up ? "" : " (when the interface comes up)");
	textbuf_fini(&text);
}

static enum status deliver(const struct peer_call *call, const struct peerfile *file,
	const struct client *client, int64_t expires)
{
	struct textbuf config = {0};
	bool is_delivered;

	clientconf_print(&config, client);
	is_delivered = !textbuf_status(&config) &&
		       peerdeliver(call, client, (struct span){config.text, config.len},
			       file->interface, expires);
	textbuf_fini(&config);
	if (!is_delivered)
		fault_hint("The peer is there; `culvert peer rotate %s %s' makes it new keys.",
			file->interface, client->name);
	return is_delivered ? STATUS_FINE : STATUS_FAILED;
}

static enum status add_new(const struct peer_call *call, struct peerfile *file, int64_t expires)
{
	struct peerclient made;
	struct peer_settings peer = {0};
	enum status status = STATUS_FAILED;
	bool is_up = false;

	if (peerclient_make(&made, call, file) && peeraddress_choose(file, &made.client) &&
		describe(&peer, &made.client) && add_routes(&peer, call->routes, file) &&
		append_section(file, call->name, expires, &peer) &&
		commit_new(file, &peer, NULL, &is_up)) {
		tell(file, &made.client, "added", is_up);
		status = deliver(call, file, &made.client, expires);
	}
	free(peer.allowed_ips);
	wipe(&peer, sizeof(peer));
	peerclient_fini(&made);
	return status;
}

/* The same call again changes nothing and is no error; another key under the name is one. */
static enum status tell_present(
	const struct peer_call *call, const struct peerfile *file, size_t index)
{
	const struct peer_settings *peer = &file->settings.device.peers[index];
	const char *name = file->settings.peers[index].name;
	char key[KEY_BASE64_LEN + 1];
	struct textbuf out = {0};

	key_print_base64(peer->public_key.b, key);
	if (strcmp(name, call->name) != 0 ||
		(call->public_key && strcmp(call->public_key, key) != 0)) {
		fault_say("%s has a peer %s with the key %s", file->path, name, key);
		fault_hint("`culvert peer rotate' gives a peer another key.");
		return STATUS_FAILED;
	}
	fprintf(stderr, "%s: %s is there already, nothing has changed\n", file->interface, name);
	if (call->is_json) {
		json_t *object = peerjson_peer(file->interface, name, peer,
			peerfile_expires(file, index), peerfile_is_off(file, index));

		json_put(object, "created", json_false());
		json_put(object, "config", NULL);
		json_print(&out, object);
		fputs(out.text ? out.text : "", stdout);
		textbuf_fini(&out);
	}
	return STATUS_FINE;
}

/* By name, else by the key that is given. */
static size_t find_present(const struct peer_call *call, const struct peerfile *file)
{
	size_t found = peerfile_find(file, call->name);

	if (found == peerfile_count(file) && call->public_key)
		found = peerfile_find(file, call->public_key);
	return found;
}

enum status peer_add(const struct peer_call *call)
{
	struct peerfile file;
	enum status status = STATUS_FAILED;
	int64_t expires;

	if (!peeredit_may_name(call->name) || !peer_read_expires(call, &expires))
		return STATUS_USAGE;
	if (peerfile_open(&file, call->interface, PEERFILE_TO_CHANGE)) {
		size_t present = find_present(call, &file);

		if (present < peerfile_count(&file))
			status = tell_present(call, &file, present);
		else if (peerdeliver_check(call))
			status = add_new(call, &file, expires);
	}
	peerfile_close(&file);
	return status;
}

/* Its single addresses in our networks are the client's own; the others lie behind it. */
static void take_addresses(
	struct client *client, const struct peerfile *file, const struct peer_settings *peer)
{
	const size_t room = sizeof(client->addresses) / sizeof(client->addresses[0]);

	for (size_t i = 0; i < peer->allowed_ips_count && client->addresses_count < room; i++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[i].prefix;

		if (prefix->bits == ip_bits_max(prefix->addr.family) &&
			peeraddress_is_routed(file, prefix))
			client->addresses[client->addresses_count++] = *prefix;
	}
}

/* The keys of a peer that is there, in the document and in its record. */
static bool change_keys(struct peerfile *file, size_t index, const struct client *client)
{
	struct peer_settings *peer = &file->settings.device.peers[index];
	int error = peeredit_set_keys(
		file, index, &client->public_key, client->has_psk ? &client->psk : NULL);

	peer->public_key = client->public_key;
	peer->has |= PEER_HAS_PRESHARED_KEY;
	peer->preshared_key = client->psk;
	if (error)
		fault_system(file->path, error);
	return !error;
}

static enum status rotate(const struct peer_call *call, struct peerfile *file, size_t index)
{
	struct peer_settings *peer = &file->settings.device.peers[index];
	const struct public_key old = peer->public_key;
	bool is_off = peerfile_is_off(file, index), is_up = false;
	struct peer_call named = *call;
	struct peerclient made;
	enum status status = STATUS_FAILED;

	if (file->settings.peers[index].name[0])
		named.name = file->settings.peers[index].name;
	if (peerclient_make(&made, &named, file)) {
		take_addresses(&made.client, file, peer);
		if (change_keys(file, index, &made.client) &&
			commit_new(file, is_off ? NULL : peer, &old, &is_up)) {
			tell(file, &made.client, "new keys for", is_up && !is_off);
			status = deliver(&named, file, &made.client, peerfile_expires(file, index));
		}
	}
	peerclient_fini(&made);
	return status;
}

enum status peer_rotate(const struct peer_call *call)
{
	struct peerfile file;
	enum status status = STATUS_FAILED;
	size_t index;

	if (peerfile_open(&file, call->interface, PEERFILE_TO_CHANGE) &&
		peerfile_find_one(&file, call->name, &index) && peerdeliver_check(call))
		status = rotate(call, &file, index);
	peerfile_close(&file);
	return status;
}

/* `wg set`: words into a change. Nothing is applied before all of them are understood. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "attrs.h"
#include "command.h"
#include "complain.h"
#include "ctl.h"
#include "interface.h"
#include "endpoint_resolve.h"
#include "keyfile.h"
#include "keytext.h"
#include "names.h"
#include "nearest.h"

static bool complain_word(const char *word)
{
	const char *words[ATTR_COUNT];
	size_t count = 0, near;

	for (enum attr_id id = 0; id < ATTR_COUNT; id++)
		if (attrs[id].set_word)
			words[count++] = attrs[id].set_word;
	near = nearest_find(span_of(word), words, count);
	fprintf(stderr, "Invalid argument: %s\n", word);
	if (near < count && strcmp(words[near], word) != 0)
		fprintf(stderr, "Did you mean `%s'?\n", words[near]);
	return false;
}

static bool complain_memory(void)
{
	fprintf(stderr, "wg: %s\n", strerror(ENOMEM));
	return false;
}

/* A peer's public key, or its name in the configuration of the interface. */
static bool take_peer_key(const char *interface, const char *word, struct public_key *key)
{
	struct peer_names names;
	size_t found;

	if (key_parse_base64(span_of(word), key->b))
		return true;
	peer_names_read(&names, interface);
	found = peer_names_lookup(&names, word, key);
	peer_names_fini(&names);
	if (found == 1)
		return true;
	complain_value(TYPE_KEY, VALUE_KEY_FORMAT, word);
	if (found)
		fprintf(stderr, "wg: %zu peers of %s have that name; give the public key\n", found,
			interface);
	else
		fprintf(stderr, "wg: no peer of %s has that name in its configuration\n",
			interface);
	return false;
}

static bool take_prefix(struct span item, struct peer_settings *peer)
{
	bool remove = item.len && item.at[0] == '-';
	struct span text = span_from(item, remove || (item.len && item.at[0] == '+'));
	struct value_error error;
	struct allowed_ip *ip = settings_add_allowed_ip(peer);
	bool had_host_bits = false;
	char found[128];

	if (!ip)
		return complain_memory();
	ip->remove = remove;
	error = value_parse_prefix(text, &ip->prefix, &had_host_bits);
	snprintf(found, sizeof(found), "%.*s",
		(int)(error.code && error.code != VALUE_PREFIX_LENGTH ? span_find(text, '/')
								      : text.len),
		text.at);
	if (error.code != VALUE_OK)
		complain_value(TYPE_PREFIX_LIST, error.code, found);
	else if (had_host_bits)
		fprintf(stderr, "Warning: AllowedIP has nonzero host part: %s\n", found);
	return error.code == VALUE_OK;
}

/* A list replaces the peer's, unless one of its items says + or -. */
static bool take_prefixes(const char *word, struct peer_settings *peer)
{
	struct textbuf squeezed = {0};
	struct span list;
	bool is_right = true;

	for (const char *c = word; *c; c++)
		if (*c != ' ')
			textbuf_add_span(&squeezed, (struct span){c, 1});
	list = (struct span){squeezed.text ? squeezed.text : "", squeezed.len};
	peer->replace_allowed_ips =
		span_find(list, '+') == list.len && span_find(list, '-') == list.len;
	while (is_right && list.len) {
		size_t comma = span_find(list, ',');

		is_right = take_prefix(span_until(list, comma), peer);
		/* Behind a last comma stands one more item, an empty one. */
		if (comma + 1 == list.len)
			is_right = is_right && take_prefix(span_from(list, list.len), peer);
		list = span_from(list, comma < list.len ? comma + 1 : list.len);
	}
	is_right = is_right && (!textbuf_status(&squeezed) || complain_memory());
	textbuf_fini(&squeezed);
	return is_right;
}

static bool take_endpoint(const char *word, struct peer_settings *peer)
{
	struct value_error error = attr_parse_text(ATTR_ENDPOINT, span_of(word), peer);

	if (error.code == VALUE_OK)
		return endpoint_retries_are_valid();
	if (error.code != VALUE_NEEDS_RESOLVER) {
		complain_value(TYPE_ENDPOINT, error.code, word);
		return false;
	}
	peer->has |= PEER_HAS_ENDPOINT;
	return endpoint_resolve(word, &peer->endpoint);
}

static bool take_port(const char *word, struct device_settings *device)
{
	struct value_error error = attr_parse_text(ATTR_LISTEN_PORT, span_of(word), device);

	if (error.code == VALUE_NEEDS_RESOLVER) {
		device->has |= DEVICE_HAS_LISTEN_PORT;
		return port_resolve(word, &device->listen_port);
	}
	if (error.code != VALUE_OK)
		complain_value(TYPE_PORT, error.code, word);
	return error.code == VALUE_OK;
}

static bool take_private_key(const char *path, struct device_settings *device)
{
	device->has |= DEVICE_HAS_PRIVATE_KEY;
	return keyfile_read(path, device->private_key.b);
}

static bool take_preshared_key(const char *path, struct peer_settings *peer)
{
	peer->has |= PEER_HAS_PRESHARED_KEY;
	return keyfile_read(path, peer->preshared_key.b);
}

static bool take_plain(enum attr_id id, const char *word, void *record)
{
	struct value_error error = attr_parse_text(id, span_of(word), record);

	if (error.code != VALUE_OK)
		complain_value(attrs[id].type, error.code, word);
	return error.code == VALUE_OK;
}

static bool take_peer(const char *word, struct device_settings *device)
{
	struct peer_settings *peer = settings_add_peer(device);

	return peer ? take_peer_key(device->name, word, &peer->public_key) : complain_memory();
}

/* Words whose values are more than parsed. */
static const struct {
	enum attr_id id;
	bool (*of_device)(const char *value, struct device_settings *device);
	bool (*of_peer)(const char *value, struct peer_settings *peer);
} takers[] = {
	{ATTR_PRIVATE_KEY, take_private_key, NULL},
	{ATTR_LISTEN_PORT, take_port, NULL},
	{ATTR_PUBLIC_KEY, take_peer, NULL},
	{ATTR_PRESHARED_KEY, NULL, take_preshared_key},
	{ATTR_ENDPOINT, NULL, take_endpoint},
	{ATTR_ALLOWED_IPS, NULL, take_prefixes},
};

/* The value of a word; peer: the one that the words before it began. */
static bool take_value(enum attr_id id, const char *value, struct device_settings *device,
	struct peer_settings *peer)
{
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		if (takers[i].id != id)
			continue;
		return takers[i].of_peer ? takers[i].of_peer(value, peer)
					 : takers[i].of_device(value, device);
	}
	return take_plain(id, value, attrs[id].scope == SCOPE_PEER ? (void *)peer : device);
}

static bool take_words(char *const *words, struct device_settings *device)
{
	while (*words) {
		enum attr_id id = attr_by_set_word(span_of(*words));
		struct peer_settings *peer =
			device->peers_count ? &device->peers[device->peers_count - 1] : NULL;
		bool is_peer_word = id < ATTR_COUNT && attrs[id].scope == SCOPE_PEER;

		if (id == ATTR_COUNT || (id != ATTR_PUBLIC_KEY && is_peer_word != (peer != NULL)))
			return complain_word(*words);
		if (id == ATTR_REMOVE) {
			peer->remove = true;
			words++;
			continue;
		}
		if (!words[1])
			return complain_word(*words);
		if (!take_value(id, words[1], device, peer))
			return false;
		words += 2;
	}
	return true;
}

enum outcome set_run(const struct invocation *call)
{
	struct device_settings device;
	int err = -EINVAL;

	if (call->count < 3)
		return BAD_USAGE;
	settings_init(&device);
	strncpy(device.name, call->words[1], IFNAME_LEN_MAX);
	if (take_words(call->words + 2, &device)) {
		err = ctl_set(&device);
		if (err)
			fprintf(stderr, "Unable to modify interface: %s\n", strerror(-err));
	}
	settings_fini(&device);
	return err ? FAILED : DONE;
}

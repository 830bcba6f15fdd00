/* Editing a document line by line, and putting it in the file's place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ensure.h"
#include "filelock.h"
#include "keytext.h"
#include "rtnl.h"
#include "save.h"
#include "say.h"
#include "snapshot.h"
#include "wholefile.h"
#include "wipe.h"

/* A document while it is edited; the first error sticks, so that edits need not be checked one by one. */
struct edit {
	struct conf_document *doc;
	const struct state *state;
	struct known_peer *peers; /* the device's, in order of their keys */
	int error;
};

/* A peer of the device, and whether the document has a section of its own for it. */
struct known_peer {
	const struct peer_settings *peer;
	bool has_section;
};

static void insert(struct edit *edit, size_t index, const char *text)
{
	if (!edit->error)
		edit->error = conf_document_insert(edit->doc, index, span_of(text));
}

static void set(struct edit *edit, size_t index, const char *value)
{
	if (!edit->error && !span_equal(edit->doc->lines[index].value, value))
		edit->error = conf_document_set(edit->doc, index, span_of(value));
}

/* The first pair of this key in [Interface]; count: none. */
static size_t find_own(const struct edit *edit, unsigned key)
{
	size_t i = 0;

	while ((i = conf_document_find(edit->doc, key, i)) < edit->doc->count &&
		edit->doc->lines[i].section != CONF_INTERFACE)
		i++;
	return i;
}

static void insert_own(struct edit *edit, unsigned key, const char *value)
{
	char *line;

	if (asprintf(&line, "%s = %s", conf_key_name(key), value) < 0) {
		edit->error = -ENOMEM;
		return;
	}
	insert(edit, conf_document_end_of(edit->doc, CONF_INTERFACE, 0), line);
	wipe(line, strlen(line));
	free(line);
}

/* Sets, adds or (value NULL) removes a pair of [Interface]. */
static void put_own(struct edit *edit, unsigned key, const char *value)
{
	size_t i = find_own(edit, key);

	if (i < edit->doc->count && value)
		set(edit, i, value);
	else if (i < edit->doc->count)
		conf_document_remove(edit->doc, i);
	else if (value)
		insert_own(edit, key, value);
}

/* The addresses to be written: an array with room for all. */
struct addresses {
	struct ip_prefix *list;
	size_t count;
};

/*
 * Those of the link, but not what the kernel has made by itself; where IPv6 is switched off, also
 * those of IPv6 that the file names, as nobody has taken them away on purpose.
 */
static bool list_addresses(
	const struct state *state, const struct options *options, struct addresses *addresses)
{
	const struct iflink *link = state_link(state);
	size_t room = state->addrs_count + options->addresses_count + 1;

	*addresses = (struct addresses){.list = calloc(room, sizeof(struct ip_prefix))};
	if (!addresses->list)
		return false;
	for (size_t i = 0; link && i < state->addrs_count; i++)
		if (state->addrs[i].ifindex == link->index && !state->addrs[i].kernel_made)
			addresses->list[addresses->count++] = state->addrs[i].prefix;
	for (size_t i = 0; state->is_ipv6_off && i < options->addresses_count; i++)
		if (options->addresses[i].prefix.addr.family == IP_V6)
			addresses->list[addresses->count++] = options->addresses[i].prefix;
	return true;
}

static bool names_address(const struct options *options, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < options->addresses_count; i++)
		if (options->addresses[i].prefix.bits == prefix->bits &&
			ip_addr_equal(&options->addresses[i].prefix.addr, &prefix->addr))
			return true;
	return false;
}

static bool names_all(const struct options *options, const struct addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		if (!names_address(options, &addresses->list[i]))
			return false;
	return addresses->count == options->addresses_count;
}

/* Where new Address lines go: in the place of the old ones, or behind the header. */
static size_t remove_addresses(struct edit *edit)
{
	size_t first = find_own(edit, CONF_ADDRESS), i;

	while ((i = find_own(edit, CONF_ADDRESS)) < edit->doc->count)
		conf_document_remove(edit->doc, i);
	if (first < edit->doc->count)
		return first;
	for (i = 0; i < edit->doc->count; i++)
		if (edit->doc->lines[i].kind == CONF_HEADER &&
			edit->doc->lines[i].section == CONF_INTERFACE)
			return i + 1;
	return 0;
}

static void rewrite_addresses(struct edit *edit, const struct addresses *addresses)
{
	size_t at = remove_addresses(edit);
	struct textbuf line;

	textbuf_init(&line);
	for (size_t i = 0; i < addresses->count && !edit->error; i++) {
		textbuf_clear(&line);
		textbuf_add(&line, "Address = ");
		value_print_prefix(&line, &addresses->list[i]);
		edit->error = textbuf_status(&line);
		insert(edit, at++, line.text);
	}
	textbuf_fini(&line);
}

static void save_addresses(struct edit *edit)
{
	struct addresses addresses = {0};
	struct conf_errors errors;
	struct options options;

	options_init(&options);
	conf_errors_init(&errors);
	if (options_read(&options, edit->doc, &errors) == -ENOMEM ||
		!list_addresses(edit->state, &options, &addresses))
		edit->error = -ENOMEM;
	else if (!names_all(&options, &addresses))
		rewrite_addresses(edit, &addresses);
	free(addresses.list);
	options_fini(&options);
	conf_errors_fini(&errors);
}

/* Sets a pair of [Interface] to what the device says, as text that may be a secret. */
static void save_attr(struct edit *edit, enum attr_id id, bool has_value)
{
	struct textbuf value;

	textbuf_init(&value);
	attr_print_text(&value, id, &edit->state->device);
	if (textbuf_status(&value))
		edit->error = -ENOMEM;
	else
		put_own(edit, id, has_value ? value.text : NULL);
	textbuf_fini(&value);
}

static void save_own(struct edit *edit)
{
	const struct device_settings *device = &edit->state->device;
	const struct iflink *link = state_link(edit->state);
	char mtu[16];

	save_addresses(edit);
	if (link && find_own(edit, CONF_MTU) < edit->doc->count) {
		snprintf(mtu, sizeof(mtu), "%u", link->mtu);
		put_own(edit, CONF_MTU, mtu);
	}
	save_attr(edit, ATTR_LISTEN_PORT, device->listen_port != 0);
	save_attr(edit, ATTR_FWMARK, device->fwmark != 0);
	save_attr(edit, ATTR_PRIVATE_KEY, !attr_is_zero(ATTR_PRIVATE_KEY, device));
}

static int compare_known(const void *a, const void *b)
{
	const struct known_peer *x = a, *y = b;

	return memcmp(&x->peer->public_key, &y->peer->public_key, KEY_LEN);
}

static bool index_peers(struct edit *edit)
{
	const struct device_settings *device = &edit->state->device;

	edit->peers = calloc(device->peers_count + 1, sizeof(*edit->peers));
	for (size_t i = 0; edit->peers && i < device->peers_count; i++)
		edit->peers[i].peer = &device->peers[i];
	if (edit->peers)
		qsort(edit->peers, device->peers_count, sizeof(*edit->peers), compare_known);
	return edit->peers != NULL;
}

static struct known_peer *find_known(const struct edit *edit, const struct public_key *key)
{
	struct peer_settings wanted = {.public_key = *key};
	struct known_peer known = {.peer = &wanted};

	return bsearch(
		&known, edit->peers, edit->state->device.peers_count, sizeof(known), compare_known);
}

/* The device's peer whose key stands in the section that begins at `header`; NULL: none. */
static struct known_peer *known_of(const struct edit *edit, size_t header)
{
	size_t i = conf_document_find_in_peer(edit->doc, header, ATTR_PUBLIC_KEY);
	struct public_key key;

	if (i == edit->doc->count || !key_parse_base64(edit->doc->lines[i].value, key.b))
		return NULL;
	return find_known(edit, &key);
}

/* The lines of a peer: from its header to behind its last pair. */
static void remove_peer(struct edit *edit, size_t header)
{
	size_t end = conf_document_end_of(edit->doc, CONF_PEER, edit->doc->lines[header].peer);

	while (end < edit->doc->count && edit->doc->lines[end].kind == CONF_BLANK)
		end++;
	while (end-- > header)
		conf_document_remove(edit->doc, end);
}

static void add_to_peer(struct edit *edit, size_t header, unsigned key, const char *value)
{
	char *line;

	if (asprintf(&line, "%s = %s", conf_key_name(key), value) < 0) {
		edit->error = -ENOMEM;
		return;
	}
	insert(edit, conf_document_end_of(edit->doc, CONF_PEER, edit->doc->lines[header].peer),
		line);
	wipe(line, strlen(line));
	free(line);
}

static void put_in_peer(struct edit *edit, size_t header, unsigned key, const char *value)
{
	size_t i = conf_document_find_in_peer(edit->doc, header, key);

	if (i < edit->doc->count && value)
		set(edit, i, value);
	else if (i < edit->doc->count)
		conf_document_remove(edit->doc, i);
	else if (value)
		add_to_peer(edit, header, key, value);
}

static void save_peer_attr(
	struct edit *edit, size_t header, const struct peer_settings *peer, enum attr_id id)
{
	struct textbuf value;
	bool has_value = attr_is_present(id, peer) && !attr_is_zero(id, peer);

	textbuf_init(&value);
	attr_print_text(&value, id, peer);
	if (textbuf_status(&value))
		edit->error = -ENOMEM;
	else
		put_in_peer(edit, header, id, has_value ? value.text : NULL);
	textbuf_fini(&value);
}

/* A name stays: the address that it stands for now is not what the user has chosen. */
static bool is_by_name(const struct edit *edit, size_t header)
{
	size_t i = conf_document_find_in_peer(edit->doc, header, ATTR_ENDPOINT);
	struct endpoint endpoint;

	return i < edit->doc->count &&
	       value_parse_endpoint(edit->doc->lines[i].value, &endpoint).code ==
		       VALUE_NEEDS_RESOLVER;
}

static void print_allowed_ips(struct textbuf *out, const struct peer_settings *peer)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_add(out, i ? ", " : "");
		value_print_prefix(out, &peer->allowed_ips[i].prefix);
	}
}

static bool has_prefix(const struct peer_settings *peer, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < peer->allowed_ips_count; i++)
		if (peer->allowed_ips[i].prefix.bits == prefix->bits &&
			ip_addr_equal(&peer->allowed_ips[i].prefix.addr, &prefix->addr))
			return true;
	return false;
}

/* How many prefixes of a list the peer has; false when one of them it has not. */
static bool count_listed(struct span list, const struct peer_settings *peer, size_t *count)
{
	while (list.len) {
		size_t end = span_find(list, ',');
		struct span item = span_until(list, end);
		struct ip_prefix prefix;

		list = span_from(list, end < list.len ? end + 1 : end);
		while (item.len && item.at[0] == ' ')
			item = span_from(item, 1);
		while (item.len && item.at[item.len - 1] == ' ')
			item.len--;
		if (value_parse_prefix(item, &prefix, NULL).code != VALUE_OK ||
			!has_prefix(peer, &prefix))
			return false;
		++*count;
	}
	return true;
}

/* Does the section list exactly the prefixes that the device has? Order does not count. */
static bool has_allowed_ips(
	const struct edit *edit, size_t header, const struct peer_settings *peer)
{
	size_t count = 0;

	for (size_t i = header + 1; i < edit->doc->count && edit->doc->lines[i].kind != CONF_HEADER;
		i++)
		if (edit->doc->lines[i].kind == CONF_PAIR &&
			edit->doc->lines[i].key == ATTR_ALLOWED_IPS &&
			!count_listed(edit->doc->lines[i].value, peer, &count))
			return false;
	return count == peer->allowed_ips_count;
}

static void save_allowed_ips(struct edit *edit, size_t header, const struct peer_settings *peer)
{
	struct textbuf value;
	size_t i;

	if (has_allowed_ips(edit, header, peer))
		return;
	/* One line for all of them, where the first was. */
	i = conf_document_find_in_peer(edit->doc, header, ATTR_ALLOWED_IPS);
	while (i < edit->doc->count &&
		(i = conf_document_find(edit->doc, ATTR_ALLOWED_IPS, i + 1)) < edit->doc->count &&
		edit->doc->lines[i].peer == edit->doc->lines[header].peer)
		conf_document_remove(edit->doc, i--);
	textbuf_init(&value);
	print_allowed_ips(&value, peer);
	if (textbuf_status(&value))
		edit->error = -ENOMEM;
	else
		put_in_peer(edit, header, ATTR_ALLOWED_IPS,
			peer->allowed_ips_count ? value.text : NULL);
	textbuf_fini(&value);
}

static void save_peer(struct edit *edit, size_t header, const struct peer_settings *peer)
{
	save_peer_attr(edit, header, peer, ATTR_PRESHARED_KEY);
	save_allowed_ips(edit, header, peer);
	if (!is_by_name(edit, header))
		save_peer_attr(edit, header, peer, ATTR_ENDPOINT);
	save_peer_attr(edit, header, peer, ATTR_KEEPALIVE);
}

/* A section of its own at the end, for a peer that came at run time. */
static void append_peer(struct edit *edit, const struct peer_settings *peer)
{
	struct conf_document *doc = edit->doc;
	char key[KEY_BASE64_LEN + 1];
	size_t header;

	if (doc->count && doc->lines[doc->count - 1].kind != CONF_BLANK)
		insert(edit, doc->count, "");
	insert(edit, doc->count, "[Peer]");
	if (edit->error)
		return;
	header = doc->count - 1;
	key_print_base64(peer->public_key.b, key);
	put_in_peer(edit, header, ATTR_PUBLIC_KEY, key);
	save_peer(edit, header, peer);
}

static void save_sections(struct edit *edit)
{
	size_t header = 0;

	while (!edit->error &&
		(header = conf_document_find_peer(edit->doc, header)) < edit->doc->count) {
		struct known_peer *known = known_of(edit, header);

		if (known) {
			known->has_section = true;
			save_peer(edit, header++, known->peer);
		} else {
			remove_peer(edit, header);
		}
	}
}

static void save_peers(struct edit *edit)
{
	const struct device_settings *device = &edit->state->device;

	if (!index_peers(edit)) {
		edit->error = -ENOMEM;
		return;
	}
	save_sections(edit);
	for (size_t i = 0; i < device->peers_count && !edit->error; i++) {
		const struct known_peer *known = find_known(edit, &device->peers[i].public_key);

		ENSURE(known);
		if (!known->has_section)
			append_peer(edit, &device->peers[i]);
	}
	free(edit->peers);
}

int save_merge(struct conf_document *doc, const struct state *state)
{
	struct edit edit = {.doc = doc, .state = state};

	save_own(&edit);
	if (!edit.error)
		save_peers(&edit);
	return edit.error;
}

/* The file as it is now: since it was read, somebody may have added a peer to it. */
static int read_again(const struct config *config, struct conf_document *doc)
{
	char *text;
	size_t len;
	int error = wholefile_read(config->path, &text, &len);

	*doc = (struct conf_document){0};
	if (!error)
		error = conf_document_parse(doc, (struct span){text, len});
	wholefile_free(text, len);
	return error;
}

static int save_state(const struct config *config, const struct state *state)
{
	struct conf_document doc;
	struct textbuf text;
	int error = read_again(config, &doc);

	textbuf_init(&text);
	if (!error)
		error = save_merge(&doc, state);
	if (!error) {
		conf_document_print(&text, &doc);
		error = textbuf_status(&text);
	}
	if (!error)
		error = wholefile_write(config->path, text.text, text.len, 0600);
	conf_document_fini(&doc);
	textbuf_fini(&text);
	return error;
}

/* Others who change files of this directory hold the same lock (culvert does). */
static int lock_directory(const struct config *config)
{
	char directory[PATH_MAX];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", config->path);
	slash = strrchr(directory, '/');
	if (slash)
		slash[1] = '\0';
	return filelock_take(slash ? directory : ".");
}

/* The interface and the file are looked at under the lock, so that what is in one is in the other. */
static int save_locked(struct rtnl *rtnl, const struct config *config)
{
	struct state state;
	int lock = lock_directory(config), error;

	if (lock < 0)
		return lock;
	error = snapshot_take(rtnl, config->ifname, &state);
	if (!error && !state.has_device)
		error = -ENODEV;
	if (!error)
		error = save_state(config, &state);
	state_fini(&state);
	close(lock);
	return error;
}

int save_running(const struct config *config)
{
	struct rtnl rtnl;
	int error = rtnl_open(&rtnl);

	if (error)
		return error;
	error = save_locked(&rtnl, config);
	rtnl_close(&rtnl);
	return error;
}

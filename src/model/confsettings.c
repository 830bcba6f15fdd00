/* From the lines of a configuration document to values, with every error on the way. */
#include "confsettings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "ensure.h"
#include "keytext.h"
#include "nearest.h"
#include "wipe.h"

/* A walk through a document. */
struct walk {
	enum conf_dialect dialect;
	struct conf_settings *settings;
	struct conf_errors *errors;
	bool is_short;
	/* The line at hand with its spaces and comment deleted, as stock wg sees it. */
	struct textbuf squeezed;
	size_t value_start; /* of the value in it */
};

static void squeeze_line(struct walk *walk, const struct conf_line *line)
{
	char *to;

	textbuf_clear(&walk->squeezed);
	to = textbuf_reserve(&walk->squeezed, line->len);
	if (!to) {
		walk->is_short = true;
		return;
	}
	for (size_t i = 0; i < line->len && line->text[i] != '#'; i++)
		if (!char_is_space(line->text[i]))
			to[walk->squeezed.len++] = line->text[i];
	to[walk->squeezed.len] = '\0';
	walk->value_start = span_find((struct span){to, walk->squeezed.len}, '=') + 1;
}

static struct span squeezed_line(const struct walk *walk)
{
	return (struct span){walk->squeezed.text, walk->squeezed.len};
}

/* Column in the file, from 1, of a place in the squeezed line. */
static unsigned column_of(const struct walk *walk, const struct conf_line *line, const char *place)
{
	size_t skip = (size_t)(place - walk->squeezed.text);

	for (size_t i = 0; i < line->len; i++)
		if (!char_is_space(line->text[i]) && skip-- == 0)
			return (unsigned)i + 1;
	return (unsigned)line->len + 1;
}

/* Adds an error about `found`, a part of the squeezed line; returns it to be completed, or NULL. */
static struct conf_error *complain(struct walk *walk, enum conf_error_code code,
	const struct conf_line *line, struct span found)
{
	size_t before = walk->errors->count;

	conf_errors_add(walk->errors, code, line, found, NULL);
	if (walk->errors->count == before)
		return NULL;
	walk->errors->list[before].column = column_of(walk, line, found.at);
	return &walk->errors->list[before];
}

/*
 * The same about a whole line. A key on it may be secret, whatever a mistyped name says; it is
 * not repeated where a log may keep it.
 */
static struct conf_error *complain_line(
	struct walk *walk, enum conf_error_code code, const struct conf_line *line)
{
	struct span all = squeezed_line(walk), value = span_from(all, all.len);
	struct conf_error *error = complain(walk, code, line, all);
	uint8_t key[KEY_LEN];

	if (walk->value_start <= all.len)
		value = span_from(all, walk->value_start);
	if (error && error->found && key_parse_base64(value, key)) {
		wipe(key, sizeof(key));
		wipe(error->found, strlen(error->found));
		free(error->found);
		if (asprintf(&error->found, "%.*s(hidden)", (int)walk->value_start, all.at) < 0)
			error->found = NULL;
	}
	return error;
}

static bool is_secret(unsigned key)
{
	return key == ATTR_PRIVATE_KEY || key == ATTR_PRESHARED_KEY;
}

/* found: what the message names; at: where exactly it went wrong. */
static void complain_value(struct walk *walk, const struct conf_line *line, struct span found,
	const char *at, enum value_code code)
{
	struct conf_error *error = complain(walk, CONF_BAD_VALUE, line, found);

	if (!error)
		return;
	error->value = code;
	error->column = column_of(walk, line, at);
	error->expected = attr_expected(attrs[line->key].type);
	if (is_secret(line->key) && error->found) {
		wipe(error->found, strlen(error->found));
		free(error->found);
		error->found = strdup("(hidden)");
	}
}

/* The key of this section most like the name of a line; NULL when none is near. */
static const char *nearest_key(const struct walk *walk, const struct conf_line *line)
{
	const char *names[CONF_KEY_COUNT];
	size_t count = 0, found;
	unsigned limit = walk->dialect == CONF_QUICK && line->section == CONF_INTERFACE
				 ? CONF_KEY_COUNT
				 : (unsigned)ATTR_COUNT;

	for (unsigned key = 0; key < limit; key++) {
		bool is_of_peer = key < ATTR_COUNT && attrs[key].scope == SCOPE_PEER;

		if (conf_key_name(key) && is_of_peer == (line->section == CONF_PEER))
			names[count++] = conf_key_name(key);
	}
	found = nearest_find(line->name, names, count);
	return found < count ? names[found] : NULL;
}

static void complain_key(struct walk *walk, const struct conf_line *line)
{
	static const char interface_keys[] = "PrivateKey, ListenPort or FwMark in [Interface]";
	static const char peer_keys[] =
		"PublicKey, PresharedKey, AllowedIPs, Endpoint or PersistentKeepalive in [Peer]";
	enum attr_scope other = line->section == CONF_PEER ? SCOPE_DEVICE : SCOPE_PEER;
	struct span name = span_until(squeezed_line(walk), walk->value_start - 1);
	bool is_misplaced = attr_by_file_key(other, name) != ATTR_COUNT;
	struct conf_error *error =
		complain_line(walk, is_misplaced ? CONF_WRONG_SECTION : CONF_UNKNOWN_KEY, line);

	if (!error)
		return;
	error->nearest = is_misplaced ? NULL : nearest_key(walk, line);
	error->expected = line->section == CONF_PEER ? peer_keys : interface_keys;
}

static void take_header(struct walk *walk, const struct conf_document *doc, size_t index)
{
	static const char *const names[] = {"[Interface]", "[Peer]"};
	const struct conf_line *line = &doc->lines[index];
	struct conf_error *error;
	struct span name;

	if (line->section == CONF_OTHER_SECTION) {
		size_t near = nearest_find(squeezed_line(walk), names, 2);

		error = complain_line(walk, CONF_UNKNOWN_SECTION, line);
		if (error) {
			error->nearest = near < 2 ? names[near] : NULL;
			error->expected = "[Interface] or [Peer]";
		}
	} else if (line->section == CONF_PEER) {
		struct conf_peer *peer = &walk->settings->peers[line->peer];

		if (!settings_add_peer(&walk->settings->device))
			walk->is_short = true;
		name = conf_document_peer_name(doc, index);
		peer->line = line->number;
		memcpy(peer->name, name.at, name.len);
	}
}

static char *copy_span(struct walk *walk, struct span text)
{
	char *copy = strndup(text.at, text.len);

	if (!copy)
		walk->is_short = true;
	return copy;
}

/* One prefix of AllowedIPs. */
static void take_prefix(struct walk *walk, const struct conf_line *line, struct span item,
	struct peer_settings *peer)
{
	bool had_host_bits;
	struct ip_prefix prefix;
	struct value_error error = value_parse_prefix(item, &prefix, &had_host_bits);
	struct allowed_ip *ip;

	if (error.code != VALUE_OK) {
		bool is_address = error.code != VALUE_PREFIX_LENGTH;

		complain_value(walk, line,
			is_address ? span_until(item, span_find(item, '/')) : item,
			item.at + error.offset, error.code);
		return;
	}
	if (had_host_bits)
		complain(walk, CONF_HOST_BITS, line, item);
	ip = settings_add_allowed_ip(peer);
	if (ip)
		ip->prefix = prefix;
	else
		walk->is_short = true;
}

static void take_prefixes(struct walk *walk, const struct conf_line *line, struct span list,
	struct peer_settings *peer)
{
	for (;;) {
		size_t comma = span_find(list, ',');

		take_prefix(walk, line, span_until(list, comma), peer);
		if (comma == list.len)
			return;
		list = span_from(list, comma + 1);
	}
}

/* A name instead of a number: kept for the caller's resolver. */
static void take_unresolved(struct walk *walk, const struct conf_line *line, struct span value)
{
	struct conf_peer *peer = &walk->settings->peers[line->peer];

	if (line->key == ATTR_LISTEN_PORT) {
		free(walk->settings->listen_port);
		walk->settings->listen_port = copy_span(walk, value);
		walk->settings->device.has &= ~(unsigned)DEVICE_HAS_LISTEN_PORT;
	} else {
		ENSURE(line->key == ATTR_ENDPOINT);
		free(peer->endpoint);
		peer->endpoint = copy_span(walk, value);
		peer->endpoint_line = line->number;
		walk->settings->device.peers[line->peer].has &= ~(unsigned)PEER_HAS_ENDPOINT;
	}
}

/* The value before was a name, this one is a number: the later counts. */
static void forget_unresolved(struct walk *walk, const struct conf_line *line)
{
	char **name = line->key == ATTR_LISTEN_PORT ? &walk->settings->listen_port
		      : line->key == ATTR_ENDPOINT  ? &walk->settings->peers[line->peer].endpoint
						    : NULL;

	if (!name)
		return;
	free(*name);
	*name = NULL;
}

static void take_attr(struct walk *walk, const struct conf_line *line, struct span value)
{
	struct device_settings *device = &walk->settings->device;
	struct value_error error;
	void *record = device;

	if (attrs[line->key].scope == SCOPE_PEER)
		record = &device->peers[line->peer];
	if (line->key == ATTR_ALLOWED_IPS) {
		take_prefixes(walk, line, value, record);
		return;
	}
	error = attr_parse_text(line->key, value, record);
	if (error.code == VALUE_NEEDS_RESOLVER)
		take_unresolved(walk, line, value);
	else if (error.code != VALUE_OK)
		complain_value(walk, line, value, value.at + error.offset, error.code);
	else
		forget_unresolved(walk, line);
}

static void take_pair(struct walk *walk, const struct conf_line *line)
{
	struct span value = span_from(squeezed_line(walk), walk->value_start);

	if (line->section == CONF_OTHER_SECTION)
		return;
	if (line->section == CONF_NO_SECTION) {
		complain_line(walk, CONF_OUTSIDE_SECTION, line);
	} else if (line->key == CONF_KEY_COUNT) {
		complain_key(walk, line);
	} else if (line->key >= ATTR_COUNT) {
		if (walk->dialect == CONF_WG)
			complain_line(walk, CONF_QUICK_KEY, line);
	} else if (!value.len) {
		struct conf_error *error = complain_line(walk, CONF_NO_VALUE, line);

		if (error)
			error->expected = attr_expected(attrs[line->key].type);
	} else {
		take_attr(walk, line, value);
	}
}

static void take_line(struct walk *walk, const struct conf_document *doc, size_t index)
{
	const struct conf_line *line = &doc->lines[index];

	squeeze_line(walk, line);
	if (walk->is_short)
		return;
	if (line->kind == CONF_HEADER)
		take_header(walk, doc, index);
	else if (line->kind == CONF_PAIR)
		take_pair(walk, line);
	else if (line->kind == CONF_STRAY && line->section != CONF_OTHER_SECTION)
		complain_line(walk,
			line->section == CONF_NO_SECTION ? CONF_OUTSIDE_SECTION : CONF_NOT_A_PAIR,
			line);
}

/* A file full of zero bytes is what a crash leaves: never read it as an empty configuration. */
static bool has_zero_byte(const struct conf_document *doc, struct conf_errors *errors)
{
	for (size_t i = 0; i < doc->count; i++) {
		const struct conf_line *line = &doc->lines[i];
		const char *zero = memchr(line->text, '\0', line->len);

		if (zero) {
			conf_errors_add(errors, CONF_NUL_BYTE, line, (struct span){zero, 0}, NULL);
			return true;
		}
	}
	return false;
}

/* Every [Peer] needs a PublicKey that could be read, or an error about it stands already. */
static void check_public_keys(struct walk *walk, const struct conf_document *doc)
{
	for (size_t i = 0; (i = conf_document_find_peer(doc, i)) < doc->count; i++)
		if (conf_document_find_in_peer(doc, i, ATTR_PUBLIC_KEY) == doc->count)
			conf_errors_add(walk->errors, CONF_PEER_WITHOUT_KEY, &doc->lines[i],
				(struct span){doc->lines[i].text, 0}, "a line `PublicKey = ...'");
}

int conf_document_settings(const struct conf_document *doc, enum conf_dialect dialect,
	struct conf_settings *settings, struct conf_errors *errors)
{
	struct walk walk = {.dialect = dialect, .settings = settings, .errors = errors};

	*settings = (struct conf_settings){0};
	conf_errors_init(errors);
	settings->peers = calloc(doc->peers + 1, sizeof(*settings->peers));
	if (!settings->peers)
		return -ENOMEM;
	if (has_zero_byte(doc, errors))
		return -EINVAL;
	for (size_t i = 0; i < doc->count && !walk.is_short; i++)
		take_line(&walk, doc, i);
	textbuf_fini(&walk.squeezed);
	if (walk.is_short)
		return -ENOMEM;
	check_public_keys(&walk, doc);
	return conf_errors_are_fatal(errors) ? -EINVAL : 0;
}

void conf_settings_fini(struct conf_settings *settings)
{
	for (size_t i = 0; i < settings->device.peers_count; i++)
		free(settings->peers[i].endpoint);
	free(settings->peers);
	free(settings->listen_port);
	settings_fini(&settings->device);
	*settings = (struct conf_settings){0};
}

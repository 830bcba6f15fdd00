/* Lines of one section. */
#include "peeredit.h"

#include <stdio.h>
#include "expiry.h"
#include "fault.h"
#include "keytext.h"
#include "wipe.h"

/* Sets, adds or (NULL) removes a key's pair. */
static int put_key(struct conf_document *doc, size_t header, unsigned name, const uint8_t *key)
{
	size_t at = conf_document_find_in_peer(doc, header, name);
	char text[KEY_BASE64_LEN + 1], line[96];
	int error = 0;

	if (!key) {
		if (at < doc->count)
			conf_document_remove(doc, at);
		return 0;
	}
	key_print_base64(key, text);
	snprintf(line, sizeof(line), "%s = %s", conf_key_name(name), text);
	if (at < doc->count)
		error = conf_document_set(doc, at, span_of(text));
	else
		error = conf_document_insert(doc,
			conf_document_find_in_peer(doc, header, ATTR_PUBLIC_KEY) + 1,
			span_of(line));
	wipe(text, sizeof(text));
	wipe(line, sizeof(line));
	return error;
}

int peeredit_set_keys(struct peerfile *file, size_t peer, const struct public_key *key,
	const struct preshared_key *psk)
{
	size_t header = peerfile_header(file, peer);
	int error = put_key(&file->doc, header, ATTR_PUBLIC_KEY, key->b);

	return error ? error : put_key(&file->doc, header, ATTR_PRESHARED_KEY, psk ? psk->b : NULL);
}

/* All directives of that word in the section. */
static void remove_directives(struct conf_document *doc, size_t header, const char *word)
{
	size_t i = header + 1;

	while (i < doc->count && doc->lines[i].kind != CONF_HEADER)
		if (conf_line_directive(&doc->lines[i], word).len)
			conf_document_remove(doc, i);
		else
			i++;
}

bool peeredit_may_name(const char *name)
{
	struct span text = span_of(name);
	bool has_edge_space =
		text.len && (char_is_space(text.at[0]) || char_is_space(text.at[text.len - 1]));

	if (conf_name_is_valid(text) && !has_edge_space && text.at[0] != '-')
		return true;
	fault_say("`%s' cannot be the name of a peer", name);
	fault_hint("A name has 1 to %d bytes, no control characters, and is not a key.",
		PEER_NAME_LEN_MAX);
	return false;
}

int peeredit_set_name(struct peerfile *file, size_t peer, const char *name)
{
	size_t header = peerfile_header(file, peer);
	char line[PEER_NAME_LEN_MAX + 16];

	remove_directives(&file->doc, header, "Name");
	snprintf(line, sizeof(line), "#: Name = %s", name);
	return conf_document_insert(&file->doc, header + 1, span_of(line));
}

int peeredit_set_expires(struct peerfile *file, size_t peer, int64_t expires)
{
	struct conf_document *doc = &file->doc;
	size_t header = peerfile_header(file, peer), i = header + 1;
	char time[EXPIRY_TEXT_ROOM], line[64];

	remove_directives(doc, header, "Expires");
	if (!expires)
		return 0;
	snprintf(line, sizeof(line), "#: Expires = %s", expiry_print(expires, time));
	/* Behind the name, when that comes first. */
	i = header + 1;
	if (i < doc->count && conf_line_directive(&doc->lines[i], "Name").len)
		i++;
	return conf_document_insert(doc, i, span_of(line));
}

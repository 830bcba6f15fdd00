/* The file of an interface: found, locked, read, written. */
#include "peerfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "confpath.h"
#include "expiry.h"
#include "fault.h"
#include "filelock.h"
#include "keytext.h"
#include "peerchoice.h"
#include "peerfold.h"
#include "wholefile.h"

static bool is_short(int error)
{
	if (error)
		fault_system("configuration", error);
	return error != 0;
}

static void complain_errors(const struct peerfile *file, const struct conf_errors *errors)
{
	struct textbuf text = {0};

	for (size_t i = 0; i < errors->count; i++)
		conf_error_print(&text, file->path, &errors->list[i]);
	fault_say("%s cannot be understood, and is left alone", file->path);
	if (text.len)
		fputs(text.text, stderr);
	textbuf_fini(&text);
}

/* What the document says; false when it has errors. */
static bool understand(struct peerfile *file)
{
	struct conf_errors errors;
	int error = conf_document_settings(&file->doc, CONF_QUICK, &file->settings, &errors);
	int wrong = options_read(&file->options, &file->doc, &errors);

	if (error == -EINVAL || wrong == -EINVAL)
		complain_errors(file, &errors);
	else if (error || wrong)
		is_short(-ENOMEM);
	conf_errors_fini(&errors);
	return !error && !wrong;
}

static bool parse(struct peerfile *file)
{
	struct textbuf shown = {0};
	bool is_parsed;

	peerfold_show(&shown, (struct span){file->text, file->text_len});
	is_parsed =
		!is_short(textbuf_status(&shown)) &&
		!is_short(conf_document_parse(&file->doc, (struct span){shown.text, shown.len}));
	textbuf_fini(&shown);
	return is_parsed && understand(file);
}

/* The directory, as the file itself is replaced at each change. */
static bool lock(struct peerfile *file)
{
	file->lock = filelock_take(confpath_directory());
	if (file->lock < 0)
		fault_system(confpath_directory(), file->lock);
	return file->lock >= 0;
}

bool peerfile_open(struct peerfile *file, const char *interface, enum peerfile_use use)
{
	int error;

	*file = (struct peerfile){.lock = -1};
	options_init(&file->options);
	if (!peerchoice_make(interface, file->interface))
		return false;
	if (use == PEERFILE_TO_CHANGE && !lock(file))
		return false;
	error = confpath_of(file->interface, file->path);
	if (!error)
		error = wholefile_read(file->path, &file->text, &file->text_len);
	if (error) {
		fault_system(file->path[0] ? file->path : file->interface, error);
		return false;
	}
	return parse(file);
}

void peerfile_close(struct peerfile *file)
{
	if (file->lock >= 0)
		close(file->lock);
	wholefile_free(file->text, file->text_len);
	conf_document_fini(&file->doc);
	conf_settings_fini(&file->settings);
	options_fini(&file->options);
	*file = (struct peerfile){.lock = -1};
}

static bool write_text(struct peerfile *file, const char *text, size_t len)
{
	int error = wholefile_write(file->path, text, len, 0600);

	if (error)
		fault_system(file->path, error);
	return !error;
}

bool peerfile_write(struct peerfile *file)
{
	struct textbuf text = {0};
	bool is_written;

	peerfold_hide(&text, &file->doc);
	is_written = !is_short(textbuf_status(&text)) && write_text(file, text.text, text.len);
	textbuf_fini(&text);
	return is_written;
}

void peerfile_write_back(struct peerfile *file)
{
	write_text(file, file->text, file->text_len);
}

size_t peerfile_count(const struct peerfile *file)
{
	return file->settings.device.peers_count;
}

static bool is_named(const struct peerfile *file, size_t peer, const char *name)
{
	return strcmp(file->settings.peers[peer].name, name) == 0;
}

size_t peerfile_find(const struct peerfile *file, const char *word)
{
	size_t count = peerfile_count(file);
	struct public_key key;

	for (size_t i = 0; i < count; i++)
		if (is_named(file, i, word))
			return i;
	for (size_t i = 0; i < count && key_parse_base64(span_of(word), key.b); i++)
		if (memcmp(&key, &file->settings.device.peers[i].public_key, sizeof(key)) == 0)
			return i;
	return count;
}

bool peerfile_find_one(const struct peerfile *file, const char *word, size_t *peer)
{
	*peer = peerfile_find(file, word);
	if (*peer == peerfile_count(file)) {
		fault_say("%s has no peer `%s'", file->path, word);
		fault_hint("`culvert peer list' shows them.");
		return false;
	}
	for (size_t i = *peer + 1; i < peerfile_count(file); i++)
		if (is_named(file, i, word)) {
			fault_say("several peers in %s are called `%s'", file->path, word);
			fault_hint("Use the public key.");
			return false;
		}
	return true;
}

/* Where it stood when the file was read, and mostly still does. */
static size_t likely_header(const struct peerfile *file, size_t peer)
{
	unsigned number = file->settings.peers[peer].line;
	const struct conf_document *doc = &file->doc;

	return number && number <= doc->count && doc->lines[number - 1].number == number
		       ? number - 1
		       : doc->count;
}

size_t peerfile_header(const struct peerfile *file, size_t peer)
{
	size_t header = likely_header(file, peer);

	if (header < file->doc.count)
		return header;
	header = conf_document_find_peer(&file->doc, 0);
	while (peer-- && header < file->doc.count)
		header = conf_document_find_peer(&file->doc, header + 1);
	return header;
}

bool peerfile_is_off(const struct peerfile *file, size_t peer)
{
	return peerfold_is_marked(&file->doc.lines[peerfile_header(file, peer)]);
}

int64_t peerfile_expires(const struct peerfile *file, size_t peer)
{
	const struct conf_document *doc = &file->doc;

	for (size_t i = peerfile_header(file, peer) + 1;
		i < doc->count && doc->lines[i].kind != CONF_HEADER; i++) {
		struct span value = conf_line_directive(&doc->lines[i], "Expires");
		int64_t expires;

		if (value.len)
			return expiry_parse(value, 0, &expires) ? expires : 1;
	}
	return 0;
}

struct span peerfile_directive(const struct peerfile *file, const char *name)
{
	const struct conf_document *doc = &file->doc;

	for (size_t i = 0; i < doc->count; i++) {
		struct span value = conf_line_directive(&doc->lines[i], name);

		if (doc->lines[i].section == CONF_INTERFACE && value.len)
			return value;
	}
	return (struct span){"", 0};
}

bool peerfile_append_line(struct peerfile *file, struct span line)
{
	return !is_short(conf_document_insert(&file->doc, file->doc.count, line));
}

bool peerfile_set_off(struct peerfile *file, size_t peer, bool is_off)
{
	return !is_short(peerfold_mark(&file->doc, peerfile_header(file, peer), is_off));
}

void peerfile_remove(struct peerfile *file, size_t peer)
{
	struct conf_document *doc = &file->doc;
	size_t header = peerfile_header(file, peer);
	size_t end = conf_document_end_of(doc, CONF_PEER, peer);

	/* The blank lines behind it go with it. */
	while (end < doc->count && doc->lines[end].kind == CONF_BLANK)
		end++;
	/* Of the last section, the blank lines before it. */
	while (end == doc->count && header && doc->lines[header - 1].kind == CONF_BLANK)
		header--;
	while (end-- > header)
		conf_document_remove(doc, end);
}

bool peerfile_set_own(struct peerfile *file, unsigned key, const char *value)
{
	struct conf_document *doc = &file->doc;
	size_t at = conf_document_find(doc, key, 0);
	struct textbuf line = {0};
	int error;

	if (at < doc->count)
		return !is_short(conf_document_set(doc, at, span_of(value)));
	textbuf_addf(&line, "%s = %s", conf_key_name(key), value);
	error = textbuf_status(&line);
	if (!error)
		error = conf_document_insert(doc, conf_document_end_of(doc, CONF_INTERFACE, 0),
			(struct span){line.text, line.len});
	textbuf_fini(&line);
	return !is_short(error);
}

/*
 * Any bytes as a configuration file: printed again byte for byte, read in both dialects, edited;
 * what an edit made is read as what was written.
 */
#include <stdint.h>
#include <stdlib.h>
#include "confsettings.h"
#include "ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_print(const struct conf_document *doc, struct span text)
{
	struct textbuf out = {0};

	conf_document_print(&out, doc);
	ENSURE(out.len == text.len && (!out.len || memcmp(out.text, text.at, out.len) == 0));
	textbuf_fini(&out);
}

static void check_settings(const struct conf_document *doc, enum conf_dialect dialect)
{
	struct conf_settings settings;
	struct conf_errors errors;
	struct textbuf out = {0};
	int err = conf_document_settings(doc, dialect, &settings, &errors);

	ENSURE((err != 0) == conf_errors_are_fatal(&errors));
	for (size_t i = 0; i < errors.count; i++) {
		ENSURE(errors.list[i].line >= 1 && errors.list[i].line <= doc->count);
		ENSURE(errors.list[i].column >= 1 &&
			errors.list[i].column <= doc->lines[errors.list[i].line - 1].len + 1);
		conf_error_print(&out, "f", &errors.list[i]);
	}
	for (size_t i = 0; !err && i < settings.device.peers_count; i++)
		ENSURE(!settings.peers[i].name[0] ||
			conf_name_is_valid(span_of(settings.peers[i].name)));
	textbuf_fini(&out);
	conf_errors_fini(&errors);
	conf_settings_fini(&settings);
}

static void check_edits(struct conf_document *doc)
{
	size_t i = conf_document_find(doc, ATTR_LISTEN_PORT, 0), count;

	if (i < doc->count) {
		ENSURE(conf_document_set(doc, i, span_of("12345")) == 0);
		ENSURE(doc->lines[i].key == ATTR_LISTEN_PORT &&
			span_equal(doc->lines[i].value, "12345"));
	}
	i = conf_document_end_of(doc, CONF_INTERFACE, 0);
	count = doc->count;
	ENSURE(conf_document_insert(doc, i, span_of("MTU = 1280")) == 0);
	ENSURE(doc->count == count + 1 && span_equal(doc->lines[i].value, "1280"));
	conf_document_remove(doc, i);
	ENSURE(doc->count == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size};
	struct conf_document doc;

	ENSURE(conf_document_parse(&doc, text) == 0);
	check_print(&doc, text);
	check_settings(&doc, CONF_WG);
	check_settings(&doc, CONF_QUICK);
	check_edits(&doc);
	conf_document_fini(&doc);
	return 0;
}

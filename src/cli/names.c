/* Names of peers, out of a configuration file. */
#include "names.h"

#include <stdlib.h>
#include <string.h>
#include "confpath.h"
#include "confsettings.h"
#include "wholefile.h"

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct public_key));
}

/* Takes the names of peers whose keys could be read. */
static void take_names(struct peer_names *names, const struct conf_settings *settings)
{
	names->list = calloc(settings->device.peers_count + 1, sizeof(*names->list));
	for (size_t i = 0; names->list && i < settings->device.peers_count; i++) {
		if (!settings->peers[i].name[0])
			continue;
		names->list[names->count].key = settings->device.peers[i].public_key;
		memcpy(names->list[names->count++].name, settings->peers[i].name,
			sizeof(settings->peers[i].name));
	}
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), compare);
}

void peer_names_read(struct peer_names *names, const char *interface)
{
	char path[PATH_MAX], *text;
	struct conf_document doc;
	struct conf_settings settings;
	struct conf_errors errors;
	size_t len;

	*names = (struct peer_names){0};
	if (confpath_of(interface, path) || wholefile_read(path, &text, &len))
		return;
	if (!conf_document_parse(&doc, (struct span){text, len})) {
		/* A file with errors still has the names of its other peers. */
		if (!conf_document_settings(&doc, CONF_QUICK, &settings, &errors) || errors.count)
			take_names(names, &settings);
		conf_settings_fini(&settings);
		conf_errors_fini(&errors);
	}
	conf_document_fini(&doc);
	wholefile_free(text, len);
}

void peer_names_fini(struct peer_names *names)
{
	free(names->list);
	*names = (struct peer_names){0};
}

const char *peer_names_find(const struct peer_names *names, const struct public_key *key)
{
	const struct peer_name *found = NULL;

	if (names->count)
		found = bsearch(key, names->list, names->count, sizeof(*names->list), compare);
	return found ? found->name : NULL;
}

size_t peer_names_lookup(const struct peer_names *names, const char *name, struct public_key *key)
{
	size_t count = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->list[i].name, name) != 0)
			continue;
		/* A peer may have several sections. */
		if (!count || memcmp(key, &names->list[i].key, sizeof(*key)) != 0)
			count++;
		*key = names->list[i].key;
	}
	return count;
}

/*
 * What a configuration file says to wg-quick and not to wg: the Address, DNS, MTU, Table, hook and
 * SaveConfig lines of its [Interface] section. Values only; nothing here touches the system.
 */
#ifndef CULVERT_QUICK_OPTIONS_H
#define CULVERT_QUICK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "confsettings.h"

enum hook { HOOK_PRE_UP, HOOK_POST_UP, HOOK_PRE_DOWN, HOOK_POST_DOWN, HOOK_COUNT };

enum table_mode {
	TABLE_AUTO,   /* main, and policy routing for default routes */
	TABLE_OFF,    /* no routes */
	TABLE_NUMBER, /* all routes into this table, nothing else */
};

/* Strings in the order given, each owned. */
struct words {
	char **items;
	size_t count, room;
};

enum { ADDRESS_TEXT_MAX = 63 };

struct own_address {
	struct ip_prefix prefix;         /* with its host bits */
	char text[ADDRESS_TEXT_MAX + 1]; /* as typed */
};

struct options {
	struct own_address *addresses;
	size_t addresses_count, addresses_room;
	struct words dns_servers, dns_search;
	struct words hooks[HOOK_COUNT]; /* %i is still there */
	uint32_t mtu;                   /* 0: to be computed */
	enum table_mode table_mode;
	uint32_t table;
	char table_text[ADDRESS_TEXT_MAX + 1]; /* as typed */
	bool save_config;
};

enum option_status {
	OPTION_TAKEN,
	OPTION_WRONG, /* the value is not what the key wants: see option_expected() */
	OPTION_NO_MEMORY,
};

void options_init(struct options *options);
void options_fini(struct options *options);

/* Takes one `key = value` of [Interface]; key is one of enum conf_key. */
enum option_status options_add(struct options *options, unsigned key, struct span value);

/* What a value of this key looks like: "true or false". */
const char *option_expected(unsigned key);

/*
 * Takes all of a document's, adding an error for each that is wrong. 0; -EINVAL when one was
 * wrong (the others are taken); -ENOMEM.
 */
int options_read(
	struct options *options, const struct conf_document *doc, struct conf_errors *errors);

/* Appends a copy; false when memory is short. */
bool words_add(struct words *words, struct span word);
void words_fini(struct words *words);

#endif

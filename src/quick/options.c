/* wg-quick's own keys: one table, one reader a key. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "ensure.h"
#include "grow.h"
#include "options.h"
#include "rttables.h"
#include "values.h"

enum { MTU_MAX = 0x7fffffff };

typedef enum option_status option_reader(struct options *options, struct span value);

static option_reader read_addresses, read_dns, read_mtu, read_table, read_save_config, read_pre_up,
	read_post_up, read_pre_down, read_post_down;

static const struct {
	option_reader *read;
	const char *expected;
} readers[] = {
	[CONF_ADDRESS - CONF_ADDRESS] = {read_addresses,
		"IP addresses, each with or without a prefix length, by commas"},
	[CONF_DNS -
		CONF_ADDRESS] = {read_dns, "addresses of servers and search domains, by commas"},
	[CONF_MTU - CONF_ADDRESS] = {read_mtu, "a number of bytes"},
	[CONF_TABLE -
		CONF_ADDRESS] = {read_table, "off, auto, or a routing table's number or name"},
	[CONF_PRE_UP - CONF_ADDRESS] = {read_pre_up, "a command"},
	[CONF_POST_UP - CONF_ADDRESS] = {read_post_up, "a command"},
	[CONF_PRE_DOWN - CONF_ADDRESS] = {read_pre_down, "a command"},
	[CONF_POST_DOWN - CONF_ADDRESS] = {read_post_down, "a command"},
	[CONF_SAVE_CONFIG - CONF_ADDRESS] = {read_save_config, "true or false"},
};

_Static_assert(sizeof(readers) / sizeof(readers[0]) == CONF_KEY_COUNT - CONF_ADDRESS,
	"every key of wg-quick's has its reader");

static bool span_is(struct span span, const char *text)
{
	return span.len == strlen(text) && strncasecmp(span.at, text, span.len) == 0;
}

void options_init(struct options *options)
{
	*options = (struct options){0};
}

void options_fini(struct options *options)
{
	free(options->addresses);
	words_fini(&options->dns_servers);
	words_fini(&options->dns_search);
	for (int i = 0; i < HOOK_COUNT; i++)
		words_fini(&options->hooks[i]);
	options_init(options);
}

enum option_status options_add(struct options *options, unsigned key, struct span value)
{
	ENSURE(key >= CONF_ADDRESS && key < CONF_KEY_COUNT);
	return readers[key - CONF_ADDRESS].read(options, value);
}

const char *option_expected(unsigned key)
{
	ENSURE(key >= CONF_ADDRESS && key < CONF_KEY_COUNT);
	return readers[key - CONF_ADDRESS].expected;
}

int options_read(
	struct options *options, const struct conf_document *doc, struct conf_errors *errors)
{
	bool is_wrong = false;

	for (size_t i = 0; i < doc->count; i++) {
		const struct conf_line *line = &doc->lines[i];
		enum option_status status;

		if (line->kind != CONF_PAIR || line->section != CONF_INTERFACE ||
			line->key < CONF_ADDRESS || line->key >= CONF_KEY_COUNT || !line->value.len)
			continue;
		status = options_add(options, line->key, line->value);
		if (status == OPTION_NO_MEMORY)
			return -ENOMEM;
		if (status == OPTION_WRONG) {
			is_wrong = true;
			conf_errors_add(errors, CONF_BAD_VALUE, line, line->value,
				option_expected(line->key));
		}
	}
	return is_wrong ? -EINVAL : 0;
}

/* The next item of a list by commas and spaces; false at the end. */
static bool next_item(struct span *rest, struct span *item)
{
	size_t start = 0, end;

	while (start < rest->len &&
		(rest->at[start] == ',' || isspace((unsigned char)rest->at[start])))
		start++;
	end = start;
	while (end < rest->len && rest->at[end] != ',' && !isspace((unsigned char)rest->at[end]))
		end++;
	*item = (struct span){rest->at + start, end - start};
	*rest = span_from(*rest, end);
	return item->len > 0;
}

static bool parse_own_address(struct span text, struct own_address *address)
{
	size_t slash = span_find(text, '/');
	uint64_t bits;

	if (text.len > ADDRESS_TEXT_MAX ||
		value_parse_address(span_until(text, slash), &address->prefix.addr) != VALUE_OK)
		return false;
	bits = ip_bits_max(address->prefix.addr.family);
	if (slash < text.len &&
		value_parse_number(span_from(text, slash + 1), bits, &bits) != VALUE_OK)
		return false;
	address->prefix.bits = (uint8_t)bits;
	memcpy(address->text, text.at, text.len);
	address->text[text.len] = 0;
	return true;
}

static enum option_status read_addresses(struct options *options, struct span value)
{
	struct span item;

	while (next_item(&value, &item)) {
		struct own_address *addresses = grow_array(options->addresses,
			options->addresses_count, &options->addresses_room, sizeof(*addresses));

		if (!addresses)
			return OPTION_NO_MEMORY;
		options->addresses = addresses;
		if (!parse_own_address(item, &addresses[options->addresses_count]))
			return OPTION_WRONG;
		options->addresses_count++;
	}
	return OPTION_TAKEN;
}

/* Digits and dots, or a colon somewhere: a server. Anything else is a search domain. */
static bool is_server(struct span item)
{
	if (span_find(item, ':') < item.len)
		return true;
	for (size_t i = 0; i < item.len; i++)
		if (item.at[i] != '.' && !isdigit((unsigned char)item.at[i]))
			return false;
	return true;
}

static enum option_status read_dns(struct options *options, struct span value)
{
	struct span item;

	while (next_item(&value, &item))
		if (!words_add(
			    is_server(item) ? &options->dns_servers : &options->dns_search, item))
			return OPTION_NO_MEMORY;
	return OPTION_TAKEN;
}

static enum option_status read_mtu(struct options *options, struct span value)
{
	uint64_t mtu;

	if (value_parse_number(value, MTU_MAX, &mtu) != VALUE_OK || mtu == 0)
		return OPTION_WRONG;
	options->mtu = (uint32_t)mtu;
	return OPTION_TAKEN;
}

static enum option_status read_table(struct options *options, struct span value)
{
	if (value.len > ADDRESS_TEXT_MAX)
		return OPTION_WRONG;
	if (span_is(value, "off")) {
		options->table_mode = TABLE_OFF;
	} else if (span_is(value, "auto")) {
		options->table_mode = TABLE_AUTO;
	} else {
		if (!rttable_parse(value, &options->table))
			return OPTION_WRONG;
		options->table_mode = TABLE_NUMBER;
	}
	memcpy(options->table_text, value.at, value.len);
	options->table_text[value.len] = 0;
	return OPTION_TAKEN;
}

static enum option_status read_save_config(struct options *options, struct span value)
{
	options->save_config = span_is(value, "true");
	return options->save_config || span_is(value, "false") ? OPTION_TAKEN : OPTION_WRONG;
}

static enum option_status read_hook(struct options *options, enum hook hook, struct span value)
{
	return words_add(&options->hooks[hook], value) ? OPTION_TAKEN : OPTION_NO_MEMORY;
}

static enum option_status read_pre_up(struct options *options, struct span value)
{
	return read_hook(options, HOOK_PRE_UP, value);
}

static enum option_status read_post_up(struct options *options, struct span value)
{
	return read_hook(options, HOOK_POST_UP, value);
}

static enum option_status read_pre_down(struct options *options, struct span value)
{
	return read_hook(options, HOOK_PRE_DOWN, value);
}

static enum option_status read_post_down(struct options *options, struct span value)
{
	return read_hook(options, HOOK_POST_DOWN, value);
}

bool words_add(struct words *words, struct span word)
{
	char **items = grow_array(words->items, words->count, &words->room, sizeof(*items));

	if (!items)
		return false;
	words->items = items;
	items[words->count] = strndup(word.at, word.len);
	return items[words->count] && ++words->count;
}

void words_fini(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){0};
}

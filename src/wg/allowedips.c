/* `wg allowedips`: "0.0.0.0/0 - 10.0.0.0/8 + 10.1.0.0/16" as a list for AllowedIPs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "complain.h"
#include "prefixset.h"
#include "terminal.h"
#include "values.h"

static bool complain_range(struct span text, enum value_code code)
{
	char found[128];

	snprintf(found, sizeof(found), "%.*s", (int)text.len, text.at);
	complain_value(TYPE_PREFIX_LIST, code, found);
	return false;
}

/* One range, added or taken away as the sign before it said. */
static bool take_range(struct prefix_set *set, char sign, struct span text)
{
	struct ip_prefix prefix;
	struct value_error error = value_parse_prefix(text, &prefix, NULL);
	int err;

	if (error.code != VALUE_OK)
		return complain_range(text, error.code);
	err = sign == '-' ? prefix_set_subtract(set, &prefix) : prefix_set_add(set, &prefix);
	if (err)
		fprintf(stderr, "wg: %s\n", strerror(-err));
	return !err;
}

/*
 * Signs, commas and spaces may stand in words of their own or not; *sign: the last one read, 0
 * after a range. Ranges without a sign between them are added.
 */
static bool take_word(struct prefix_set *set, char *sign, const char *word)
{
	while (*word) {
		size_t len = strcspn(word, "+-, \t\n");

		if (len) {
			if (!take_range(set, *sign, (struct span){word, len}))
				return false;
			*sign = 0;
		} else {
			*sign = *word == '+' || *word == '-' ? *word : *sign;
			len = 1;
		}
		word += len;
	}
	return true;
}

static void print_set(const struct prefix_set *set)
{
	struct textbuf out = {0};

	for (size_t i = 0; i < set->count; i++) {
		textbuf_add(&out, i ? ", " : "");
		value_print_prefix(&out, &set->list[i]);
	}
	textbuf_add(&out, "\n");
	terminal_write(&out);
	textbuf_fini(&out);
}

enum outcome allowedips_run(const struct invocation *call)
{
	struct prefix_set set = {0};
	char sign = 0;
	bool is_right = true;

	if (call->count < 2)
		return BAD_USAGE;
	for (int i = 1; is_right && i < call->count; i++)
		is_right = take_word(&set, &sign, call->words[i]);
	if (is_right && sign) {
		fprintf(stderr, "A range is missing behind `%c'\n", sign);
		is_right = false;
	}
	if (is_right)
		print_set(&set);
	prefix_set_fini(&set);
	return is_right ? DONE : FAILED;
}

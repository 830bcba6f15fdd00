/* Lines of iptables-save: "*table", ":CHAIN POLICY [..]", "-A CHAIN matches -j TARGET". */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "iptables.h"

enum { WORDS_MAX = 96, NAME_LEN = 64 };

static const char *const tables[] = {"filter", "nat", "mangle", "raw", "security"};

/* A rule on its way: where it stands, and its words. */
struct line {
	json_t *ruleset;
	const char *family;
	char table[NAME_LEN];
	bool is_nat;
	char *words[WORDS_MAX + 1];
	size_t count;
};

static json_t *meta(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s,s:s}}", "payload", "protocol", protocol, "field", field);
}

static void add_match(json_t *expr, bool is_not, json_t *left, json_t *right)
{
	json_array_append_new(expr, json_pack("{s:{s:s,s:o,s:o}}", "match", "op",
					    is_not ? "!=" : "==", "left", left, "right", right));
}

/* "eth+" is "eth*" there. */
static json_t *name_pattern(const char *name)
{
	size_t len = strlen(name);

	if (len && name[len - 1] == '+')
		return json_sprintf("%.*s*", (int)len - 1, name);
	return json_string(name);
}

static json_t *address(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash)
		return json_string(text);
	return json_pack("{s:{s:o,s:i}}", "prefix", "addr",
		json_stringn(text, (size_t)(slash - text)), "len", atoi(slash + 1));
}

/* "53", "1000:2000". */
static json_t *port_range(const char *text)
{
	const char *colon = strchr(text, ':');
	int low = atoi(text);

	if (!colon)
		return json_integer(low);
	return json_pack("{s:[i,i]}", "range", low, colon[1] ? atoi(colon + 1) : 65535);
}

static json_t *list_of(const char *text, json_t *(*one)(const char *item))
{
	json_t *list = json_array();
	char *copy = strdup(text), *rest = copy, *item;

	while (copy && (item = strsep(&rest, ",")))
		json_array_append_new(list, one(item));
	free(copy);
	return json_pack("{s:o}", "set", list);
}

static json_t *lower_word(const char *word)
{
	char text[NAME_LEN];
	size_t i;

	for (i = 0; word[i] && i + 1 < sizeof(text); i++)
		text[i] = (char)tolower((unsigned char)word[i]);
	text[i] = 0;
	return json_string(text);
}

static json_t *ports(const char *text)
{
	return list_of(text, port_range);
}

static json_t *states(const char *text)
{
	return list_of(text, lower_word);
}

static json_t *protocol(const char *text)
{
	return json_string(strcmp(text, "ipv6-icmp") == 0 ? "icmpv6" : text);
}

/* An option with one value that is a match: what it looks at, and how its value reads. */
static const struct option {
	const char *word;
	const char *kind, *name, *field; /* kind "": nothing to match */
	json_t *(*value)(const char *text);
} options[] = {
	{"-i", "meta", "iifname", NULL, name_pattern},
	{"-o", "meta", "oifname", NULL, name_pattern},
	{"-p", "meta", "l4proto", NULL, protocol},
	{"-s", "payload", NULL, "saddr", address},
	{"-d", "payload", NULL, "daddr", address},
	{"--dport", "payload", "th", "dport", port_range},
	{"--sport", "payload", "th", "sport", port_range},
	{"--dports", "payload", "th", "dport", ports},
	{"--sports", "payload", "th", "sport", ports},
	{"--ctstate", "ct", "state", NULL, states},
	{"--state", "ct", "state", NULL, states},
	{"-m", "", NULL, NULL, NULL},
	{"--comment", "", NULL, NULL, NULL},
};

static const struct option *find_option(const char *word)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].word, word) == 0)
			return &options[i];
	return NULL;
}

static void add_option(const struct line *line, json_t *expr, const struct option *option,
	bool is_not, const char *value)
{
	json_t *left;

	if (!*option->kind)
		return;
	if (strcmp(option->kind, "meta") == 0)
		left = meta(option->name);
	else if (strcmp(option->kind, "ct") == 0)
		left = json_pack("{s:{s:s}}", "ct", "key", option->name);
	else
		left = payload(option->name ? option->name : line->family, option->field);
	add_match(expr, is_not, left, option->value(value));
}

static bool is_chain(const struct line *line, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(line->ruleset, i, item)
	{
		const json_t *chain = json_object_get(item, "chain");
		const char *own = json_string_value(json_object_get(chain, "name"));
		const char *table = json_string_value(json_object_get(chain, "table"));
		const char *family = json_string_value(json_object_get(chain, "family"));

		if (own && table && family && strcmp(own, name) == 0 &&
			strcmp(table, line->table) == 0 && strcmp(family, line->family) == 0)
			return true;
	}
	return false;
}

static json_t *verdict(const struct line *line, const char *target, bool is_goto)
{
	static const char *const plain[] = {"ACCEPT", "DROP", "RETURN", "QUEUE", "REJECT"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		char kind[NAME_LEN];

		if (strcmp(target, plain[i]) != 0)
			continue;
		for (size_t c = 0; c <= strlen(plain[i]); c++)
			kind[c] = (char)tolower((unsigned char)plain[i][c]);
		return json_pack("{s:n}", kind);
	}
	if (is_goto || is_chain(line, target))
		return json_pack("{s:{s:s}}", is_goto ? "goto" : "jump", "target", target);
	return json_pack("{s:{s:s,s:s}}", "xt", "type", "target", "name", target);
}

/* "-A CHAIN ..." */
static void add_rule(const struct line *line)
{
	json_t *expr = json_array();
	bool is_not = false;

	for (size_t i = 2; i < line->count; i++) {
		const char *word = line->words[i], *value = line->words[i + 1];
		const struct option *option = find_option(word);

		if (strcmp(word, "!") == 0) {
			is_not = true;
			continue;
		}
		if ((strcmp(word, "-j") == 0 || strcmp(word, "-g") == 0) && value) {
			json_array_append_new(expr, verdict(line, value, word[1] == 'g'));
			break; /* what follows is the target's own */
		}
		if (option && value) {
			add_option(line, expr, option, is_not, value);
			i++;
		} else if (word[0] == '-') {
			json_array_append_new(expr, json_pack("{s:s}", "unknown", word));
		}
		is_not = false;
	}
	json_array_append_new(line->ruleset,
		json_pack("{s:{s:s,s:s,s:s,s:o}}", "rule", "family", line->family, "table",
			line->table, "chain", line->words[1], "expr", expr));
}

/* ":CHAIN POLICY [packets:bytes]" */
static void add_chain(const struct line *line)
{
	static const char *const hooks[] = {
		"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"};
	const char *name = line->words[0] + 1;
	json_t *chain = json_pack(
		"{s:s,s:s,s:s}", "family", line->family, "table", line->table, "name", name);

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (strcmp(name, hooks[i]) != 0 || line->count < 2)
			continue;
		json_object_set_new(chain, "hook", lower_word(name));
		json_object_set_new(chain, "type", json_string(line->is_nat ? "nat" : "filter"));
		json_object_set_new(chain, "policy", lower_word(line->words[1]));
	}
	json_array_append_new(line->ruleset, json_pack("{s:o}", "chain", chain));
}

/* At spaces, but not inside of quotes, which go. The text is changed. */
static void split(struct line *line, char *text)
{
	line->count = 0;
	while (*text && line->count < WORDS_MAX) {
		char *to = text;
		bool is_quoted = false;

		while (*text == ' ')
			text++;
		if (!*text)
			break;
		to = line->words[line->count++] = text;
		for (; *text && (is_quoted || *text != ' '); text++) {
			if (*text == '"')
				is_quoted = !is_quoted;
			else if (*text == '\\' && text[1])
				*to++ = *++text;
			else
				*to++ = *text;
		}
		if (*text)
			text++;
		*to = 0;
	}
	line->words[line->count] = NULL;
}

bool iptables_add(json_t *ruleset, const char *family, const char *suffix, const char *text)
{
	struct line line = {.ruleset = ruleset, .family = family};
	char *copy = strdup(text), *rest = copy, *one;

	while (copy && (one = strsep(&rest, "\n"))) {
		if (*one == '*') {
			snprintf(line.table, sizeof(line.table), "%s%s", one + 1, suffix);
			line.is_nat = strcmp(one, "*nat") == 0;
			continue;
		}
		split(&line, one);
		if (line.count >= 1 && line.words[0][0] == ':')
			add_chain(&line);
		else if (line.count >= 2 && strcmp(line.words[0], "-A") == 0)
			add_rule(&line);
	}
	free(copy);
	return copy != NULL;
}

/* The family's, and one of iptables' tables? */
static bool is_iptables(const json_t *item, const char *family)
{
	static const char *const kinds[] = {"rule", "chain", "table"};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const json_t *object = json_object_get(item, kinds[k]);
		const char *own = json_string_value(json_object_get(object, "family"));
		const char *table =
			json_string_value(json_object_get(object, k == 2 ? "name" : "table"));

		if (!own || !table || strcmp(own, family) != 0)
			continue;
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			if (strcmp(table, tables[i]) == 0)
				return true;
	}
	return false;
}

bool iptables_is_hidden(const json_t *ruleset, const char *family)
{
	json_t *item, *statement;
	size_t i, j;

	json_array_foreach(ruleset, i, item)
	{
		const json_t *expr = json_object_get(json_object_get(item, "rule"), "expr");

		if (!is_iptables(item, family))
			continue;
		json_array_foreach(
			expr, j, statement) if (json_object_get(statement, "xt")) return true;
	}
	return false;
}

void iptables_remove(json_t *ruleset, const char *family)
{
	for (size_t i = json_array_size(ruleset); i-- > 0;)
		if (is_iptables(json_array_get(ruleset, i), family))
			json_array_remove(ruleset, i);
}

/*
 * Walking through chains. A walk yields the set of what may happen; a rule of which it is unknown
 * whether it matches adds its outcome and lets the walk go on. When the set has one element, that
 * is what happens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wall.h"
#include "wallmatch.h"

enum {
	MAY_ACCEPT = 1 << 0,
	MAY_DROP = 1 << 1,
	MAY_GO_ON = 1 << 2,  /* of a rule: to the next; of a chain: back to who called it */
	MAY_RETURN = 1 << 3, /* of a rule only */
	MAY_HIDE = 1 << 4,   /* another source address: masquerade, snat */
	DEPTH_MAX = 16,      /* the kernel's own limit on jumps */
};

struct walk {
	struct wall_place place;
	const struct wall_packet *packet;
	const char *chain; /* that is walked */
	unsigned depth;
	struct wall_answer *answer; /* where a certain drop is written down first */
	bool is_told;
};

static unsigned run_chain(struct walk *walk, const char *name);

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_of(const json_t *object, const struct wall_place *place)
{
	return strcmp(string_of(object, "family"), place->family) == 0 &&
	       strcmp(string_of(object, "table"), place->table) == 0;
}

static enum wall_keeper keeper_of(const char *table, const char *chain)
{
	bool is_iptables = strcmp(table, "filter") == 0 || strcmp(table, "raw") == 0 ||
			   strcmp(table, "mangle") == 0 || strcmp(table, "nat") == 0;

	if (strstr(table, " (legacy)"))
		return WALL_IPTABLES;
	if (strcmp(table, "firewalld") == 0)
		return WALL_FIREWALLD;
	if (strncmp(chain, "ufw", 3) == 0)
		return WALL_UFW;
	return is_iptables && chain[0] >= 'A' && chain[0] <= 'Z' ? WALL_IPTABLES : WALL_NFT;
}

static void tell(struct walk *walk, const char *what)
{
	struct wall_answer *answer = walk->answer;
	enum wall_keeper keeper = keeper_of(walk->place.table, walk->chain);

	if (walk->is_told)
		return;
	walk->is_told = true;
	if (answer->keeper != WALL_UFW)
		answer->keeper = keeper;
	snprintf(answer->rule, sizeof(answer->rule), "table %s %s, chain %s, %s",
		walk->place.family, walk->place.table, walk->chain, what);
	snprintf(answer->family, sizeof(answer->family), "%s", walk->place.family);
	snprintf(answer->table, sizeof(answer->table), "%s", walk->place.table);
	snprintf(answer->chain, sizeof(answer->chain), "%s", walk->chain);
}

static unsigned jump(struct walk *walk, const json_t *jump, bool comes_back)
{
	const char *target = string_of(jump, "target"), *here = walk->chain;
	unsigned may;

	if (++walk->depth > DEPTH_MAX)
		may = MAY_ACCEPT | MAY_DROP;
	else
		may = run_chain(walk, target);
	walk->depth--;
	walk->chain = here;
	if (!comes_back && (may & MAY_GO_ON))
		may = (may & ~(unsigned)MAY_GO_ON) | MAY_RETURN;
	return may;
}

/* What iptables' own targets do; others, which nft cannot show, may do anything. */
static unsigned run_foreign(const json_t *foreign)
{
	static const struct {
		const char *name;
		unsigned may;
	} targets[] = {{"REJECT", MAY_DROP}, {"MASQUERADE", MAY_HIDE}, {"SNAT", MAY_HIDE},
		{"NETMAP", MAY_HIDE}, {"LOG", MAY_GO_ON}, {"NFLOG", MAY_GO_ON}, {"MARK", MAY_GO_ON},
		{"CONNMARK", MAY_GO_ON}, {"TCPMSS", MAY_GO_ON}, {"CHECKSUM", MAY_GO_ON}};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (strcmp(string_of(foreign, "name"), targets[i].name) == 0)
			return targets[i].may;
	return MAY_ACCEPT | MAY_DROP | MAY_GO_ON;
}

/* What a statement that decides does; 0: it decides nothing. */
static unsigned run_verdict(struct walk *walk, const char *kind, const json_t *value)
{
	static const struct {
		const char *kind;
		unsigned may;
	} verdicts[] = {
		{"accept", MAY_ACCEPT},
		{"drop", MAY_DROP},
		{"reject", MAY_DROP},
		{"return", MAY_RETURN},
		{"continue", MAY_GO_ON},
		{"masquerade", MAY_HIDE},
		{"snat", MAY_HIDE},
		{"queue", MAY_ACCEPT | MAY_DROP},
		{"dnat", MAY_ACCEPT},
		{"redirect", MAY_ACCEPT},
		{"tproxy", MAY_ACCEPT | MAY_DROP},
		{"fwd", MAY_ACCEPT | MAY_DROP},
		{"synproxy", MAY_ACCEPT | MAY_DROP},
	};

	if (strcmp(kind, "jump") == 0)
		return jump(walk, value, true);
	if (strcmp(kind, "goto") == 0)
		return jump(walk, value, false);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (strcmp(kind, verdicts[i].kind) == 0)
			return verdicts[i].may;
	return 0;
}

/* A map from values to verdicts: what the element that matches says. */
static unsigned run_map(struct walk *walk, const json_t *map)
{
	const json_t *data = json_object_get(map, "data"), *pairs = json_object_get(data, "set");
	const char *name = json_string_value(data), *kind;
	unsigned may = 0;
	json_t *pair, *value;
	size_t i;

	if (name && name[0] == '@')
		pairs = wallmatch_named(&walk->place, name + 1);
	json_array_foreach(pairs, i, pair)
	{
		enum wall_truth truth = wallmatch_equal(&walk->place, json_object_get(map, "key"),
			json_array_get(pair, 0), walk->packet);

		if (truth == WALL_NO)
			continue;
		json_object_foreach(json_array_get(pair, 1), kind, value) may |=
			run_verdict(walk, kind, value);
		if (truth == WALL_YES)
			return may;
	}
	return may | MAY_GO_ON;
}

static bool is_neutral(const char *kind)
{
	static const char *const kinds[] = {"counter", "log", "comment", "mangle", "notrack",
		"flow", "ct helper", "ct timeout", "set", "map", "secmark"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

/* One statement: whether the rule goes on to its next one, and what may happen here. */
static enum wall_truth run_statement(
	struct walk *walk, const char *kind, const json_t *value, unsigned *may)
{
	*may = 0;
	if (strcmp(kind, "match") == 0)
		return wallmatch_run(&walk->place, value, walk->packet);
	if (strcmp(kind, "vmap") == 0) {
		*may = run_map(walk, value);
		return WALL_YES;
	}
	if (strcmp(kind, "xt") == 0) {
		if (strcmp(string_of(value, "type"), "target") == 0)
			*may = run_foreign(value);
		else if (strcmp(string_of(value, "name"), "comment") != 0)
			return WALL_MAYBE;
		return WALL_YES;
	}
	*may = run_verdict(walk, kind, value);
	return *may || is_neutral(kind) ? WALL_YES : WALL_MAYBE;
}

static unsigned run_rule(struct walk *walk, const json_t *rule)
{
	const json_t *statements = json_object_get(rule, "expr");
	bool is_certain = true;
	json_t *statement, *value;
	const char *kind;
	unsigned may;
	size_t i;

	json_array_foreach(statements, i, statement)
	{
		json_object_foreach(statement, kind, value)
		{
			enum wall_truth truth = run_statement(walk, kind, value, &may);

			if (truth == WALL_NO)
				return MAY_GO_ON;
			if (truth == WALL_MAYBE)
				is_certain = false;
			if (!may)
				continue;
			if (may & MAY_DROP)
				tell(walk, kind);
			return is_certain ? may : may | MAY_GO_ON;
		}
	}
	return MAY_GO_ON;
}

static unsigned run_chain(struct walk *walk, const char *name)
{
	unsigned all = 0;
	json_t *item;
	size_t i;

	walk->chain = name;
	json_array_foreach(walk->place.ruleset, i, item)
	{
		const json_t *rule = json_object_get(item, "rule");
		unsigned may;

		if (!rule || !is_of(rule, &walk->place) ||
			strcmp(string_of(rule, "chain"), name) != 0)
			continue;
		may = run_rule(walk, rule);
		walk->chain = name;
		all |= may & ~(unsigned)(MAY_GO_ON | MAY_RETURN);
		if (may & MAY_RETURN)
			all |= MAY_GO_ON;
		if (!(may & MAY_GO_ON))
			return all;
	}
	return all | MAY_GO_ON;
}

static const char *const hook_names[] = {"prerouting", "input", "forward", "output", "postrouting"};

static bool sees_family(const char *family, uint8_t packet_family)
{
	return strcmp(family, "inet") == 0 ||
	       strcmp(family, packet_family == IP_V4 ? "ip" : "ip6") == 0;
}

/* A chain that the kernel itself calls at this hook, of this type. */
static bool is_base(const json_t *chain, const char *type, enum wall_hook hook, uint8_t family)
{
	return chain && strcmp(string_of(chain, "hook"), hook_names[hook]) == 0 &&
	       sees_family(string_of(chain, "family"), family) &&
	       strcmp(string_of(chain, "type"), type) == 0;
}

static unsigned run_base(const json_t *ruleset, const json_t *chain,
	const struct wall_packet *packet, struct wall_answer *answer)
{
	struct walk walk = {
		.place = {ruleset, string_of(chain, "family"), string_of(chain, "table")},
		.packet = packet,
		.answer = answer};
	bool drops = strcmp(string_of(chain, "policy"), "drop") == 0;
	unsigned may = run_chain(&walk, string_of(chain, "name"));

	if (!(may & MAY_GO_ON))
		return may;
	if (drops)
		tell(&walk, "policy drop");
	return (may & ~(unsigned)MAY_GO_ON) | (drops ? MAY_DROP : MAY_ACCEPT);
}

/* The rules of ufw stand in iptables' tables: its chains give it away. */
static bool has_ufw(const json_t *ruleset)
{
	json_t *item;
	size_t i;

	json_array_foreach(ruleset, i, item)
	{
		const json_t *chain = json_object_get(item, "chain");

		if (chain && strncmp(string_of(chain, "name"), "ufw", 3) == 0)
			return true;
	}
	return false;
}

static enum wall_verdict verdict_of(unsigned may)
{
	if (!(may & MAY_DROP))
		return WALL_PASSES;
	return may == MAY_DROP ? WALL_DROPS : WALL_UNCLEAR;
}

void wall_ask(const json_t *ruleset, const struct wall_packet *packet, const enum wall_hook *hooks,
	size_t hooks_count, struct wall_answer *answer)
{
	json_t *item;
	size_t i;

	*answer = (struct wall_answer){.verdict = WALL_PASSES};
	for (size_t h = 0; h < hooks_count; h++) {
		json_array_foreach(ruleset, i, item)
		{
			const json_t *chain = json_object_get(item, "chain");
			struct wall_answer one = {.verdict = WALL_PASSES};

			if (!is_base(chain, "filter", hooks[h], packet->family))
				continue;
			one.verdict = verdict_of(run_base(ruleset, chain, packet, &one));
			if (one.verdict == WALL_PASSES ||
				(one.verdict == WALL_UNCLEAR && answer->verdict != WALL_PASSES))
				continue;
			*answer = one;
			if (answer->keeper == WALL_IPTABLES && has_ufw(ruleset))
				answer->keeper = WALL_UFW;
			if (one.verdict == WALL_DROPS)
				return;
		}
	}
}

bool wall_masquerades(const json_t *ruleset, const struct wall_packet *packet)
{
	struct wall_answer ignored = {0};
	json_t *item;
	size_t i;

	json_array_foreach(ruleset, i, item)
	{
		const json_t *chain = json_object_get(item, "chain");

		if (is_base(chain, "nat", WALL_POSTROUTING, packet->family) &&
			(run_base(ruleset, chain, packet, &ignored) & MAY_HIDE))
			return true;
	}
	return false;
}

bool wall_has_masquerade(const json_t *ruleset)
{
	static const char *const kinds[] = {"masquerade", "snat"};
	json_t *item, *statement;
	size_t i, j;

	json_array_foreach(ruleset, i, item)
	{
		json_array_foreach(
			json_object_get(json_object_get(item, "rule"), "expr"), j, statement)
		{
			const json_t *foreign = json_object_get(statement, "xt");

			for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
				if (json_object_get(statement, kinds[k]))
					return true;
			if (foreign && run_foreign(foreign) == MAY_HIDE)
				return true;
		}
	}
	return false;
}

/*
 * The way down: what is seen of a tunnel in a snapshot, and what only its journal knows, taken
 * back in the reverse of the order in which `up` makes it. Several full tunnels share the system's
 * rules and sysctl, so what another one still needs stays.
 */
#include <stdlib.h>
#include <string.h>
#include "plan.h"

static bool is_mark_rule(const struct iprule *rule)
{
	return rule->is_plain && rule->is_not && rule->has_mark && rule->mark == rule->table;
}

static bool is_suppressor(const struct iprule *rule)
{
	return rule->is_plain && !rule->is_not && !rule->has_mark &&
	       rule->table == IPROUTE_TABLE_MAIN && rule->suppress_prefixlen == 0;
}

/* Is there another full tunnel of this family? */
static bool has_other_tunnel(const struct state *state, uint8_t family, uint32_t mark)
{
	for (size_t i = 0; i < state->rules_count; i++)
		if (state->rules[i].family == family && is_mark_rule(&state->rules[i]) &&
			state->rules[i].mark != mark)
			return true;
	return false;
}

/* The suppressing rules that stand before this priority, `without` left out. */
static size_t count_suppressors(
	const struct state *state, const struct iprule *mark_rule, const struct iprule *without)
{
	size_t count = 0;

	for (size_t i = 0; i < state->rules_count; i++)
		if (&state->rules[i] != without && state->rules[i].family == mark_rule->family &&
			is_suppressor(&state->rules[i]) &&
			state->rules[i].priority < mark_rule->priority)
			count++;
	return count;
}

/* Would some other tunnel be without its suppressing rule if this one went? */
static bool is_needed(const struct state *state, const struct iprule *suppressor, uint32_t mark)
{
	for (size_t i = 0; i < state->rules_count; i++) {
		const struct iprule *rule = &state->rules[i];

		if (rule->family == suppressor->family && is_mark_rule(rule) &&
			rule->mark != mark && !count_suppressors(state, rule, suppressor))
			return true;
	}
	return false;
}

static void delete_rule(struct step_list *plan, const struct iprule *rule)
{
	step_list_add(plan, &(struct step){.kind = STEP_RULE_DELETE,
				    .family = rule->family,
				    .mark = rule->mark,
				    .table = rule->table,
				    .priority = rule->priority});
}

/* The suppressing rule that belongs to a mark's rule: the nearest before it. */
static const struct iprule *find_partner(const struct state *state, const struct iprule *mark_rule)
{
	const struct iprule *partner = NULL;

	for (size_t i = 0; i < state->rules_count; i++) {
		const struct iprule *rule = &state->rules[i];

		if (rule->family == mark_rule->family && is_suppressor(rule) &&
			rule->priority < mark_rule->priority &&
			(!partner || rule->priority > partner->priority))
			partner = rule;
	}
	return partner;
}

/* A suppressing rule that our journal speaks of and that is still there. */
static const struct iprule *find_journaled(const struct state *state, uint8_t family)
{
	for (size_t i = 0; i < state->journal.count; i++) {
		const struct step *step = &state->journal.steps[i];

		if (step->kind != STEP_RULE_ADD || step->family != family || step->mark)
			continue;
		for (size_t j = 0; j < state->rules_count; j++)
			if (state->rules[j].family == family && is_suppressor(&state->rules[j]) &&
				state->rules[j].priority == step->priority)
				return &state->rules[j];
	}
	return NULL;
}

static void plan_rules_down(
	struct step_list *plan, const struct state *state, uint8_t family, uint32_t mark)
{
	const struct iprule *partner = NULL, *own = NULL;

	for (size_t i = 0; i < state->rules_count && !own; i++)
		if (state->rules[i].family == family && is_mark_rule(&state->rules[i]) &&
			state->rules[i].mark == mark)
			own = &state->rules[i];
	if (own)
		partner = find_partner(state, own);
	if (!partner)
		partner = find_journaled(state, family);
	if (partner && is_needed(state, partner, mark))
		partner = NULL;
	if (own)
		delete_rule(plan, own);
	if (partner)
		delete_rule(plan, partner);
}

static void plan_firewall_down(struct step_list *plan, const struct state *state, uint8_t family)
{
	const struct step *added = step_list_find(&state->journal, STEP_FIREWALL_ADD, family);
	struct step step = {.kind = STEP_FIREWALL_DELETE,
		.family = family,
		.value = added ? added->value : state->firewall_tool};

	if (state->has_firewall[family_index(family)])
		step_list_add(plan, &step);
}

/* The sysctl goes back when we have set it and no other tunnel is left to need it. */
static void plan_valid_mark_down(struct step_list *plan, const struct state *state, uint32_t mark)
{
	const struct step *set = step_list_find(&state->journal, STEP_VALID_MARK, IP_NONE);
	struct step step;

	if (set && state->valid_mark == (int)set->value && !has_other_tunnel(state, IP_V4, mark) &&
		step_invert(set, &step)) {
		step.is_silent = false;
		step_list_add(plan, &step);
	}
}

void plan_default_down(
	struct step_list *plan, const struct state *state, uint8_t family, uint32_t mark)
{
	if (family == IP_V4)
		plan_valid_mark_down(plan, state, mark);
	plan_firewall_down(plan, state, family);
	plan_rules_down(plan, state, family, mark);
}

static void plan_dns_down(
	struct step_list *plan, const struct options *options, const struct state *state)
{
	const struct step *set = step_list_find(&state->journal, STEP_DNS_SET, IP_NONE);
	struct step step = {.kind = STEP_DNS_UNSET, .value = state->dns_tool};

	memcpy(step.name, state->dns_name, sizeof(step.name));
	if (set && step_invert(set, &step))
		step_list_add(plan, &step);
	else if (!set && !state->has_journal && options && options->dns_servers.count)
		step_list_add(plan, &step);
}

/* The mark of the tunnel, which a device that is gone can no longer tell. */
static uint32_t find_mark(const struct state *state)
{
	const struct step *rule = step_list_find(&state->journal, STEP_RULE_ADD, IP_NONE);
	const struct step *mark = step_list_find(&state->journal, STEP_FWMARK, IP_NONE);

	if (state->has_device && state->device.fwmark)
		return state->device.fwmark;
	for (size_t i = 0; rule && !rule->mark && i < state->journal.count; i++)
		if (state->journal.steps[i].kind == STEP_RULE_ADD && state->journal.steps[i].mark)
			rule = &state->journal.steps[i];
	return rule && rule->mark ? rule->mark : mark ? mark->value : 0;
}

static bool routes_default(const struct state *state, uint8_t family)
{
	for (size_t i = 0; i < state->device.peers_count; i++) {
		const struct peer_settings *peer = &state->device.peers[i];

		for (size_t j = 0; j < peer->allowed_ips_count; j++)
			if (!peer->allowed_ips[j].prefix.bits &&
				peer->allowed_ips[j].prefix.addr.family == family)
				return true;
	}
	return false;
}

/* Without a journal (another wg-quick has brought it up) the device itself must tell. */
static bool is_full_tunnel(const struct options *options, const struct state *state, uint8_t family)
{
	if (step_list_find(&state->journal, STEP_RULE_ADD, family) ||
		step_list_find(&state->journal, STEP_FIREWALL_ADD, family) ||
		state->has_firewall[family_index(family)])
		return true;
	if (family == IP_V4 && step_list_find(&state->journal, STEP_VALID_MARK, IP_NONE))
		return true;
	return !state->has_journal && (!options || options->table_mode == TABLE_AUTO) &&
	       routes_default(state, family);
}

void plan_down(struct step_list *plan, const struct options *options, const struct state *state)
{
	static const uint8_t families[] = {IP_V4, IP_V6};
	uint32_t mark = find_mark(state);

	if (step_list_find(&state->journal, STEP_RESOLVER_START, IP_NONE))
		step_list_add(plan, &(struct step){.kind = STEP_RESOLVER_STOP, .is_silent = true});
	for (size_t i = 0; i < sizeof(families); i++)
		if (is_full_tunnel(options, state, families[i]))
			plan_default_down(plan, state, families[i], mark);
	plan_dns_down(plan, options, state);
	if (state_link(state))
		step_list_add(plan, &(struct step){.kind = STEP_LINK_DELETE});
}

/* The planner's stages, all but routes, firewall and the way down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "devicediff.h"
#include "plan.h"

enum {
	MTU_OVERHEAD = 80, /* of WireGuard over IPv6: 40 + 8 + 32 */
	MTU_ETHERNET = 1500,
	MTU_SMALLEST = 68, /* what IPv4 asks of every link */
};

typedef void stage_planner(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state);

static stage_planner plan_create, plan_pre_up, plan_device, plan_link, plan_resolver, plan_post_up;

static const struct {
	stage_planner *plan;
	bool in_reload;
	bool needs_state; /* more of it than the interface's name */
} stages[STAGE_COUNT] = {
	[STAGE_CREATE] = {plan_create, false, false},
	[STAGE_PRE_UP] = {plan_pre_up, false, false},
	[STAGE_DEVICE] = {plan_device, true, false},
	[STAGE_LINK] = {plan_link, true, true},
	[STAGE_ROUTES] = {plan_routes, true, true},
	[STAGE_RESOLVER] = {plan_resolver, true, false},
	[STAGE_POST_UP] = {plan_post_up, false, false},
};

bool plan_needs_state(enum plan_stage stage)
{
	return stages[stage].needs_state;
}

void plan_stage(struct step_list *plan, enum plan_stage stage, enum plan_mode mode,
	const struct wanted *wanted, const struct state *state)
{
	if (mode == PLAN_UP || stages[stage].in_reload)
		stages[stage].plan(plan, mode, wanted, state);
}

bool plan_reload(struct step_list *plan, const struct wanted *wanted, struct state *state)
{
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		size_t from = plan->count;

		plan_stage(plan, (enum plan_stage)stage, PLAN_RELOAD, wanted, state);
		for (size_t i = from; i < plan->count; i++) {
			enum step_kind kind = plan->steps[i].kind;

			if ((kind == STEP_ADDRESS_ADD || kind == STEP_ADDRESS_DELETE) &&
				!state_apply(state, &plan->steps[i]))
				return false;
		}
	}
	return !plan->is_short;
}

static void plan_create(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	(void)mode, (void)wanted, (void)state;
	step_list_add(plan, &(struct step){.kind = STEP_LINK_ADD});
}

/* A copy of the command with every %i replaced. */
static char *expand_hook(const char *command, const char *ifname)
{
	struct textbuf out;
	const char *mark;
	char *text;

	textbuf_init(&out);
	while ((mark = strstr(command, "%i")) != NULL) {
		textbuf_add_span(&out, (struct span){command, (size_t)(mark - command)});
		textbuf_add(&out, ifname);
		command = mark + 2;
	}
	textbuf_add(&out, command);
	text = textbuf_status(&out) ? NULL : strdup(out.text);
	textbuf_fini(&out);
	return text;
}

void plan_hooks(
	struct step_list *plan, const struct options *options, enum hook hook, const char *ifname)
{
	for (size_t i = 0; i < options->hooks[hook].count; i++) {
		char *text = expand_hook(options->hooks[hook].items[i], ifname);

		if (!text)
			plan->is_short = true;
		step_list_add(plan, &(struct step){.kind = STEP_HOOK, .text = text});
	}
}

static void plan_pre_up(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	(void)mode;
	plan_hooks(plan, wanted->options, HOOK_PRE_UP, state->ifname);
}

static void plan_post_up(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	(void)mode;
	plan_hooks(plan, wanted->options, HOOK_POST_UP, state->ifname);
}

/* True when the device is all that the file says already. */
static bool is_device_right(
	const struct device_settings *there, const struct device_settings *wanted)
{
	struct device_settings change;
	bool is_right;

	device_begin_change(&change, there->name);
	is_right = device_diff(there, wanted, &change) == 0 && !change.has && !change.peers_count;
	settings_fini(&change);
	return is_right;
}

static void plan_device(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	struct step step = {.kind = mode == PLAN_UP ? STEP_DEVICE_ADD : STEP_DEVICE_SYNC,
		.settings = wanted->device};

	if (mode == PLAN_UP || !is_device_right(&state->device, wanted->device))
		step_list_add(plan, &step);
}

static void warn_left_out(struct step_list *plan, const char *what)
{
	char *text;

	if (asprintf(&text, "Warning: IPv6 is disabled here, %s is left out", what) < 0)
		text = NULL;
	step_list_add(plan, &(struct step){.kind = STEP_WARN, .text = text});
}

static const struct link_addr *find_address(
	const struct state *state, uint32_t index, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < state->addrs_count; i++)
		if (state->addrs[i].ifindex == index &&
			state->addrs[i].prefix.bits == prefix->bits &&
			ip_addr_equal(&state->addrs[i].prefix.addr, &prefix->addr))
			return &state->addrs[i];
	return NULL;
}

static bool wants_address(const struct options *options, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < options->addresses_count; i++)
		if (options->addresses[i].prefix.bits == prefix->bits &&
			ip_addr_equal(&options->addresses[i].prefix.addr, &prefix->addr))
			return true;
	return false;
}

static void drop_addresses(struct step_list *plan, const struct options *options,
	const struct state *state, uint32_t index)
{
	for (size_t i = 0; i < state->addrs_count; i++) {
		const struct link_addr *addr = &state->addrs[i];

		if (addr->ifindex == index && !addr->kernel_made &&
			!wants_address(options, &addr->prefix))
			step_list_add(plan, &(struct step){.kind = STEP_ADDRESS_DELETE,
						    .family = addr->prefix.addr.family,
						    .prefix = addr->prefix});
	}
}

static void add_addresses(struct step_list *plan, const struct options *options,
	const struct state *state, uint32_t index)
{
	for (size_t i = 0; i < options->addresses_count; i++) {
		const struct own_address *address = &options->addresses[i];
		uint8_t family = address->prefix.addr.family;

		if (find_address(state, index, &address->prefix))
			continue;
		if (family == IP_V6 && state->is_ipv6_off)
			warn_left_out(plan, address->text);
		else
			step_list_add(plan, &(struct step){.kind = STEP_ADDRESS_ADD,
						    .family = family,
						    .prefix = address->prefix,
						    .text = strdup(address->text)});
	}
}

/* Given, or what fits the way to the endpoints. */
static uint32_t choose_mtu(const struct options *options, const struct state *state)
{
	uint32_t outer = state->path_mtu ? state->path_mtu : state->default_mtu;

	if (options->mtu)
		return options->mtu;
	if (outer < MTU_SMALLEST + MTU_OVERHEAD)
		outer = MTU_ETHERNET;
	return outer - MTU_OVERHEAD;
}

static void plan_mtu(struct step_list *plan, uint32_t mtu, const struct iflink *link)
{
	if (!link || !link->is_up)
		step_list_add(plan, &(struct step){.kind = STEP_LINK_UP, .value = mtu});
	else if (link->mtu != mtu)
		step_list_add(plan,
			&(struct step){.kind = STEP_MTU, .value = mtu, .old_value = link->mtu});
}

/* The lines that resolvconf is given; NULL when there is no server (or no memory). */
static char *dns_text(struct step_list *plan, const struct options *options)
{
	struct textbuf out;
	char *text = NULL;

	if (!options->dns_servers.count)
		return NULL;
	textbuf_init(&out);
	for (size_t i = 0; i < options->dns_servers.count; i++)
		textbuf_addf(&out, "nameserver %s\n", options->dns_servers.items[i]);
	for (size_t i = 0; i < options->dns_search.count; i++)
		textbuf_addf(&out, "%s%s", i ? " " : "search ", options->dns_search.items[i]);
	if (options->dns_search.count)
		textbuf_add(&out, "\n");
	if (textbuf_status(&out) == 0)
		text = strdup(out.text);
	if (!text)
		plan->is_short = true;
	textbuf_fini(&out);
	return text;
}

static void plan_dns(struct step_list *plan, enum plan_mode mode, const struct options *options,
	const struct state *state)
{
	const struct step *set = step_list_find(&state->journal, STEP_DNS_SET, IP_NONE);
	struct step step = {.kind = STEP_DNS_SET, .value = state->dns_tool};

	memcpy(step.name, state->dns_name, sizeof(step.name));
	step.text = dns_text(plan, options);
	if (mode == PLAN_RELOAD && set && step.text && strcmp(set->text, step.text) == 0)
		step_fini(&step);
	else if (step.text)
		step_list_add(plan, &step);
	else if (mode == PLAN_RELOAD && set && step_invert(set, &step))
		step_list_add(plan, &step);
}

static void plan_link(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	const struct iflink *link = state_link(state);
	uint32_t index = link ? link->index : 0;

	/* In this order, so that the link is never without an address, which would end its routes. */
	add_addresses(plan, wanted->options, state, index);
	if (mode == PLAN_RELOAD)
		drop_addresses(plan, wanted->options, state, index);
	plan_mtu(plan, choose_mtu(wanted->options, state), link);
	plan_dns(plan, mode, wanted->options, state);
}

/* A reload's helper is a new one: the names may be others. */
static void plan_resolver(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	if (mode == PLAN_RELOAD && step_list_find(&state->journal, STEP_RESOLVER_START, IP_NONE))
		step_list_add(plan, &(struct step){.kind = STEP_RESOLVER_STOP, .is_silent = true});
	if (wanted->has_names)
		step_list_add(plan, &(struct step){.kind = STEP_RESOLVER_START, .is_silent = true});
}

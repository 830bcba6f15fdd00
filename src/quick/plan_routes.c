/*
 * Routes for the allowed IPs. A default route with Table = auto is not put into the main table:
 * it gets a table of its own, which every packet without the tunnel's mark asks, after the main
 * table was asked for anything but a default route.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plan.h"
#include "values.h"

enum {
	FIRST_TABLE = 51820,
	IPV6_BITS = 128,
	/* Where the kernel puts the first rule that does not say where. */
	FIRST_PRIORITY = 32765,
	PREFIX_TEXT_MAX = 47,
};

/* A prefix to be routed, with the text by which equal lengths are sorted. */
struct routed {
	struct ip_prefix prefix;
	char text[PREFIX_TEXT_MAX + 1];
};

struct routed_list {
	struct routed *items;
	size_t count;
};

/* The routes of our link in one table, for looking up whether one covers a prefix. */
struct cover {
	struct ip_prefix *prefixes; /* sorted */
	size_t count;
	bool has_bits[2][IPV6_BITS + 1];
};

/* Everything that planning routes needs at hand. */
struct routing {
	struct step_list *plan;
	enum plan_mode mode;
	const struct wanted *wanted;
	const struct state *state;
	uint32_t index; /* of our link */
	uint32_t mark;  /* and table of default routes; 0: not chosen yet */
	bool has_warned;
};

static int compare_prefixes(const void *a, const void *b)
{
	const struct ip_prefix *x = a, *y = b;
	int order = memcmp(&x->addr, &y->addr, sizeof(x->addr));

	return order ? order : x->bits - y->bits;
}

/* The longest first; of one length the greatest text first. */
static int compare_routed(const void *a, const void *b)
{
	const struct routed *x = a, *y = b;

	return x->prefix.bits != y->prefix.bits ? y->prefix.bits - x->prefix.bits
						: strcmp(y->text, x->text);
}

static size_t count_allowed_ips(const struct device_settings *device)
{
	size_t count = 0;

	for (size_t i = 0; i < device->peers_count; i++)
		count += device->peers[i].allowed_ips_count;
	return count;
}

static void set_text(struct routed *item)
{
	struct textbuf buf;

	textbuf_init(&buf);
	value_print_prefix(&buf, &item->prefix);
	snprintf(item->text, sizeof(item->text), "%s", buf.text ? buf.text : "");
	textbuf_fini(&buf);
}

static bool list_has(const struct routed_list *list, const struct ip_prefix *prefix)
{
	struct routed item = {.prefix = *prefix};

	if (!list || !list->count)
		return false;
	set_text(&item);
	return bsearch(&item, list->items, list->count, sizeof(item), compare_routed) != NULL;
}

static bool same_routed(const struct routed *a, const struct routed *b)
{
	return compare_prefixes(&a->prefix, &b->prefix) == 0;
}

/* All allowed IPs of all peers, each once, in the order in which they are routed. */
static bool list_routed(const struct device_settings *device, struct routed_list *list)
{
	size_t total = count_allowed_ips(device), kept = 0;

	*list = (struct routed_list){.items = calloc(total + 1, sizeof(struct routed))};
	if (!list->items)
		return false;
	for (size_t i = 0; i < device->peers_count; i++) {
		for (size_t j = 0; j < device->peers[i].allowed_ips_count; j++) {
			list->items[list->count].prefix = device->peers[i].allowed_ips[j].prefix;
			set_text(&list->items[list->count++]);
		}
	}
	qsort(list->items, list->count, sizeof(struct routed), compare_routed);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || !same_routed(&list->items[kept - 1], &list->items[i]))
			list->items[kept++] = list->items[i];
	list->count = kept;
	return true;
}

static bool build_cover(const struct state *state, uint32_t index, uint32_t table,
	const struct routed_list *leaving, struct cover *cover)
{
	*cover = (struct cover){
		.prefixes = calloc(state->routes_count + 1, sizeof(struct ip_prefix))};
	if (!cover->prefixes)
		return false;
	for (size_t i = 0; i < state->routes_count; i++) {
		const struct iproute *route = &state->routes[i];

		if (route->ifindex != index || route->table != table || !route->is_unicast ||
			(!route->kernel_made && list_has(leaving, &route->dst)))
			continue;
		cover->prefixes[cover->count++] = route->dst;
		cover->has_bits[family_index(route->dst.addr.family)][route->dst.bits] = true;
	}
	qsort(cover->prefixes, cover->count, sizeof(struct ip_prefix), compare_prefixes);
	return true;
}

static bool cover_has(const struct cover *cover, const struct ip_prefix *prefix)
{
	return cover->has_bits[family_index(prefix->addr.family)][prefix->bits] &&
	       bsearch(prefix, cover->prefixes, cover->count, sizeof(*prefix), compare_prefixes);
}

/* True when a route of the prefix, or of a wider one, is there. */
static bool cover_includes(const struct cover *cover, const struct ip_prefix *prefix)
{
	struct ip_prefix wider = *prefix;

	for (int bits = prefix->bits; bits >= 0; bits--) {
		wider.bits = (uint8_t)bits;
		prefix_mask(&wider);
		if (cover_has(cover, &wider))
			return true;
	}
	return false;
}

static void add_route(
	struct step_list *plan, const struct ip_prefix *prefix, uint32_t table, const char *name)
{
	step_list_add(plan, &(struct step){.kind = STEP_ROUTE_ADD,
				    .family = prefix->addr.family,
				    .prefix = *prefix,
				    .table = table,
				    .text = name ? strdup(name) : NULL});
}

static bool is_table_used(const struct state *state, uint32_t table)
{
	for (size_t i = 0; i < state->routes_count; i++)
		if (state->routes[i].table == table)
			return true;
	for (size_t i = 0; i < state->rules_count; i++)
		if (state->rules[i].table == table)
			return true;
	return false;
}

/* The mark of our own packets, which is also the table's number. */
static void choose_mark(struct routing *routing)
{
	if (routing->mark)
		return;
	routing->mark = routing->state->device.fwmark;
	if (routing->mark)
		return;
	for (routing->mark = FIRST_TABLE; is_table_used(routing->state, routing->mark);)
		routing->mark++;
	step_list_add(routing->plan, &(struct step){.kind = STEP_FWMARK, .value = routing->mark});
}

static const struct iprule *find_mark_rule(const struct state *state, uint8_t family, uint32_t mark)
{
	for (size_t i = 0; i < state->rules_count; i++) {
		const struct iprule *rule = &state->rules[i];

		if (rule->family == family && rule->is_plain && rule->is_not && rule->has_mark &&
			rule->mark == mark && rule->table == mark)
			return rule;
	}
	return NULL;
}

static bool has_suppressor_before(const struct state *state, const struct iprule *mark_rule)
{
	for (size_t i = 0; i < state->rules_count; i++) {
		const struct iprule *rule = &state->rules[i];

		if (rule->family == mark_rule->family && rule->is_plain && !rule->is_not &&
			!rule->has_mark && rule->table == IPROUTE_TABLE_MAIN &&
			rule->suppress_prefixlen == 0 && rule->priority < mark_rule->priority)
			return true;
	}
	return false;
}

/* Before all others but that of the local table: where the kernel puts rules by itself. */
static uint32_t next_priority(const struct state *state, uint8_t family)
{
	uint32_t first = 0;

	for (size_t i = 0; i < state->rules_count; i++) {
		const struct iprule *rule = &state->rules[i];

		if (rule->family == family && rule->priority && (!first || rule->priority < first))
			first = rule->priority;
	}
	return first > 2 ? first - 1 : FIRST_PRIORITY;
}

static void plan_rules(struct routing *routing, uint8_t family)
{
	const struct iprule *there = find_mark_rule(routing->state, family, routing->mark);
	uint32_t priority = next_priority(routing->state, family);
	struct step rule = {.kind = STEP_RULE_ADD,
		.family = family,
		.mark = routing->mark,
		.table = routing->mark,
		.priority = priority};

	if (!there) {
		step_list_add(routing->plan, &rule);
		priority--;
	} else if (has_suppressor_before(routing->state, there)) {
		return;
	}
	rule.mark = 0;
	rule.table = IPROUTE_TABLE_MAIN;
	rule.priority = priority;
	step_list_add(routing->plan, &rule);
}

/* Replies that come in by the outer link must pass the check of their source address. */
static void plan_valid_mark(struct routing *routing)
{
	const struct state *state = routing->state;

	if (state->valid_mark != 0 && !state->valid_mark_is_ours)
		return;
	if (step_list_find(&state->journal, STEP_VALID_MARK, IP_NONE))
		return;
	step_list_add(routing->plan,
		&(struct step){
			.kind = STEP_VALID_MARK, .is_silent = state->valid_mark == 1, .value = 1});
}

static void plan_default_route(struct routing *routing, const struct ip_prefix *prefix)
{
	uint8_t family = prefix->addr.family;
	struct cover cover;
	char name[16];

	choose_mark(routing);
	plan_rules(routing, family);
	if (!build_cover(routing->state, routing->index, routing->mark, NULL, &cover)) {
		routing->plan->is_short = true;
		return;
	}
	snprintf(name, sizeof(name), "%u", routing->mark);
	if (!cover_has(&cover, prefix))
		add_route(routing->plan, prefix, routing->mark, name);
	free(cover.prefixes);
	plan_firewall(routing->plan, routing->state, family, routing->mark);
	if (family == IP_V4)
		plan_valid_mark(routing);
}

static bool is_left_out(struct routing *routing, const struct routed *item)
{
	const struct state *state = routing->state;
	char *text;

	/* To leave out a default route while others have IPv6 would let packets out in clear. */
	if (item->prefix.addr.family != IP_V6 || !state->is_ipv6_off ||
		(!item->prefix.bits && !state->is_ipv6_off_for_all))
		return false;
	if (routing->has_warned)
		return true;
	routing->has_warned = true;
	text = strdup("Warning: IPv6 is disabled here, IPv6 routes are left out");
	step_list_add(routing->plan, &(struct step){.kind = STEP_WARN, .text = text});
	return true;
}

static void plan_route(
	struct routing *routing, const struct routed *item, const struct cover *cover)
{
	const struct options *options = routing->wanted->options;

	if (is_left_out(routing, item))
		return;
	if (options->table_mode == TABLE_AUTO && item->prefix.bits == 0)
		plan_default_route(routing, &item->prefix);
	else if (options->table_mode == TABLE_AUTO && !cover_includes(cover, &item->prefix))
		add_route(routing->plan, &item->prefix, IPROUTE_TABLE_MAIN, NULL);
	else if (options->table_mode == TABLE_NUMBER && !cover_has(cover, &item->prefix))
		add_route(routing->plan, &item->prefix, options->table, options->table_text);
}

/* Where all routes go but default ones that get a table of their own. */
static uint32_t common_table(const struct options *options)
{
	return options->table_mode == TABLE_NUMBER ? options->table : IPROUTE_TABLE_MAIN;
}

/* Is this route where the file wants one? */
static bool is_wanted(const struct routing *routing, const struct routed_list *wanted,
	const struct iproute *route)
{
	const struct options *options = routing->wanted->options;
	bool is_apart = options->table_mode == TABLE_AUTO && !route->dst.bits;
	uint32_t table = is_apart ? routing->state->device.fwmark : common_table(options);

	return route->table == table && list_has(wanted, &route->dst);
}

static void delete_route(struct step_list *plan, const struct iproute *route)
{
	struct step step = {.kind = STEP_ROUTE_DELETE,
		.family = route->dst.addr.family,
		.prefix = route->dst,
		.table = route->table};

	if (route->table != IPROUTE_TABLE_MAIN && asprintf(&step.text, "%u", route->table) < 0)
		step.text = NULL;
	step_list_add(plan, &step);
}

/*
 * Takes away the routes of allowed IPs that the device has and the file no longer names, or wants
 * in another table; what somebody else has routed here stays. What leaves the common table is put
 * into `leaving`.
 */
static bool drop_routes(
	struct routing *routing, const struct routed_list *wanted, struct routed_list *leaving)
{
	const struct state *state = routing->state;
	struct routed_list had;

	leaving->items = calloc(state->routes_count + 1, sizeof(struct routed));
	if (!leaving->items || !list_routed(&state->device, &had))
		return false;
	for (size_t i = 0; i < state->routes_count; i++) {
		const struct iproute *route = &state->routes[i];
		struct routed *item = &leaving->items[leaving->count];

		if (route->ifindex != routing->index || !route->is_unicast || route->kernel_made ||
			!list_has(&had, &route->dst) || is_wanted(routing, wanted, route))
			continue;
		delete_route(routing->plan, route);
		item->prefix = route->dst;
		set_text(item);
		leaving->count += route->table == common_table(routing->wanted->options);
	}
	qsort(leaving->items, leaving->count, sizeof(struct routed), compare_routed);
	free(had.items);
	return true;
}

/* Policy routing for default routes that the file no longer asks for. */
static void drop_default(struct routing *routing, const struct routed_list *wanted, uint8_t family)
{
	const struct state *state = routing->state;
	struct ip_prefix all = {.addr = {.family = family}};
	uint32_t mark = state->device.fwmark;

	if (mark && find_mark_rule(state, family, mark) &&
		(routing->wanted->options->table_mode != TABLE_AUTO || !list_has(wanted, &all)))
		plan_default_down(routing->plan, state, family, mark);
}

static void drop_unwanted(
	struct routing *routing, const struct routed_list *wanted, struct routed_list *leaving)
{
	if (routing->mode != PLAN_RELOAD)
		return;
	drop_default(routing, wanted, IP_V4);
	drop_default(routing, wanted, IP_V6);
	if (!drop_routes(routing, wanted, leaving))
		routing->plan->is_short = true;
}

void plan_routes(struct step_list *plan, enum plan_mode mode, const struct wanted *wanted,
	const struct state *state)
{
	const struct options *options = wanted->options;
	const struct iflink *link = state_link(state);
	struct routing routing = {.plan = plan,
		.mode = mode,
		.wanted = wanted,
		.state = state,
		.index = link ? link->index : 0};
	uint32_t table = common_table(options);
	struct routed_list list = {0}, leaving = {0};
	struct cover cover = {0};

	if (options->table_mode != TABLE_OFF &&
		!list_routed(mode == PLAN_UP ? &state->device : wanted->device, &list))
		plan->is_short = true;
	drop_unwanted(&routing, &list, &leaving);
	if (!build_cover(state, routing.index, table, &leaving, &cover))
		plan->is_short = true;
	for (size_t i = 0; i < list.count && cover.prefixes; i++)
		plan_route(&routing, &list.items[i], &cover);
	free(cover.prefixes);
	free(leaving.items);
	free(list.items);
}

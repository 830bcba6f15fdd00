/* States and lists of steps: their memory, and what a step would change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "grow.h"
#include "state.h"

void state_init(struct state *state, const char *ifname)
{
	*state = (struct state){0};
	snprintf(state->ifname, sizeof(state->ifname), "%s", ifname);
	settings_init(&state->device);
}

void state_fini(struct state *state)
{
	free(state->links);
	free(state->addrs);
	free(state->routes);
	free(state->rules);
	settings_fini(&state->device);
	step_list_fini(&state->journal);
	*state = (struct state){0};
}

const struct iflink *state_link(const struct state *state)
{
	for (size_t i = 0; i < state->links_count; i++)
		if (strcmp(state->links[i].name, state->ifname) == 0)
			return &state->links[i];
	return NULL;
}

void step_list_add(struct step_list *list, const struct step *step)
{
	struct step *steps = grow_array(list->steps, list->count, &list->room, sizeof(*steps));

	if (!steps) {
		list->is_short = true;
		free(step->text);
		return;
	}
	list->steps = steps;
	steps[list->count++] = *step;
}

void step_list_fini(struct step_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		step_fini(&list->steps[i]);
	free(list->steps);
	*list = (struct step_list){0};
}

const struct step *step_list_find(const struct step_list *list, enum step_kind kind, uint8_t family)
{
	for (size_t i = list->count; i-- > 0;)
		if (list->steps[i].kind == kind && (!family || list->steps[i].family == family))
			return &list->steps[i];
	return NULL;
}

/* Appends one item of `size` bytes to an array without spare room. */
static bool append(void *array, size_t *count, const void *item, size_t size)
{
	void **items = array;
	void *moved = reallocarray(*items, *count + 1, size);

	if (!moved)
		return false;
	*items = moved;
	memcpy((char *)moved + *count * size, item, size);
	++*count;
	return true;
}

static uint32_t link_index(const struct state *state)
{
	const struct iflink *link = state_link(state);

	return link ? link->index : 0;
}

static bool apply_link_add(struct state *state)
{
	struct iflink link = {.mtu = 1420, .kind = "wireguard"};

	memcpy(link.name, state->ifname, sizeof(link.name));
	for (size_t i = 0; i < state->links_count; i++)
		if (state->links[i].index > link.index)
			link.index = state->links[i].index;
	link.index++;
	state->has_device = true;
	return append(&state->links, &state->links_count, &link, sizeof(link));
}

/* What the kernel does when a link goes: its addresses and routes go too. */
static bool apply_link_delete(struct state *state)
{
	uint32_t index = link_index(state);
	size_t kept = 0;

	for (size_t i = 0; i < state->links_count; i++)
		if (state->links[i].index != index)
			state->links[kept++] = state->links[i];
	state->links_count = kept;
	kept = 0;
	for (size_t i = 0; i < state->addrs_count; i++)
		if (state->addrs[i].ifindex != index)
			state->addrs[kept++] = state->addrs[i];
	state->addrs_count = kept;
	kept = 0;
	for (size_t i = 0; i < state->routes_count; i++)
		if (state->routes[i].ifindex != index)
			state->routes[kept++] = state->routes[i];
	state->routes_count = kept;
	state->has_device = false;
	settings_fini(&state->device);
	return true;
}

static bool same_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->bits == b->bits && ip_addr_equal(&a->addr, &b->addr);
}

static bool has_connected_route(const struct state *state, const struct iproute *route)
{
	for (size_t i = 0; i < state->routes_count; i++)
		if (state->routes[i].kernel_made && state->routes[i].ifindex == route->ifindex &&
			same_prefix(&state->routes[i].dst, &route->dst))
			return true;
	return false;
}

/* The route that the kernel makes for an address of a link that is up: one a subnet. */
static bool add_connected_route(struct state *state, const struct ip_prefix *address)
{
	struct iproute route = {.dst = *address,
		.table = IPROUTE_TABLE_MAIN,
		.ifindex = link_index(state),
		.is_unicast = true,
		.kernel_made = true};

	prefix_mask(&route.dst);
	if ((address->addr.family == IP_V4 && address->bits == ip_bits_max(IP_V4)) ||
		has_connected_route(state, &route))
		return true;
	return append(&state->routes, &state->routes_count, &route, sizeof(route));
}

static bool apply_link_up(struct state *state, uint32_t mtu)
{
	uint32_t index = link_index(state);

	for (size_t i = 0; i < state->links_count; i++) {
		if (state->links[i].index == index) {
			state->links[i].mtu = mtu;
			state->links[i].is_up = true;
		}
	}
	for (size_t i = 0; i < state->addrs_count; i++)
		if (state->addrs[i].ifindex == index &&
			!add_connected_route(state, &state->addrs[i].prefix))
			return false;
	return true;
}

static bool apply_mtu(struct state *state, uint32_t mtu)
{
	for (size_t i = 0; i < state->links_count; i++)
		if (state->links[i].index == link_index(state))
			state->links[i].mtu = mtu;
	return true;
}

static bool has_address_in(const struct state *state, const struct ip_prefix *subnet)
{
	for (size_t i = 0; i < state->addrs_count; i++) {
		struct ip_prefix other = state->addrs[i].prefix;

		prefix_mask(&other);
		if (state->addrs[i].ifindex == link_index(state) && same_prefix(&other, subnet))
			return true;
	}
	return false;
}

static bool has_family(const struct state *state, uint8_t family)
{
	for (size_t i = 0; i < state->addrs_count; i++)
		if (state->addrs[i].ifindex == link_index(state) &&
			state->addrs[i].prefix.addr.family == family)
			return true;
	return false;
}

/* The route that an address has brought; all of IPv4's when it was the last of them. */
static void drop_address_routes(struct state *state, const struct ip_prefix *address)
{
	struct ip_prefix subnet = *address;
	uint8_t family = address->addr.family;
	bool is_last = family == IP_V4 && !has_family(state, IP_V4);
	uint32_t index = link_index(state);
	size_t kept = 0;

	prefix_mask(&subnet);
	for (size_t i = 0; i < state->routes_count; i++) {
		const struct iproute *route = &state->routes[i];
		bool is_connected = route->kernel_made && same_prefix(&route->dst, &subnet) &&
				    !has_address_in(state, &subnet);

		if (route->ifindex != index || route->dst.addr.family != family ||
			(!is_last && !is_connected))
			state->routes[kept++] = *route;
	}
	state->routes_count = kept;
}

static bool add_address(struct state *state, const struct ip_prefix *prefix)
{
	struct link_addr addr = {.ifindex = link_index(state), .prefix = *prefix};
	const struct iflink *link = state_link(state);

	return append(&state->addrs, &state->addrs_count, &addr, sizeof(addr)) &&
	       (!link || !link->is_up || add_connected_route(state, prefix));
}

static bool apply_address(struct state *state, const struct step *step)
{
	if (step->kind == STEP_ADDRESS_ADD)
		return add_address(state, &step->prefix);
	for (size_t i = 0; i < state->addrs_count; i++) {
		if (state->addrs[i].ifindex == link_index(state) &&
			same_prefix(&state->addrs[i].prefix, &step->prefix)) {
			state->addrs[i] = state->addrs[--state->addrs_count];
			break;
		}
	}
	drop_address_routes(state, &step->prefix);
	return true;
}

static bool apply_route(struct state *state, const struct step *step)
{
	struct iproute route = {.dst = step->prefix,
		.table = step->table,
		.ifindex = link_index(state),
		.is_unicast = true};

	if (step->kind == STEP_ROUTE_ADD)
		return append(&state->routes, &state->routes_count, &route, sizeof(route));
	for (size_t i = 0; i < state->routes_count; i++) {
		const struct iproute *there = &state->routes[i];

		if (there->ifindex == route.ifindex && there->table == route.table &&
			same_prefix(&there->dst, &route.dst)) {
			state->routes[i] = state->routes[--state->routes_count];
			break;
		}
	}
	return true;
}

static bool apply_rule(struct state *state, const struct step *step)
{
	struct iprule rule = {.family = step->family,
		.is_plain = true,
		.is_not = step->mark != 0,
		.has_mark = step->mark != 0,
		.mark = step->mark,
		.table = step->table,
		.priority = step->priority,
		.suppress_prefixlen = step->mark ? IPRULE_NO_SUPPRESS : 0};

	if (step->kind == STEP_RULE_ADD)
		return append(&state->rules, &state->rules_count, &rule, sizeof(rule));
	for (size_t i = 0; i < state->rules_count; i++) {
		if (state->rules[i].family == rule.family &&
			state->rules[i].priority == rule.priority &&
			state->rules[i].mark == rule.mark && state->rules[i].table == rule.table) {
			state->rules[i] = state->rules[--state->rules_count];
			break;
		}
	}
	return true;
}

/* Only what the planner looks at: endpoints and allowed IPs; no keys. */
static bool copy_peers(struct device_settings *to, const struct device_settings *from)
{
	for (size_t i = 0; i < from->peers_count; i++) {
		struct peer_settings *peer = settings_add_peer(to);

		if (!peer)
			return false;
		peer->has = from->peers[i].has & PEER_HAS_ENDPOINT;
		peer->endpoint = from->peers[i].endpoint;
		for (size_t j = 0; j < from->peers[i].allowed_ips_count; j++) {
			struct allowed_ip *ip = settings_add_allowed_ip(peer);

			if (!ip)
				return false;
			*ip = from->peers[i].allowed_ips[j];
		}
	}
	return true;
}

static bool apply_device(struct state *state, const struct step *step)
{
	if (step->kind == STEP_DEVICE_SYNC) {
		uint32_t fwmark = state->device.fwmark;

		settings_fini(&state->device);
		state->device.fwmark = fwmark;
	}
	if (step->settings->has & DEVICE_HAS_FWMARK)
		state->device.fwmark = step->settings->fwmark;
	return copy_peers(&state->device, step->settings);
}

bool state_apply(struct state *state, const struct step *step)
{
	switch (step->kind) {
	case STEP_LINK_ADD:
		return apply_link_add(state);
	case STEP_LINK_DELETE:
		return apply_link_delete(state);
	case STEP_LINK_UP:
		return apply_link_up(state, step->value);
	case STEP_MTU:
		return apply_mtu(state, step->value);
	case STEP_DEVICE_ADD:
	case STEP_DEVICE_SYNC:
		return apply_device(state, step);
	case STEP_FWMARK:
		state->device.fwmark = step->value;
		return true;
	case STEP_ADDRESS_ADD:
	case STEP_ADDRESS_DELETE:
		return apply_address(state, step);
	case STEP_ROUTE_ADD:
	case STEP_ROUTE_DELETE:
		return apply_route(state, step);
	case STEP_RULE_ADD:
	case STEP_RULE_DELETE:
		return apply_rule(state, step);
	case STEP_FIREWALL_ADD:
	case STEP_FIREWALL_DELETE:
		state->has_firewall[family_index(step->family)] = step->kind == STEP_FIREWALL_ADD;
		return true;
	case STEP_VALID_MARK:
		state->valid_mark = (int)step->value;
		return true;
	case STEP_NONE:
	case STEP_WARN:
	case STEP_HOOK:
	case STEP_DNS_SET:
	case STEP_DNS_UNSET:
	case STEP_SAVE:
	case STEP_RESOLVER_START:
	case STEP_RESOLVER_STOP:
	case STEP_KINDS:
		return true;
	}
	return true;
}

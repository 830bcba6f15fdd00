/* Making snapshots by hand. */
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include "quick_world.h"

/* Every snapshot needs room to grow: arrays come from malloc. */
static void *copy_of(const void *items, size_t size)
{
	void *copy = malloc(size);

	assert_non_null(copy);
	return memcpy(copy, items, size);
}

void world_init(struct state *state, const char *ifname)
{
	static const struct iflink links[] = {
		{.index = 1, .name = "lo", .mtu = 65536, .is_up = true},
		{.index = 2, .name = "eth0", .mtu = 1500, .is_up = true},
	};
	static const struct iproute routes[] = {
		{.dst = {.addr = {.family = IP_V4}},
			.table = IPROUTE_TABLE_MAIN,
			.ifindex = 2,
			.is_unicast = true},
		{.dst = {.addr = {.family = IP_V6}},
			.table = IPROUTE_TABLE_MAIN,
			.ifindex = 2,
			.is_unicast = true},
	};
	static const struct iprule rules[] = {
		{IP_V4, true, false, false, 0, 0, IPROUTE_TABLE_LOCAL, IPRULE_NO_SUPPRESS},
		{IP_V4, true, false, false, 32766, 0, IPROUTE_TABLE_MAIN, IPRULE_NO_SUPPRESS},
		{IP_V4, true, false, false, 32767, 0, IPROUTE_TABLE_DEFAULT, IPRULE_NO_SUPPRESS},
		{IP_V6, true, false, false, 0, 0, IPROUTE_TABLE_LOCAL, IPRULE_NO_SUPPRESS},
		{IP_V6, true, false, false, 32766, 0, IPROUTE_TABLE_MAIN, IPRULE_NO_SUPPRESS},
	};

	state_init(state, ifname);
	state->links = copy_of(links, sizeof(links));
	state->links_count = sizeof(links) / sizeof(links[0]);
	state->routes = copy_of(routes, sizeof(routes));
	state->routes_count = sizeof(routes) / sizeof(routes[0]);
	state->rules = copy_of(rules, sizeof(rules));
	state->rules_count = sizeof(rules) / sizeof(rules[0]);
	state->default_mtu = 1500;
	snprintf(state->dns_name, sizeof(state->dns_name), "%s", ifname);
}

void wish_init(struct wish *wish, const char *text)
{
	memset(wish, 0, sizeof(*wish));
	assert_int_equal(conf_document_parse(&wish->doc, span_of(text)), 0);
	conf_errors_init(&wish->errors);
	assert_int_equal(
		conf_document_settings(&wish->doc, CONF_QUICK, &wish->settings, &wish->errors), 0);
	options_init(&wish->options);
	assert_int_equal(options_read(&wish->options, &wish->doc, &wish->errors), 0);
	wish->wanted = (struct wanted){
		.options = &wish->options, .device = &wish->settings.device, .has_names = false};
}

void wish_fini(struct wish *wish)
{
	options_fini(&wish->options);
	conf_settings_fini(&wish->settings);
	conf_errors_fini(&wish->errors);
	conf_document_fini(&wish->doc);
}

void world_apply(struct state *state, const struct step_list *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		assert_true(state_apply(state, &plan->steps[i]));
}

void world_up(struct step_list *plan, const struct wish *wish, struct state *state)
{
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		size_t from = plan->count;

		plan_stage(plan, (enum plan_stage)stage, PLAN_UP, &wish->wanted, state);
		for (size_t i = from; i < plan->count; i++)
			assert_true(state_apply(state, &plan->steps[i]));
	}
	assert_false(plan->is_short);
}

void world_journal(struct state *state, const struct step_list *plan)
{
	state->has_journal = true;
	for (size_t i = 0; i < plan->count; i++) {
		struct step step = plan->steps[i];

		step.text = step.text ? strdup(step.text) : NULL;
		step_list_add(&state->journal, &step);
	}
}

static char *finish(struct textbuf *out)
{
	char *text;

	assert_int_equal(textbuf_status(out), 0);
	text = strdup(out->text ? out->text : "");
	textbuf_fini(out);
	return text;
}

char *world_text(const struct step_list *plan, const char *ifname)
{
	struct textbuf out;

	textbuf_init(&out);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->steps[i].is_silent)
			continue;
		step_print(&out, &plan->steps[i], ifname);
		textbuf_add(&out, "\n");
	}
	return finish(&out);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in order. */
static char *sorted(char *text)
{
	char *lines[512], *rest = text, *line;
	struct textbuf out;
	size_t count = 0;

	textbuf_init(&out);
	while ((line = strsep(&rest, "\n")) != NULL && count < 512)
		lines[count++] = line;
	qsort(lines, count, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < count; i++)
		textbuf_addf(&out, "%s\n", lines[i]);
	free(text);
	return finish(&out);
}

char *world_print(const struct state *state)
{
	struct textbuf out;

	textbuf_init(&out);
	for (size_t i = 0; i < state->links_count; i++)
		textbuf_addf(&out, "link %s mtu %u up %d\n", state->links[i].name,
			state->links[i].mtu, state->links[i].is_up);
	for (size_t i = 0; i < state->addrs_count; i++) {
		textbuf_addf(&out, "address %u ", state->addrs[i].ifindex);
		value_print_prefix(&out, &state->addrs[i].prefix);
		textbuf_add(&out, "\n");
	}
	for (size_t i = 0; i < state->routes_count; i++) {
		textbuf_addf(&out, "route %u table %u ", state->routes[i].ifindex,
			state->routes[i].table);
		value_print_prefix(&out, &state->routes[i].dst);
		textbuf_add(&out, "\n");
	}
	for (size_t i = 0; i < state->rules_count; i++)
		textbuf_addf(&out, "rule %u at %u not %d mark %u table %u suppress %d\n",
			state->rules[i].family, state->rules[i].priority, state->rules[i].is_not,
			state->rules[i].mark, state->rules[i].table,
			state->rules[i].suppress_prefixlen);
	textbuf_addf(&out, "firewall %d %d, valid mark %d\n", state->has_firewall[0],
		state->has_firewall[1], state->valid_mark);
	return sorted(finish(&out));
}

void world_expect(char *got, const char *expected)
{
	if (strcmp(got, expected) != 0)
		print_error("got:\n%s\nexpected:\n%s\n", got, expected);
	assert_string_equal(got, expected);
	free(got);
}

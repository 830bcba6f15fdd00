/*
 * Firewall rules of a full tunnel. The first drops what comes from other links and claims to go
 * to the tunnel's own addresses; the others carry the mark of our datagrams over to their replies,
 * so that the check of the replies' source address finds the right way.
 */
#include <stdlib.h>
#include <string.h>
#include "plan.h"
#include "values.h"

/* The addresses of our link, of one family, in an order that does not depend on the kernel's. */
struct own_addrs {
	const char *ifname;
	uint8_t family;
	struct ip_addr *list;
	size_t count;
};

static int compare_addrs(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

static bool list_own_addrs(const struct state *state, uint8_t family, struct own_addrs *own)
{
	const struct iflink *link = state_link(state);

	*own = (struct own_addrs){.ifname = state->ifname,
		.family = family,
		.list = calloc(state->addrs_count + 1, sizeof(struct ip_addr))};
	for (size_t i = 0; own->list && link && i < state->addrs_count; i++)
		if (state->addrs[i].ifindex == link->index &&
			state->addrs[i].prefix.addr.family == family)
			own->list[own->count++] = state->addrs[i].prefix.addr;
	if (own->list)
		qsort(own->list, own->count, sizeof(struct ip_addr), compare_addrs);
	return own->list != NULL;
}

static void add_nft(struct textbuf *out, const struct own_addrs *own, uint32_t mark)
{
	const char *ip = own->family == IP_V4 ? "ip" : "ip6", *name = own->ifname;

	/* Adding and deleting it first makes the whole an exchange of whatever was there. */
	textbuf_addf(out, "add table %s wg-quick-%s\n", ip, name);
	textbuf_addf(out, "delete table %s wg-quick-%s\n", ip, name);
	textbuf_addf(out, "table %s wg-quick-%s {\n", ip, name);
	textbuf_add(
		out, "chain preraw {\ntype filter hook prerouting priority -300; policy accept;\n");
	for (size_t i = 0; i < own->count; i++) {
		textbuf_addf(out, "iifname != \"%s\" %s daddr ", name, ip);
		value_print_address(out, &own->list[i]);
		textbuf_add(out, " fib saddr type != local drop\n");
	}
	textbuf_addf(out,
		"}\nchain premangle {\ntype filter hook prerouting priority -150; policy accept;\n"
		"meta l4proto udp meta mark set ct mark\n}\n"
		"chain postmangle {\ntype filter hook postrouting priority -150; policy accept;\n"
		"meta l4proto udp mark %u ct mark set mark\n}\n}\n",
		mark);
}

static void add_iptables(struct textbuf *out, const struct own_addrs *own, uint32_t mark)
{
	const char *name = own->ifname;

	textbuf_add(out, "*raw\n");
	for (size_t i = 0; i < own->count; i++) {
		textbuf_addf(out, "-I PREROUTING ! -i %s -d ", name);
		value_print_address(out, &own->list[i]);
		textbuf_addf(out,
			" -m addrtype ! --src-type LOCAL -m comment"
			" --comment \"wg-quick(8) rule for %s\" -j DROP\n",
			name);
	}
	textbuf_addf(out,
		"COMMIT\n*mangle\n-I POSTROUTING -p udp -m mark --mark %u -m comment"
		" --comment \"wg-quick(8) rule for %s\" -j CONNMARK --save-mark\n"
		"-I PREROUTING -p udp -m comment"
		" --comment \"wg-quick(8) rule for %s\" -j CONNMARK --restore-mark\nCOMMIT\n",
		mark, name, name);
}

char *firewall_text(
	enum firewall_tool tool, const struct state *state, uint8_t family, uint32_t mark)
{
	struct own_addrs own;
	struct textbuf out;
	char *text;

	if (!list_own_addrs(state, family, &own))
		return NULL;
	textbuf_init(&out);
	if (tool == FIREWALL_NFT)
		add_nft(&out, &own, mark);
	else
		add_iptables(&out, &own, mark);
	text = textbuf_status(&out) ? NULL : strdup(out.text);
	textbuf_fini(&out);
	free(own.list);
	return text;
}

void plan_firewall(struct step_list *plan, const struct state *state, uint8_t family, uint32_t mark)
{
	const struct step *before = step_list_find(&state->journal, STEP_FIREWALL_ADD, family);
	bool is_there = state->has_firewall[family_index(family)];
	struct step step = {
		.kind = STEP_FIREWALL_ADD, .family = family, .value = state->firewall_tool};

	if (state->firewall_tool == FIREWALL_NONE) {
		step = (struct step){.kind = STEP_WARN,
			.text = strdup("Warning: neither nftables nor iptables is here,"
				       " packets that pretend to come from the tunnel are let in")};
		step_list_add(plan, &step);
		return;
	}
	step.text = firewall_text(state->firewall_tool, state, family, mark);
	if (!step.text)
		plan->is_short = true;
	if (step.text && is_there && before && strcmp(before->text, step.text) == 0) {
		step_fini(&step);
		return;
	}
	if (is_there && step.value == FIREWALL_IPTABLES)
		step_list_add(plan, &(struct step){.kind = STEP_FIREWALL_DELETE,
					    .family = family,
					    .value = step.value});
	step_list_add(plan, &step);
}

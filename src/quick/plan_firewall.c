/*
 * Firewall rules of a full tunnel. The first drops what comes from other links and claims to go
 * to the tunnel's own addresses; the others carry the mark of our datagrams over to their replies,
 * so that the check of the replies' source address finds the right way.
 */
#include <stdlib.h>
#include <string.h>
#include "plan.h"
#include "values.h"

/* A walk over the addresses of our link, of one family. */
struct address_walk {
	const struct state *state;
	uint8_t family;
	uint32_t index;
	size_t at;
};

static const struct ip_addr *next_address(struct address_walk *walk)
{
	while (walk->at < walk->state->addrs_count) {
		const struct link_addr *addr = &walk->state->addrs[walk->at++];

		if (addr->ifindex == walk->index && addr->prefix.addr.family == walk->family)
			return &addr->prefix.addr;
	}
	return NULL;
}

static void add_nft(struct textbuf *out, struct address_walk *walk, uint32_t mark)
{
	const char *ip = walk->family == IP_V4 ? "ip" : "ip6", *name = walk->state->ifname;
	const struct ip_addr *addr;

	/* Adding and deleting it first makes the whole an exchange of whatever was there. */
	textbuf_addf(out, "add table %s wg-quick-%s\n", ip, name);
	textbuf_addf(out, "delete table %s wg-quick-%s\n", ip, name);
	textbuf_addf(out, "table %s wg-quick-%s {\n", ip, name);
	textbuf_add(
		out, "chain preraw {\ntype filter hook prerouting priority -300; policy accept;\n");
	while ((addr = next_address(walk)) != NULL) {
		textbuf_addf(out, "iifname != \"%s\" %s daddr ", name, ip);
		value_print_address(out, addr);
		textbuf_add(out, " fib saddr type != local drop\n");
	}
	textbuf_addf(out,
		"}\nchain premangle {\ntype filter hook prerouting priority -150; policy accept;\n"
		"meta l4proto udp meta mark set ct mark\n}\n"
		"chain postmangle {\ntype filter hook postrouting priority -150; policy accept;\n"
		"meta l4proto udp mark %u ct mark set mark\n}\n}\n",
		mark);
}

static void add_iptables(struct textbuf *out, struct address_walk *walk, uint32_t mark)
{
	const char *name = walk->state->ifname;
	const struct ip_addr *addr;

	textbuf_add(out, "*raw\n");
	while ((addr = next_address(walk)) != NULL) {
		textbuf_addf(out, "-I PREROUTING ! -i %s -d ", name);
		value_print_address(out, addr);
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
	const struct iflink *link = state_link(state);
	struct address_walk walk = {
		.state = state, .family = family, .index = link ? link->index : 0};
	struct textbuf out;
	char *text;

	textbuf_init(&out);
	if (tool == FIREWALL_NFT)
		add_nft(&out, &walk, mark);
	else
		add_iptables(&out, &walk, mark);
	text = textbuf_status(&out) ? NULL : strdup(out.text);
	textbuf_fini(&out);
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

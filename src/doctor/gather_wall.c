/* The firewall's rules, and the questions that matter for this tunnel. */
#include <stdlib.h>
#include <string.h>
#include "gather.h"
#include "iptables.h"
#include "nft.h"
#include "process.h"
#include "wholefile.h"

static const enum wall_hook way_in[] = {WALL_PREROUTING, WALL_INPUT};
static const enum wall_hook way_out[] = {WALL_OUTPUT, WALL_POSTROUTING};
static const enum wall_hook way_through[] = {WALL_PREROUTING, WALL_FORWARD, WALL_POSTROUTING};
static const uint8_t families[] = {IP_V4, IP_V6};

/* What all questions of a family are about. */
struct scene {
	struct evidence *evidence;
	const json_t *rules;
	int f;
	const struct iflink *tunnel;
	const struct iflink *outside;       /* where endpoints are; NULL: not known */
	const struct iflink *inside;        /* where packets of the tunnel are passed on to */
	const struct peer_settings *called; /* with an endpoint of this family; NULL: none */
};

static void ask(struct scene *scene, enum wall_question question, struct wall_packet packet,
	const enum wall_hook *hooks, size_t count)
{
	struct wall_evidence *wall = &scene->evidence->wall;

	packet.family = families[scene->f];
	wall->is_asked[question][scene->f] = true;
	wall_ask(scene->rules, &packet, hooks, count, &wall->answers[question][scene->f]);
}

/* An address of the link; IP_NONE: it has none of this family. */
static struct ip_addr address_of(const struct scene *scene, const struct iflink *link)
{
	const struct state *system = &scene->evidence->system;

	for (size_t i = 0; link && i < system->addrs_count; i++)
		if (system->addrs[i].ifindex == link->index &&
			system->addrs[i].prefix.addr.family == families[scene->f] &&
			!system->addrs[i].kernel_made)
			return system->addrs[i].prefix.addr;
	return (struct ip_addr){0};
}

static void ask_outside(struct scene *scene)
{
	const struct device_settings *device = &scene->evidence->system.device;
	struct ip_addr own = address_of(scene, scene->outside);
	const char *link = scene->outside ? scene->outside->name : NULL;

	if (!link || !own.family)
		return;
	ask(scene, WALL_CALL_IN,
		(struct wall_packet){.iif = link,
			.dst = own,
			.proto = "udp",
			.dport = device->listen_port,
			.is_local_dst = true},
		way_in, 2);
	if (!scene->called)
		return;
	ask(scene, WALL_ANSWER_IN,
		(struct wall_packet){.iif = link,
			.src = scene->called->endpoint.addr,
			.dst = own,
			.proto = "udp",
			.sport = scene->called->endpoint.port,
			.dport = device->listen_port,
			.is_reply = true,
			.is_local_dst = true},
		way_in, 2);
	ask(scene, WALL_CALL_OUT,
		(struct wall_packet){.oif = link,
			.src = own,
			.dst = scene->called->endpoint.addr,
			.proto = "udp",
			.sport = device->listen_port,
			.dport = scene->called->endpoint.port,
			.has_mark = true,
			.mark = device->fwmark},
		way_out, 2);
}

/* From the tunnel to that link, and an answer back. */
static void ask_through(struct scene *scene, const struct ip_addr *peer, const char *link)
{
	ask(scene, WALL_FROM_TUNNEL,
		(struct wall_packet){.iif = scene->tunnel->name, .oif = link, .src = *peer},
		way_through, 3);
	ask(scene, WALL_TO_TUNNEL,
		(struct wall_packet){
			.iif = link, .oif = scene->tunnel->name, .dst = *peer, .is_reply = true},
		way_through, 3);
}

static void ask_inside(struct scene *scene)
{
	struct ip_addr own = address_of(scene, scene->tunnel), peer = own;
	uint8_t last = (uint8_t)(ip_bytes(families[scene->f]) - 1);

	if (!own.family)
		return;
	peer.b[last] = (uint8_t)(own.b[last] ^ 2); /* somebody else in the tunnel's network */
	ask(scene, WALL_PING_IN,
		(struct wall_packet){.iif = scene->tunnel->name,
			.src = peer,
			.dst = own,
			.proto = scene->f ? "icmpv6" : "icmp",
			.is_local_dst = true},
		way_in, 2);
	if (!scene->inside)
		return;
	ask_through(scene, &peer, scene->inside->name);
	/* A hub that lets its clients to each other and nowhere else does what it is meant to. */
	if (!scene->evidence->wall.has_masquerade &&
		scene->evidence->wall.answers[WALL_FROM_TUNNEL][scene->f].verdict == WALL_DROPS)
		ask_through(scene, &peer, scene->tunnel->name);
	scene->evidence->wall.hides_tunnel[scene->f] = wall_masquerades(scene->rules,
		&(struct wall_packet){.family = families[scene->f],
			.oif = scene->outside ? scene->outside->name : scene->inside->name,
			.src = peer});
}

static const struct peer_settings *called_peer(const struct evidence *evidence, uint8_t family)
{
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; i < device->peers_count; i++)
		if ((device->peers[i].has & PEER_HAS_ENDPOINT) &&
			device->peers[i].endpoint.addr.family == family)
			return &device->peers[i];
	return NULL;
}

/* The link to the endpoint; else that of a default route; else NULL. */
static const struct iflink *find_outside(
	const struct evidence *evidence, const struct peer_settings *called, uint8_t family)
{
	const struct state *system = &evidence->system;
	const struct iflink *tunnel = state_link(system);

	if (called) {
		const struct way *way = &evidence->peers[called - system->device.peers].endpoint;

		if (way->is_asked && !way->error && way->ifindex != tunnel->index)
			return evidence_link(evidence, way->ifindex);
	}
	for (size_t i = 0; i < system->routes_count; i++) {
		const struct iproute *route = &system->routes[i];

		if (!route->dst.bits && route->dst.addr.family == family && route->is_unicast &&
			route->ifindex && route->ifindex != tunnel->index)
			return evidence_link(evidence, route->ifindex);
	}
	return NULL;
}

/* A link of a network of our own, else the one outside. */
static const struct iflink *find_inside(
	const struct evidence *evidence, const struct iflink *outside, uint8_t family)
{
	const struct state *system = &evidence->system;
	const struct iflink *tunnel = state_link(system);

	for (size_t i = 0; i < system->addrs_count; i++) {
		const struct link_addr *addr = &system->addrs[i];
		const struct iflink *link = evidence_link(evidence, addr->ifindex);

		if (link && link != tunnel && link != outside && link->is_up &&
			addr->prefix.addr.family == family && !addr->kernel_made &&
			strcmp(link->name, "lo") != 0)
			return link;
	}
	return outside;
}

static void ask_all(struct evidence *evidence, const json_t *rules)
{
	const struct iflink *tunnel = state_link(&evidence->system);

	for (int f = 0; f < 2 && tunnel; f++) {
		struct scene scene = {
			.evidence = evidence, .rules = rules, .f = f, .tunnel = tunnel};

		scene.called = called_peer(evidence, families[f]);
		scene.outside = find_outside(evidence, scene.called, families[f]);
		scene.inside = find_inside(evidence, scene.outside, families[f]);
		ask_outside(&scene);
		ask_inside(&scene);
	}
}

/* What a program of iptables' prints, for this family; NULL: it is not there, or says nothing. */
static char *saved(const char *program)
{
	const char *argv[] = {program, NULL};
	struct process_result result;

	if (!process_find(program) ||
		process_run(&(struct process){.argv = argv, .capture = true, .is_quiet = true},
			&result) != 0)
		return NULL;
	if (result.status == 0)
		return result.output;
	free(result.output);
	return NULL;
}

/* The kernel has tables of the older iptables, which nft does not know. */
static bool has_legacy(const char *names)
{
	bool has = false;
	char *text;
	size_t len;

	if (wholefile_read(names, &text, &len) == 0) {
		has = len > 0;
		wholefile_free(text, len);
	}
	return has;
}

static void complete_rules(json_t *rules)
{
	static const struct {
		const char *family, *program, *legacy, *names;
	} kinds[] = {
		{"ip", "iptables-nft-save", "iptables-legacy-save", "/proc/net/ip_tables_names"},
		{"ip6", "ip6tables-nft-save", "ip6tables-legacy-save",
			"/proc/net/ip6_tables_names"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char *text =
			iptables_is_hidden(rules, kinds[i].family) ? saved(kinds[i].program) : NULL;

		if (text) {
			iptables_remove(rules, kinds[i].family);
			iptables_add(rules, kinds[i].family, "", text);
		}
		free(text);
		text = has_legacy(kinds[i].names) ? saved(kinds[i].legacy) : NULL;
		if (text)
			iptables_add(rules, kinds[i].family, " (legacy)", text);
		free(text);
	}
}

void gather_wall(struct evidence *evidence)
{
	json_t *document, *rules;
	char *text;

	if (nft_list_json(&text) != 0)
		return;
	document = json_loads(text, 0, NULL);
	free(text);
	rules = json_object_get(document, "nftables");
	if (json_is_array(rules)) {
		complete_rules(rules);
		evidence->wall.is_seen = true;
		evidence->wall.has_masquerade = wall_has_masquerade(rules);
		ask_all(evidence, rules);
	}
	json_decref(document);
}

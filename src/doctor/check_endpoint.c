/* The way to each endpoint: routes, loops, the reverse path filter, what answers there. */
#include <errno.h>
#include <string.h>
#include "checks.h"
#include "words.h"

/* A link with a default route that is not the tunnel: where the endpoint would be reached. */
static const char *uplink(const struct evidence *evidence)
{
	const struct iflink *tunnel = state_link(&evidence->system);

	for (size_t i = 0; i < evidence->system.routes_count; i++) {
		const struct iproute *route = &evidence->system.routes[i];

		if (!route->dst.bits && route->is_unicast && route->ifindex &&
			(!tunnel || route->ifindex != tunnel->index))
			return evidence_link_name(evidence, route->ifindex);
	}
	return NULL;
}

static void tell_loop(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct endpoint *endpoint = &evidence->system.device.peers[i].endpoint;
	const char *link = uplink(evidence);
	struct ip_prefix alone = prefix_of(&endpoint->addr);
	char *fix = link ? doctor_text("ip route add %s $(ip route show default dev %s | head -n 1 "
				       "| grep -o 'via [^ ]*') dev %s",
				   word_prefix(&alone).text, link, link)
			 : doctor_text("wg-quick down %s && wg-quick up %s", evidence->ifname,
				   evidence->ifname);

	diagnosis_add(diagnosis, FOUND_ENDPOINT_LOOP, (long)i, fix,
		"the route to the endpoint %s leads into %s itself: its datagrams go in circles "
		"and never leave",
		word_endpoint(endpoint).text, evidence->ifname);
}

static bool is_listening_here(const struct evidence *evidence, const struct endpoint *endpoint)
{
	return endpoint->port == evidence->system.device.listen_port &&
	       evidence_is_own(evidence, &endpoint->addr);
}

static void check_way(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_evidence *seen = &evidence->peers[i];
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	const struct iflink *link = state_link(&evidence->system);

	if (!(peer->has & PEER_HAS_ENDPOINT) || !seen->endpoint.is_asked)
		return;
	if (is_listening_here(evidence, &peer->endpoint))
		diagnosis_add(diagnosis, FOUND_ENDPOINT_IS_OWN, (long)i,
			doctor_text("wg set %s peer %s endpoint ADDRESS:PORT", evidence->ifname,
				word_key(&peer->public_key).text),
			"the endpoint %s is this very interface: the peer's own address belongs "
			"there",
			word_endpoint(&peer->endpoint).text);
	else if (seen->endpoint.error)
		diagnosis_add(diagnosis, FOUND_ENDPOINT_UNROUTABLE, (long)i,
			doctor_text("ip route get %s", word_address(&peer->endpoint.addr).text),
			"this machine has no route to the endpoint %s: %s",
			word_endpoint(&peer->endpoint).text, strerror(-seen->endpoint.error));
	else if (link && seen->endpoint.ifindex == link->index && !seen->endpoint.is_local)
		tell_loop(diagnosis, evidence, i);
}

/*
 * A strict filter looks up the way back to the endpoint without our mark: by that the answer
 * should have come in by the tunnel, and it is dropped. The mark counts where src_valid_mark is set
 * and a rule of wg-quick's restores it.
 */
static void check_rp_filter(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_evidence *seen = &evidence->peers[i];
	const char *link;

	if (seen->uplink_rp_filter != 1 || !seen->unmarked.is_asked || !seen->endpoint.is_asked ||
		seen->endpoint.error || seen->endpoint.is_local ||
		seen->endpoint.to.family != IP_V4 ||
		(!seen->unmarked.error && seen->unmarked.ifindex == seen->endpoint.ifindex) ||
		evidence->system.valid_mark == 1)
		return;
	link = evidence_link_name(evidence, seen->endpoint.ifindex);
	diagnosis_add(diagnosis, FOUND_RP_FILTER, (long)i,
		doctor_text("sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.%s.rp_filter=2",
			link),
		"rp_filter is strict on %s, and the way to %s is another one without the tunnel's "
		"mark: its answers are dropped",
		link, word_address(&seen->endpoint.to).text);
}

static const char *icmp_meaning(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "nothing listens on that port";
	case EHOSTUNREACH:
		return "that host is not to be reached";
	case ENETUNREACH:
		return "that network is not to be reached";
	case EACCES:
		return "a firewall forbids it";
	default:
		return strerror(error);
	}
}

static void check_knock(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct knock *knock = &evidence->peers[i].knock;
	const struct peer_settings *peer = &evidence->system.device.peers[i];

	if (!knock->is_done || evidence_is_fresh(evidence, peer))
		return;
	if (knock->error)
		diagnosis_add(diagnosis, FOUND_ENDPOINT_REFUSES, (long)i,
			doctor_text("wg set %s peer %s endpoint ADDRESS:PORT", evidence->ifname,
				word_key(&peer->public_key).text),
			"%s answers for the endpoint %s: %s. The peer is down, or Endpoint names a "
			"wrong address or port",
			knock->sender.family ? word_address(&knock->sender).text : "somebody",
			word_endpoint(&peer->endpoint).text, icmp_meaning(knock->error));
}

void check_endpoints(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	if (!evidence->system.has_device || evidence->is_elsewhere ||
		!state_link(&evidence->system))
		return;
	/* A daemon whose interface is down closes its sockets. */
	if (evidence->backend == BACKEND_DAEMON && evidence->knows_port &&
		!evidence->port_is_bound && state_link(&evidence->system)->is_up)
		diagnosis_add(diagnosis, FOUND_PORT_NOT_BOUND, DOCTOR_NO_PEER,
			doctor_text("wg set %s listen-port %u", evidence->ifname,
				evidence->system.device.listen_port),
			"no socket of this machine listens on UDP port %u",
			evidence->system.device.listen_port);
	for (size_t i = 0; i < evidence->system.device.peers_count; i++) {
		check_way(diagnosis, evidence, i);
		check_rp_filter(diagnosis, evidence, i);
		check_knock(diagnosis, evidence, i);
	}
}

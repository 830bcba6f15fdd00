/* Names: the endpoints' and the resolver that this machine asks. */
#include <netdb.h>
#include <string.h>
#include "checks.h"
#include "words.h"

static long running_peer(const struct evidence *evidence, const struct public_key *key)
{
	const struct device_settings *device = &evidence->system.device;
	const struct peer_settings *peer = settings_find_peer(device, key);

	return peer ? peer - device->peers : DOCTOR_NO_PEER;
}

static void check_moved(struct diagnosis *diagnosis, const struct evidence *evidence,
	const struct name_evidence *name, long peer)
{
	const struct peer_settings *running = &evidence->system.device.peers[peer];
	const char *text = evidence->file.settings.peers[name->peer].endpoint;

	if (!(running->has & PEER_HAS_ENDPOINT) || evidence_is_fresh(evidence, running))
		return;
	for (size_t i = 0; i < name->found.count; i++)
		if (endpoint_same_remote(&running->endpoint, &name->found.list[i]))
			return;
	diagnosis_add(diagnosis, FOUND_ENDPOINT_NAME_MOVED, peer,
		doctor_text("wg set %s peer %s endpoint %s", evidence->ifname,
			word_key(&running->public_key).text, text),
		"%s is %s now, but the tunnel still sends to %s", text,
		word_endpoint(&name->found.list[0]).text, word_endpoint(&running->endpoint).text);
}

static void check_endpoint_names(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->file.names_count; i++) {
		const struct name_evidence *name = &evidence->file.names[i];
		const struct conf_peer *section = &evidence->file.settings.peers[name->peer];
		long peer = running_peer(
			evidence, &evidence->file.settings.device.peers[name->peer].public_key);
		bool is_fresh = peer != DOCTOR_NO_PEER &&
				evidence_is_fresh(evidence, &evidence->system.device.peers[peer]);

		if (name->code && !is_fresh)
			diagnosis_add(diagnosis, FOUND_ENDPOINT_NAME_FAILS, peer,
				doctor_text("getent ahosts %.*s",
					(int)(strrchr(section->endpoint, ':') - section->endpoint),
					section->endpoint),
				"the Endpoint %s has no address: %s", section->endpoint,
				gai_strerror(name->code));
		else if (!name->code && peer != DOCTOR_NO_PEER)
			check_moved(diagnosis, evidence, name, peer);
	}
}

/* Does everything of the family go to one peer? */
static bool is_full_tunnel(const struct evidence *evidence, uint8_t family)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; link && i < evidence->ways_count; i++) {
		const struct allowed_way *allowed = &evidence->ways[i];
		const struct ip_prefix *prefix = &evidence->system.device.peers[allowed->peer]
							  .allowed_ips[allowed->ip]
							  .prefix;

		if (prefix->bits <= 1 && prefix->addr.family == family && !allowed->way.error &&
			allowed->way.ifindex == link->index)
			return true;
	}
	return false;
}

static void check_leak(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; link && i < evidence->resolvers_count; i++) {
		const struct resolver_evidence *resolver = &evidence->resolvers[i];

		if (!resolver->way.is_asked || resolver->way.error || resolver->way.is_local ||
			resolver->way.ifindex == link->index ||
			!is_full_tunnel(evidence, resolver->server.family))
			continue;
		diagnosis_add(diagnosis, FOUND_DNS_LEAK, DOCTOR_NO_PEER,
			doctor_text(
				"sed -i '/^\\[Interface\\]/a DNS = 1.1.1.1' %s && wg-quick reload "
				"%s",
				evidence->file.is_there ? evidence->file.path
							: "/etc/wireguard/INTERFACE.conf",
				evidence->ifname),
			"all traffic goes into the tunnel, but names are asked of %s, which is "
			"reached by %s, outside it",
			word_address(&resolver->server).text,
			evidence_link_name(evidence, resolver->way.ifindex));
	}
}

void check_names(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	check_endpoint_names(diagnosis, evidence);
	check_leak(diagnosis, evidence);
}

/* Handshakes and traffic of each peer; sizes. General findings, where no cause is known yet. */
#include <stdlib.h>
#include <string.h>
#include "checks.h"
#include "words.h"

enum {
	RECENT_MS = 180000,
	/* IP and UDP headers, and WireGuard's own 32 bytes. */
	OVERHEAD_V4 = 60,
	OVERHEAD_V6 = 80,
	MTU_SMALLEST_IPV6 = 1280,
	ANSWERS_IN_VAIN = 2,
};

/* Not an address of the internet's, but of somebody's inside. */
static bool is_private(const struct ip_addr *addr)
{
	const uint8_t *b = addr->b;

	return addr->family == IP_V4 &&
	       (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
		       (b[0] == 192 && b[1] == 168) || (b[0] == 100 && (b[1] & 0xc0) == 64));
}

static bool is_behind_nat(const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	const struct knock *knock = &evidence->peers[i].knock;

	return (peer->has & PEER_HAS_ENDPOINT) && knock->is_done && is_private(&knock->source) &&
	       peer->endpoint.addr.family == IP_V4 && !is_private(&peer->endpoint.addr);
}

static const struct incidents_of *log_of(const struct evidence *evidence, size_t i)
{
	const char *key = NULL;
	struct word word = word_key(&evidence->system.device.peers[i].public_key);

	key = word.text;
	for (size_t j = 1; evidence->has_log && j < evidence->log.count; j++)
		if (evidence->log.of[j].peer.len && strncmp(key, evidence->log.of[j].peer.at,
							    evidence->log.of[j].peer.len) == 0)
			return &evidence->log.of[j];
	return NULL;
}

/* How often of late, after the last handshake. */
static uint64_t recently(const struct evidence *evidence, size_t i, enum reason reason)
{
	const struct incidents_of *of = log_of(evidence, i);
	uint64_t count = 0;

	for (size_t j = 0; of && j < of->count; j++)
		if (of->list[j].reason == reason && of->list[j].last_ms_ago <= RECENT_MS)
			count += of->list[j].count;
	return count;
}

/* Did we send to it of late? */
static bool is_tried(const struct evidence *evidence, size_t i)
{
	return evidence->peers[i].tx_grown || recently(evidence, i, REASON_INITIATION_SENT);
}

static void tell_waiting(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	bool must_wait = !evidence_must_call(evidence, &evidence->system.device.peers[i]);
	struct doctor_finding *finding = diagnosis_add(diagnosis, FOUND_NO_ENDPOINT, (long)i,
		must_wait ? doctor_text("wg-quick reload %s", evidence->ifname) : NULL,
		"the peer has not called yet, and no endpoint is known for it: it must call first, "
		"or be given one%s",
		evidence->has_log ? "" : " (what this interface refused cannot be seen)");

	if (finding && must_wait)
		finding->level = DOCTOR_WARNING;
}

static void tell_silence(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];

	diagnosis_add(diagnosis, FOUND_NO_HANDSHAKE, (long)i,
		doctor_text("culvert doctor INTERFACE   # on the other machine"),
		"%s was called at %s and has never answered: wrong address or port, UDP blocked on "
		"the way, the peer is down, it has not our public key (%s), or we have not its%s",
		"the peer", word_endpoint(&peer->endpoint).text,
		evidence->has_public_key ? word_key(&evidence->public_key).text : "?",
		evidence->backend == BACKEND_KERNEL
			? "; the kernel's WireGuard tells nothing of what it refuses"
			: "");
}

static void tell_stale(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	int64_t age = evidence->now - peer->last_handshake.sec;
	bool is_caller = evidence_must_call(evidence, peer);

	diagnosis_add(diagnosis, FOUND_HANDSHAKE_STALE, (long)i,
		is_caller
			? doctor_text("wg set INTERFACE peer %s persistent-keepalive 25   # on the "
				      "other machine",
				  evidence->has_public_key ? word_key(&evidence->public_key).text
							   : "KEY")
			: doctor_text("culvert doctor INTERFACE   # on the other machine"),
		"the last handshake was %lld s ago, and what is sent to %s since is not answered: "
		"%s",
		(long long)age, word_endpoint(&peer->endpoint).text,
		is_caller ? "the peer is gone, or a NAT between has forgotten it, as it sends no "
			    "keepalives"
			  : "the peer is down, has moved, or has lost our key");
}

static void tell_answers(struct diagnosis *diagnosis, size_t i)
{
	diagnosis_add(diagnosis, FOUND_ANSWER_LOST, (long)i,
		doctor_text("culvert doctor INTERFACE   # on the other machine"),
		"the peer calls again and again and is answered, but never goes on: our answers do "
		"not reach it, or the PresharedKey there is not the one here");
}

static void check_peer(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	bool is_explained = diagnosis_worst_for(diagnosis, (long)i) == DOCTOR_BROKEN;

	if (evidence_is_fresh(evidence, peer))
		return;
	if (!is_explained && recently(evidence, i, REASON_RESPONSE_SENT) >= ANSWERS_IN_VAIN)
		tell_answers(diagnosis, i);
	else if (!(peer->has & PEER_HAS_ENDPOINT))
		tell_waiting(diagnosis, evidence, i);
	else if (is_explained)
		return;
	else if (!peer->last_handshake.sec && (peer->tx_bytes || is_tried(evidence, i)))
		tell_silence(diagnosis, evidence, i);
	else if (peer->last_handshake.sec &&
		 (peer->keepalive || (is_tried(evidence, i) && !evidence->peers[i].rx_grown)))
		tell_stale(diagnosis, evidence, i);
}

static void check_nat(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	struct doctor_finding *finding;

	if (peer->keepalive || evidence_must_call(evidence, peer) || !is_behind_nat(evidence, i))
		return;
	finding = diagnosis_add(diagnosis, FOUND_NAT_NO_KEEPALIVE, (long)i,
		doctor_text("wg set %s peer %s persistent-keepalive 25", evidence->ifname,
			word_key(&peer->public_key).text),
		"this machine is behind NAT (%s) and sends no keepalives: after some quiet the "
		"peer "
		"cannot reach it until it sends first",
		word_address(&evidence->peers[i].knock.source).text);
	/* Who chose the port has it forwarded. */
	if (finding && (evidence->file.settings.device.has & DEVICE_HAS_LISTEN_PORT))
		finding->level = DOCTOR_NOTE;
}

void check_traffic(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	if (!evidence->system.has_device || !state_link(&evidence->system)->is_up)
		return;
	for (size_t i = 0; i < evidence->system.device.peers_count; i++) {
		check_peer(diagnosis, evidence, i);
		check_nat(diagnosis, evidence, i);
	}
}

static void check_path(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct iflink *link = state_link(&evidence->system);
	const struct way *way = &evidence->peers[i].endpoint;
	uint32_t overhead = way->to.family == IP_V6 ? OVERHEAD_V6 : OVERHEAD_V4;

	if (!way->is_asked || way->error || way->is_local || !way->mtu ||
		way->ifindex == link->index || link->mtu + overhead <= way->mtu)
		return;
	diagnosis_add(diagnosis, FOUND_MTU_TOO_BIG, (long)i,
		doctor_text("ip link set dev %s mtu %u", evidence->ifname, way->mtu - overhead),
		"the MTU of %s is %u, but the way to the endpoint carries %u, headers of %u "
		"included: long packets are cut or lost",
		evidence->ifname, link->mtu, way->mtu, overhead);
}

static void check_probe(struct diagnosis *diagnosis, const struct evidence *evidence, size_t i)
{
	const struct probe *probe = &evidence->peers[i].probe;
	const struct iflink *link = state_link(&evidence->system);

	if (!probe->is_done || !probe->is_answered || probe->big_is_answered)
		return;
	diagnosis_add(diagnosis, FOUND_MTU_BLACK_HOLE, (long)i,
		doctor_text("ip link set dev %s mtu %u", evidence->ifname,
			probe->best_mtu ? probe->best_mtu : MTU_SMALLEST_IPV6),
		"small pings through the tunnel to %s are answered, those of %u bytes (the MTU) "
		"are "
		"not: the way to the peer loses long packets. The longest that was answered has %u",
		word_address(&probe->target).text, link->mtu, probe->best_mtu);
}

void check_sizes(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);

	if (!link || !evidence->system.has_device)
		return;
	if (link->mtu < MTU_SMALLEST_IPV6 && evidence->file.is_there) {
		bool has_ipv6 = false;

		for (size_t i = 0; i < evidence->file.options.addresses_count; i++)
			has_ipv6 |= evidence->file.options.addresses[i].prefix.addr.family == IP_V6;
		if (has_ipv6)
			diagnosis_add(diagnosis, FOUND_MTU_TOO_SMALL, DOCTOR_NO_PEER,
				doctor_text("ip link set dev %s mtu %u", evidence->ifname,
					MTU_SMALLEST_IPV6),
				"the MTU of %s is %u: IPv6 needs 1280 and is off below",
				evidence->ifname, link->mtu);
	}
	for (size_t i = 0; i < evidence->system.device.peers_count; i++) {
		if (!evidence->is_elsewhere)
			check_path(diagnosis, evidence, i);
		check_probe(diagnosis, evidence, i);
	}
}

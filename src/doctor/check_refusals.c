/*
 * What the daemon refused or failed at of late. A refusal after which all went well is history and
 * not told. A table says which reason is told how; what is not in it is no finding.
 */
#include <stdlib.h>
#include <string.h>
#include "checks.h"
#include "finding.h"
#include "keytext.h"
#include "values.h"
#include "words.h"

/* Handshakes come every two minutes: what was refused before the last one may still be. */
enum { RECENT_MS = 180000, ALTERNATES = 2, DEVICES = 2 };

/* One incident with what is around it. */
struct refusal {
	const struct evidence *evidence;
	const struct incidents_of *of;
	const struct incident_seen *seen;
	long peer; /* DOCTOR_NO_PEER: nobody known */
};

static long find_peer_by_key(const struct evidence *evidence, struct span key)
{
	const struct device_settings *device = &evidence->system.device;
	char text[KEY_BASE64_LEN + 1];

	for (size_t i = 0; key.len && i < device->peers_count; i++) {
		key_print_base64(device->peers[i].public_key.b, text);
		if (key.len <= KEY_BASE64_LEN && memcmp(text, key.at, key.len) == 0)
			return (long)i;
	}
	return DOCTOR_NO_PEER;
}

/* The peer whose endpoint the datagram came from, as far as an address tells. */
static long find_peer_by_source(const struct evidence *evidence, struct span source)
{
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; source.len && i < device->peers_count; i++)
		if ((device->peers[i].has & PEER_HAS_ENDPOINT) &&
			span_equal(source, word_endpoint(&device->peers[i].endpoint).text))
			return (long)i;
	return DOCTOR_NO_PEER;
}

/* Completed a handshake after the incident? */
static bool is_overcome(const struct evidence *evidence, long peer, uint64_t ms_ago)
{
	const struct peer_settings *settings;

	if (peer == DOCTOR_NO_PEER)
		return false;
	settings = &evidence->system.device.peers[peer];
	return settings->last_handshake.sec &&
	       evidence->now - settings->last_handshake.sec < (int64_t)(ms_ago / 1000);
}

static bool is_recent(const struct incident_seen *seen)
{
	return seen->last_ms_ago <= RECENT_MS;
}

/* Strangers may call whom they like; it is our tunnel's trouble only where one of ours is missing. */
static void judge_stranger(struct doctor_finding *finding, const struct evidence *evidence)
{
	const struct device_settings *device = &evidence->system.device;

	if (!finding)
		return;
	for (size_t i = 0; i < device->peers_count; i++)
		if (!evidence_is_fresh(evidence, &device->peers[i]))
			return;
	finding->level = DOCTOR_WARNING;
}

static struct word source_of(const struct refusal *refusal)
{
	struct word word = {"somebody"};

	if (refusal->seen->source.len && refusal->seen->source.len <= WORD_MAX) {
		memcpy(word.text, refusal->seen->source.at, refusal->seen->source.len);
		word.text[refusal->seen->source.len] = 0;
	}
	return word;
}

static void tell_wrong_key(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct evidence *evidence = refusal->evidence;
	long peer = find_peer_by_source(evidence, refusal->seen->source);

	if (is_overcome(evidence, peer, refusal->seen->last_ms_ago))
		return;
	judge_stranger(diagnosis_add(diagnosis, FOUND_WRONG_KEY_THERE, peer,
			       doctor_text("wg show %s public-key", evidence->ifname),
			       "%s has a wrong public key for us: its handshakes are made for "
			       "another key than ours, which is %s",
			       source_of(refusal).text, word_key(&evidence->public_key).text),
		evidence);
}

/* The lowest address of the tunnel's network that is neither ours nor a peer's. */
static bool free_address(const struct evidence *evidence, struct ip_addr *addr)
{
	const struct iflink *link = state_link(&evidence->system);
	const struct device_settings *device = &evidence->system.device;

	for (size_t i = 0; link && i < evidence->system.addrs_count; i++) {
		const struct link_addr *own = &evidence->system.addrs[i];
		struct ip_prefix network = own->prefix;

		if (own->ifindex != link->index || network.addr.family != IP_V4 ||
			network.bits > 30)
			continue;
		prefix_mask(&network);
		for (unsigned n = 2; n < 250; n++) {
			bool is_taken;

			*addr = network.addr;
			addr->b[3] = (uint8_t)(addr->b[3] + n);
			is_taken = ip_addr_equal(addr, &own->prefix.addr);
			for (size_t p = 0; p < device->peers_count && !is_taken; p++)
				for (size_t a = 0; a < device->peers[p].allowed_ips_count; a++)
					is_taken |= ip_addr_equal(
						addr, &device->peers[p].allowed_ips[a].prefix.addr);
			if (!is_taken)
				return true;
		}
	}
	return false;
}

static void tell_unknown(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct evidence *evidence = refusal->evidence;
	struct span key = refusal->seen->key;
	struct ip_addr addr;
	struct word address = {"ADDRESS"};

	if (find_peer_by_key(evidence, key) != DOCTOR_NO_PEER)
		return; /* it is configured since */
	if (free_address(evidence, &addr))
		address = word_address(&addr);
	judge_stranger(
		diagnosis_add(diagnosis, FOUND_UNKNOWN_PEER, DOCTOR_NO_PEER,
			key.len == KEY_BASE64_LEN
				? doctor_text("wg set %s peer %.*s allowed-ips %s/32",
					  evidence->ifname, (int)key.len, key.at, address.text)
				: NULL,
			"%s calls with the key %.*s, which no peer here has (in the command, "
			"put the address that it has in the tunnel)",
			source_of(refusal).text, (int)key.len, key.at ? key.at : ""),
		evidence);
}

static void tell_preshared(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct evidence *evidence = refusal->evidence;

	if (is_overcome(evidence, refusal->peer, refusal->seen->last_ms_ago))
		return;
	diagnosis_add(diagnosis, FOUND_PRESHARED_MISMATCH, refusal->peer,
		doctor_text("wg set %s peer %s preshared-key FILE", evidence->ifname,
			word_key(&evidence->system.device.peers[refusal->peer].public_key).text),
		"the peer answers, but its answer does not decrypt: the PresharedKey here is not "
		"the one there");
}

static void tell_damaged(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	if (is_overcome(refusal->evidence, refusal->peer, refusal->seen->last_ms_ago))
		return;
	diagnosis_add(diagnosis, FOUND_DAMAGED_HANDSHAKE, refusal->peer, NULL,
		"%s sends handshakes for us that do not decrypt: damaged on the way, or not "
		"WireGuard's first version (an obfuscator between?)",
		source_of(refusal).text);
}

static void tell_old_timestamp(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	if (is_overcome(refusal->evidence, refusal->peer, refusal->seen->last_ms_ago))
		return;
	diagnosis_add(diagnosis, FOUND_OLD_TIMESTAMP, refusal->peer, doctor_text("date -u"),
		"%s sends handshakes that are older than its last: its clock has gone back, or two "
		"devices have the same PrivateKey (compare both clocks)",
		source_of(refusal).text);
}

static bool is_worth_telling(struct span inner, struct ip_addr *addr)
{
	if (value_parse_address(inner, addr) != VALUE_OK)
		return false;
	if (addr->family == IP_V4)
		return addr->b[0] != 0 && addr->b[0] < 224 && addr->b[0] != 127 &&
		       !(addr->b[0] == 169 && addr->b[1] == 254);
	/* Neither "::", nor multicast, nor link-local: noise of every healthy link. */
	return addr->b[0] != 0 && addr->b[0] != 0xff &&
	       !(addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80);
}

static bool is_allowed_now(const struct evidence *evidence, long peer, const struct ip_addr *addr)
{
	const struct peer_settings *settings = &evidence->system.device.peers[peer];

	for (size_t i = 0; i < settings->allowed_ips_count; i++)
		if (prefix_contains(&settings->allowed_ips[i].prefix, addr))
			return true;
	return false;
}

static char *fix_allowed(const struct evidence *evidence, long peer, const struct ip_addr *addr)
{
	const struct peer_settings *settings = &evidence->system.device.peers[peer];
	struct ip_prefix alone = prefix_of(addr);
	char *list = words_allowed_ips(settings, &alone), *fix = NULL;

	if (list)
		fix = doctor_text("wg set %s peer %s allowed-ips %s", evidence->ifname,
			word_key(&settings->public_key).text, list);
	free(list);
	return fix;
}

static void tell_source(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct evidence *evidence = refusal->evidence;
	struct ip_addr addr;

	if (!is_worth_telling(refusal->seen->inner, &addr) ||
		is_allowed_now(evidence, refusal->peer, &addr))
		return;
	diagnosis_add(diagnosis, FOUND_SOURCE_NOT_ALLOWED, refusal->peer,
		fix_allowed(evidence, refusal->peer, &addr),
		"the peer sends packets from %s, which is not in its AllowedIPs here: they are "
		"dropped",
		word_address(&addr).text);
}

/* The last address of a network of the tunnel's: sent to by who looks for others there. */
static bool is_broadcast(const struct evidence *evidence, const struct ip_addr *addr)
{
	const struct iflink *link = state_link(&evidence->system);

	for (size_t i = 0; link && i < evidence->system.addrs_count; i++) {
		const struct ip_prefix *own = &evidence->system.addrs[i].prefix;
		uint32_t mask, have, all;

		if (evidence->system.addrs[i].ifindex != link->index || own->addr.family != IP_V4 ||
			addr->family != IP_V4 || own->bits > 30)
			continue;
		mask = own->bits ? UINT32_MAX >> own->bits : UINT32_MAX;
		have = (uint32_t)addr->b[0] << 24 | (uint32_t)addr->b[1] << 16 |
		       (uint32_t)addr->b[2] << 8 | addr->b[3];
		all = ((uint32_t)own->addr.b[0] << 24 | (uint32_t)own->addr.b[1] << 16 |
			      (uint32_t)own->addr.b[2] << 8 | own->addr.b[3]) |
		      mask;
		if (have == all)
			return true;
	}
	return false;
}

static void tell_destination(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct evidence *evidence = refusal->evidence;
	size_t peers = evidence->system.device.peers_count;
	struct ip_addr addr;

	if (!peers || !is_worth_telling(refusal->seen->inner, &addr) ||
		is_broadcast(evidence, &addr))
		return;
	/* To an endpoint: that is a loop, and told as one. */
	for (size_t i = 0; i < peers; i++)
		if (is_allowed_now(evidence, (long)i, &addr) ||
			ip_addr_equal(&evidence->system.device.peers[i].endpoint.addr, &addr))
			return;
	diagnosis_add(diagnosis, FOUND_DESTINATION_NO_PEER, DOCTOR_NO_PEER,
		peers == 1 ? fix_allowed(evidence, 0, &addr) : NULL,
		"packets to %s are sent into the tunnel, but no peer has it in its AllowedIPs: "
		"they "
		"are dropped",
		word_address(&addr).text);
}

static void tell_load(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	diagnosis_add(diagnosis, FOUND_PEER_UNDER_LOAD, refusal->peer, NULL,
		"the peer is under load: it asked for a cookie %llu s ago",
		(unsigned long long)refusal->seen->last_ms_ago / 1000);
}

static void tell_loop(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	if (!diagnosis_has(diagnosis, FOUND_ENDPOINT_LOOP, DOCTOR_NO_PEER))
		diagnosis_add(diagnosis, FOUND_ENDPOINT_LOOP, refusal->peer,
			doctor_text("ip route get %.*s",
				(int)span_find_last(refusal->seen->source, ':'),
				refusal->seen->source.at ? refusal->seen->source.at : ""),
			"a route leads the tunnel's own datagrams back into it");
}

static void tell_send(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct evidence *evidence = refusal->evidence;
	long peer = refusal->peer;

	if (is_overcome(evidence, peer, refusal->seen->last_ms_ago) ||
		diagnosis_has(diagnosis, FOUND_ENDPOINT_UNROUTABLE, peer) ||
		diagnosis_has(diagnosis, FOUND_OUTPUT_FIREWALLED, peer) ||
		(peer != DOCTOR_NO_PEER &&
			evidence_is_fresh(evidence, &evidence->system.device.peers[peer])))
		return;
	diagnosis_add(diagnosis, FOUND_SEND_FAILS, peer,
		doctor_text(refusal->seen->reason == REASON_SEND_DENIED
				    ? "nft list ruleset"
				    : "ip route show table all"),
		"sending to %s fails: %s", source_of(refusal).text,
		reason_text(refusal->seen->reason));
}

/* It came back to each of two addresses: a device that moves does so once. */
static void tell_roaming(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	const struct incident_seen *first = NULL;

	for (size_t i = 0; i < refusal->of->count; i++) {
		const struct incident_seen *seen = &refusal->of->list[i];

		if (seen->reason != REASON_ROAMED || !is_recent(seen) || seen->count < ALTERNATES)
			continue;
		if (!first) {
			first = seen;
			continue;
		}
		diagnosis_add(diagnosis, FOUND_KEY_ON_TWO_DEVICES, refusal->peer,
			doctor_text("wg genkey | tee private.key | wg pubkey"),
			"the peer's endpoint goes back and forth between %.*s and %.*s: two "
			"devices "
			"use its PrivateKey, and each throws the other out. Give one of them a key "
			"of its own",
			(int)first->source.len, first->source.at ? first->source.at : "",
			(int)seen->source.len, seen->source.at ? seen->source.at : "");
		return;
	}
}

static const struct {
	enum reason reason;
	bool needs_peer;
	void (*tell)(struct diagnosis *diagnosis, const struct refusal *refusal);
} tellers[] = {
	{REASON_BAD_MAC1, false, tell_wrong_key},
	{REASON_UNKNOWN_PEER, false, tell_unknown},
	{REASON_BAD_RESPONSE, true, tell_preshared},
	{REASON_BAD_HANDSHAKE, false, tell_damaged},
	{REASON_OLD_TIMESTAMP, false, tell_old_timestamp},
	{REASON_ROAMED, true, tell_roaming},
	{REASON_WRONG_SOURCE, true, tell_source},
	{REASON_NO_PEER, false, tell_destination},
	{REASON_COOKIE_RECEIVED, true, tell_load},
	{REASON_LOOPED, false, tell_loop},
	{REASON_SEND_DENIED, false, tell_send},
	{REASON_SEND_UNREACHABLE, false, tell_send},
	{REASON_SEND_NO_SOURCE, false, tell_send},
	{REASON_SEND_FAILED, false, tell_send},
};

static void tell(struct diagnosis *diagnosis, const struct refusal *refusal)
{
	for (size_t i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++)
		if (tellers[i].reason == refusal->seen->reason &&
			(!tellers[i].needs_peer || refusal->peer != DOCTOR_NO_PEER))
			tellers[i].tell(diagnosis, refusal);
}

void check_refusals(struct diagnosis *diagnosis, const struct evidence *evidence)
{
	if (!evidence->has_log || !evidence->system.has_device)
		return;
	for (size_t i = 0; i < evidence->log.count; i++) {
		const struct incidents_of *of = &evidence->log.of[i];
		struct refusal refusal = {evidence, of, NULL, find_peer_by_key(evidence, of->peer)};

		if (of->peer.len && refusal.peer == DOCTOR_NO_PEER)
			continue; /* removed since */
		for (size_t j = 0; j < of->count; j++) {
			refusal.seen = &of->list[j];
			if (is_recent(refusal.seen))
				tell(diagnosis, &refusal);
		}
	}
}

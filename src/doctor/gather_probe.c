/*
 * Probing: pings through the tunnel, all peers at a time. A short one, which also makes a handshake
 * begin; then one as long as the MTU, with DF; when only that one is lost, the longest that is not is
 * sought by halving. The socket is bound to the interface: nothing leaves by another.
 */
#include <errno.h>
#include <poll.h>
#include "clock.h"
#include "echo.h"
#include "finding.h"
#include "gather.h"

enum {
	SHORT_LEN = 84,
	LEN_MAX = 9000,
	MTU_FLOOR = 576, /* not sought below */
	/* Of a first ping, which may have to wait for a handshake. */
	FIRST_MS = 1200,
	NEXT_MS = 400,
	TRIES = 2,
	CLOSE_ENOUGH = 8, /* bytes */
};

struct pinger {
	struct echo v4, v6;
	uint16_t sequence;
};

/* One of `len` bytes with all headers. One that cannot be sent is as good as lost. */
static void send_ping(struct pinger *pinger, const struct ip_addr *to, uint32_t len)
{
	echo_send(to->family == IP_V4 ? &pinger->v4 : &pinger->v6, to, pinger->sequence, len);
}

/* One ping to each peer that is to have one, and whether each was answered. */
struct round {
	bool is_sent[GATHER_PROBES_MAX];
	bool is_answered[GATHER_PROBES_MAX];
	uint32_t len[GATHER_PROBES_MAX];
	size_t count;
};

static bool is_over(const struct round *round)
{
	for (size_t i = 0; i < round->count; i++)
		if (round->is_sent[i] && !round->is_answered[i])
			return false;
	return true;
}

static void note_answer(
	const struct evidence *evidence, struct round *round, const struct ip_addr *from)
{
	for (size_t i = 0; i < round->count; i++)
		if (round->is_sent[i] && ip_addr_equal(&evidence->peers[i].probe.target, from))
			round->is_answered[i] = true;
}

/* All that has come by one family. */
static void take_answers(const struct pinger *pinger, struct echo *echo,
	const struct evidence *evidence, struct round *round)
{
	struct ip_addr from;
	uint16_t number;
	int taken;

	while ((taken = echo_take(echo, &from, &number)) != -EAGAIN)
		if (taken == 0 && number == pinger->sequence)
			note_answer(evidence, round, &from);
}

static void wait_for_answers(
	struct pinger *pinger, const struct evidence *evidence, struct round *round, int ms)
{
	struct instant end = instant_after(clock_now(), (uint64_t)ms * NS_PER_MS);
	struct pollfd fds[] = {
		{.fd = pinger->v4.fd, .events = POLLIN}, {.fd = pinger->v6.fd, .events = POLLIN}};

	while (!is_over(round)) {
		struct instant now = clock_now();

		if (instant_reached(now, end) ||
			poll(fds, 2, (int)((end.ns - now.ns) / NS_PER_MS) + 1) <= 0)
			return;
		take_answers(pinger, &pinger->v4, evidence, round);
		take_answers(pinger, &pinger->v6, evidence, round);
	}
}

static void run_round(
	struct pinger *pinger, const struct evidence *evidence, struct round *round, int ms)
{
	for (unsigned try = 0; try < TRIES && !is_over(round); try++) {
		pinger->sequence++;
		for (size_t i = 0; i < round->count; i++)
			if (round->is_sent[i] && !round->is_answered[i])
				send_ping(pinger, &evidence->peers[i].probe.target, round->len[i]);
		wait_for_answers(pinger, evidence, round, ms);
	}
}

/* An address that the peer itself is likely to have, where its AllowedIPs tell one. */
static bool find_target(const struct evidence *evidence, size_t i, struct ip_addr *target)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];

	for (size_t j = 0; j < peer->allowed_ips_count; j++) {
		const struct ip_prefix *prefix = &peer->allowed_ips[j].prefix;

		if (prefix->bits == ip_bits_max(prefix->addr.family) &&
			!evidence_is_own(evidence, &prefix->addr) &&
			evidence_has_family(evidence, prefix->addr.family)) {
			*target = prefix->addr;
			return true;
		}
	}
	return false;
}

/* Else the first of our own network in the tunnel, which is a server's by custom. */
static bool guess_target(const struct evidence *evidence, size_t i, struct ip_addr *target)
{
	const struct peer_settings *peer = &evidence->system.device.peers[i];
	const struct iflink *link = state_link(&evidence->system);

	for (size_t k = 0; k < evidence->system.addrs_count; k++) {
		struct ip_prefix network = evidence->system.addrs[k].prefix;
		uint8_t last = (uint8_t)(ip_bytes(network.addr.family) - 1);

		if (evidence->system.addrs[k].ifindex != link->index ||
			evidence->system.addrs[k].kernel_made ||
			network.bits >= ip_bits_max(network.addr.family) - 1)
			continue;
		prefix_mask(&network);
		network.addr.b[last] |= 1;
		for (size_t j = 0; j < peer->allowed_ips_count; j++)
			if (prefix_contains(&peer->allowed_ips[j].prefix, &network.addr) &&
				!evidence_is_own(evidence, &network.addr)) {
				*target = network.addr;
				return true;
			}
	}
	return false;
}

static void seek_mtu(struct pinger *pinger, struct evidence *evidence, size_t i, uint32_t mtu)
{
	uint32_t low = MTU_FLOOR, high = mtu;
	struct round round = {.count = i + 1};

	while (high - low > CLOSE_ENOUGH) {
		uint32_t middle = low + (high - low) / 2;

		round.is_sent[i] = true;
		round.is_answered[i] = false;
		round.len[i] = middle;
		run_round(pinger, evidence, &round, NEXT_MS / 2);
		if (round.is_answered[i])
			low = middle;
		else
			high = middle;
	}
	evidence->peers[i].probe.best_mtu = low;
}

static void run_probes(struct pinger *pinger, struct evidence *evidence, uint32_t mtu)
{
	size_t count = evidence->system.device.peers_count;
	struct round first = {.count = count < GATHER_PROBES_MAX ? count : GATHER_PROBES_MAX};
	struct round big = {.count = first.count};

	for (size_t i = 0; i < first.count; i++) {
		struct probe *probe = &evidence->peers[i].probe;

		first.is_sent[i] = probe->is_done = find_target(evidence, i, &probe->target) ||
						    guess_target(evidence, i, &probe->target);
		first.len[i] = SHORT_LEN;
		big.len[i] = mtu;
	}
	run_round(pinger, evidence, &first, FIRST_MS / TRIES);
	for (size_t i = 0; i < first.count; i++)
		big.is_sent[i] = evidence->peers[i].probe.is_answered = first.is_answered[i];
	run_round(pinger, evidence, &big, NEXT_MS);
	for (size_t i = 0; i < first.count; i++) {
		evidence->peers[i].probe.big_is_answered = big.is_answered[i];
		if (big.is_sent[i] && !big.is_answered[i])
			seek_mtu(pinger, evidence, i, mtu);
	}
}

void gather_probes(struct evidence *evidence)
{
	const struct iflink *link = state_link(&evidence->system);
	struct pinger pinger = {.sequence = 0};
	int error_v4, error_v6;

	if (!link || !link->is_up || link->mtu < MTU_FLOOR)
		return;
	error_v4 = echo_open(&pinger.v4, IP_V4, evidence->ifname, 0);
	error_v6 = echo_open(&pinger.v6, IP_V6, evidence->ifname, 0);
	if (!error_v4 && !error_v6)
		run_probes(&pinger, evidence, link->mtu < LEN_MAX ? link->mtu : LEN_MAX);
	echo_close(&pinger.v4);
	echo_close(&pinger.v6);
}

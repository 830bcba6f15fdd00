/*
 * Probing: pings through the tunnel, all peers at a time. A short one, which also makes a handshake
 * begin; then one as long as the MTU, with DF; when only that one is lost, the longest that is not is
 * sought by halving. The socket is bound to the interface: nothing leaves by another.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "finding.h"
#include "gather.h"

enum {
	HEADERS_V4 = 28, /* IP and ICMP */
	HEADERS_V6 = 48,
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
	int fd4, fd6;
	uint16_t id, sequence;
	uint8_t packet[LEN_MAX];
};

static int open_socket(int family, int protocol, const char *ifname)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int probe = family == AF_INET ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ifname, (socklen_t)strlen(ifname)) < 0 ||
		(family == AF_INET
				? setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof(probe))
				: setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe,
					  sizeof(probe))) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *to, uint16_t n)
{
	to[0] = (uint8_t)(n >> 8);
	to[1] = (uint8_t)n;
}

/* A ping of `len` bytes with all headers. */
static void send_ping(struct pinger *pinger, const struct ip_addr *to, uint32_t len)
{
	bool is_v4 = to->family == IP_V4;
	size_t icmp_len = len - (is_v4 ? HEADERS_V4 : HEADERS_V6) + 8;
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	memset(pinger->packet, 0, icmp_len);
	pinger->packet[0] = is_v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	put16(pinger->packet + 4, pinger->id);
	put16(pinger->packet + 6, pinger->sequence);
	memcpy(&v4.sin_addr, to->b, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, to->b, sizeof(v6.sin6_addr));
	if (is_v4) {
		put16(pinger->packet + 2, checksum(pinger->packet, icmp_len));
		sendto(pinger->fd4, pinger->packet, icmp_len, 0, (struct sockaddr *)&v4,
			sizeof(v4));
	} else { /* the kernel fills in the checksum */
		sendto(pinger->fd6, pinger->packet, icmp_len, 0, (struct sockaddr *)&v6,
			sizeof(v6));
	}
}

/* Is what was received the answer to the present ping? */
static bool is_answer(const struct pinger *pinger, size_t len, bool is_v4)
{
	const uint8_t *icmp = pinger->packet;
	size_t skip = is_v4 && len ? (size_t)(icmp[0] & 15) * 4 : 0;

	if (len < skip + 8)
		return false;
	icmp += skip;
	return icmp[0] == (is_v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	       icmp[4] == pinger->id >> 8 && icmp[5] == (pinger->id & 255) &&
	       icmp[6] == pinger->sequence >> 8 && icmp[7] == (pinger->sequence & 255);
}

/* Reads what has come; the sender of an answer, IP_NONE when there is none (any more). */
static bool read_answer(struct pinger *pinger, int fd, bool is_v4, struct ip_addr *from)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sender;
	socklen_t sender_len = sizeof(sender);
	ssize_t len =
		recvfrom(fd, pinger->packet, sizeof(pinger->packet), 0, &sender.any, &sender_len);

	*from = (struct ip_addr){0};
	if (len < 0)
		return false;
	if (!is_answer(pinger, (size_t)len, is_v4))
		return true;
	from->family = is_v4 ? IP_V4 : IP_V6;
	if (is_v4)
		memcpy(from->b, &sender.v4.sin_addr, sizeof(sender.v4.sin_addr));
	else
		memcpy(from->b, &sender.v6.sin6_addr, sizeof(sender.v6.sin6_addr));
	return true;
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

static void wait_for_answers(
	struct pinger *pinger, const struct evidence *evidence, struct round *round, int ms)
{
	struct instant end = instant_after(clock_now(), (uint64_t)ms * NS_PER_MS);
	struct pollfd fds[] = {
		{.fd = pinger->fd4, .events = POLLIN}, {.fd = pinger->fd6, .events = POLLIN}};

	while (!is_over(round)) {
		struct instant now = clock_now();
		struct ip_addr from;

		if (instant_reached(now, end) ||
			poll(fds, 2, (int)((end.ns - now.ns) / NS_PER_MS) + 1) <= 0)
			return;
		for (size_t f = 0; f < 2; f++)
			while (fds[f].revents & POLLIN &&
				read_answer(pinger, fds[f].fd, f == 0, &from))
				note_answer(evidence, round, &from);
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
	struct pinger pinger = {.id = (uint16_t)getpid()};

	if (!link || !link->is_up || link->mtu < MTU_FLOOR)
		return;
	pinger.fd4 = open_socket(AF_INET, IPPROTO_ICMP, evidence->ifname);
	pinger.fd6 = open_socket(AF_INET6, IPPROTO_ICMPV6, evidence->ifname);
	if (pinger.fd4 >= 0 && pinger.fd6 >= 0)
		run_probes(&pinger, evidence, link->mtu < LEN_MAX ? link->mtu : LEN_MAX);
	if (pinger.fd4 >= 0)
		close(pinger.fd4);
	if (pinger.fd6 >= 0)
		close(pinger.fd6);
}

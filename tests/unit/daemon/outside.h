/*
 * A tunnel and what lies outside of it: a TUN device that gives out the packets it was offered, and sockets
 * that open, check and note down what is sent, or refuse it. Included by one program only, whose
 * readv(), writev() and sendmmsg() these are.
 */
#ifndef CULVERT_TESTS_UNIT_DAEMON_OUTSIDE_H
#define CULVERT_TESTS_UNIT_DAEMON_OUTSIDE_H

#include <errno.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "ip.h"
#include "lifecycle.h"
#include "limits.h"
#include "members.h"
#include "seeded.h"
#include "tunnel.h"
#include "wire.h"

enum {
	PEERS = 4,
	PACKETS_MAX = 100000,
	SUPER_PAYLOAD = 36 * 1800,
	SUPER_SEGMENT = 36, /* the shortest that TCP makes */
};

static struct tunnel tunnel;
static struct moment now;
static bool has_pool;

/* The TUN device: what is still to be read. */
static struct {
	struct tun_header header;
	uint8_t bytes[TUN_PACKET_MAX];
	size_t len;
} waiting[256];
static unsigned waiting_first, waiting_count, written;

/* The other side of the sockets. Who sends is alone there: the loop, or the thread whose turn it is. */
static struct bulk_engine *opener;
static pthread_t loop_thread;
static unsigned calls_elsewhere; /* not from the loop's thread */
static unsigned calls_astray;    /* by a socket that is not the tunnel's, or is no more */
static struct {
	uint32_t numbers[PACKETS_MAX];
	uint64_t counters[PACKETS_MAX];
	unsigned count;
} arrived[PEERS];
static bool is_content_free; /* what the packets hold does not matter */
static unsigned keepalives;
static unsigned messages, segmented[PEERS], refused;
static int (*decide)(unsigned peer, size_t len, bool has_segments, bool has_source);
static struct seeded chance;

static uint8_t key_byte(unsigned peer)
{
	return (uint8_t)(0x11 * (peer + 1));
}

static ssize_t take_waiting(const struct iovec *pieces)
{
	size_t len;

	if (waiting_first == waiting_count) {
		errno = EAGAIN;
		return -1;
	}
	len = waiting[waiting_first].len;
	assert_true(len <= pieces[1].iov_len);
	memcpy(pieces[0].iov_base, &waiting[waiting_first].header, sizeof(struct tun_header));
	memcpy(pieces[1].iov_base, waiting[waiting_first++].bytes, len);
	return (ssize_t)(sizeof(struct tun_header) + len);
}

ssize_t readv(int fd, const struct iovec *pieces, int count)
{
	if (fd == tunnel.tun.fd && fd >= 0)
		return take_waiting(pieces);
	return syscall(SYS_readv, fd, pieces, count);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	if (fd != tunnel.tun.fd || fd < 0)
		return syscall(SYS_writev, fd, pieces, count);
	written++;
	return 1;
}

/* A datagram that got through: opened, checked and noted down. */
static void arrive(unsigned peer, uint8_t *datagram, size_t len)
{
	const struct wire_data *header = (const void *)datagram;
	struct symmetric_key key;
	uint8_t *inner = datagram + DATA_HEADER_LEN;
	struct ip_info info;
	struct be32 number;
	unsigned i;

	/* A keepalive, or what is no data. */
	if (len <= DATA_OVERHEAD) {
		keepalives += len == KEEPALIVE_LEN;
		return;
	}
	i = arrived[peer].count++;
	assert_true(i < PACKETS_MAX);
	assert_int_equal(wire_classify(datagram, len), MESSAGE_DATA);
	assert_int_equal(le32_load(header->receiver), 100 + peer);
	memset(&key, key_byte(peer), sizeof(key));
	assert_true(bulk_open(
		opener, &key, le64_load(header->counter), inner, len - DATA_OVERHEAD, inner));
	arrived[peer].counters[i] = le64_load(header->counter);
	assert_true(ip_parse(inner, len - DATA_OVERHEAD, &info));
	for (size_t at = info.len; at < len - DATA_OVERHEAD; at++)
		assert_int_equal(inner[at], 0);
	/* Behind the IP header, or a segment's place in its stream. */
	memcpy(&number, inner + (inner[9] == IPPROTO_TCP ? 24 : 20), sizeof(number));
	arrived[peer].numbers[i] = be32_load(number);
	for (size_t at = 24; inner[9] != IPPROTO_TCP && !is_content_free && at < info.len; at++)
		assert_int_equal(inner[at], (uint8_t)(arrived[peer].numbers[i] + at));
}

/* 192.0.2.N and 2001:db8::N by turns. */
static struct ip_addr address_of(unsigned peer)
{
	if (peer % 2 == 0)
		return (struct ip_addr){IP_V4, {192, 0, 2, (uint8_t)peer}};
	return (struct ip_addr){IP_V6, {0x20, 1, 0x0d, 0xb8, [15] = (uint8_t)peer}};
}

static unsigned peer_of(const struct msghdr *message)
{
	const struct sockaddr_in *v4 = message->msg_name;
	const struct sockaddr_in6 *v6 = message->msg_name;
	unsigned peer = v4->sin_family == AF_INET ? ntohl(v4->sin_addr.s_addr) & 0xff
						  : v6->sin6_addr.s6_addr[15];

	assert_true(peer < PEERS);
	return peer;
}

static int send_one(struct msghdr *message)
{
	unsigned peer = peer_of(message);
	const struct iovec *piece = message->msg_iov;
	uint16_t segment_len = 0;
	bool has_source = false;
	int err;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_SEGMENT)
			memcpy(&segment_len, CMSG_DATA(c), sizeof(segment_len));
		has_source = has_source ||
			     (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) ||
			     (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO);
	}
	assert_int_equal(message->msg_iovlen, 1);
	err = decide ? decide(peer, piece->iov_len, segment_len > 0, has_source) : 0;
	if (err != 0) {
		refused++;
		return err;
	}
	messages++;
	segmented[peer] += segment_len > 0;
	if (segment_len > 0)
		assert_true(piece->iov_len <= (size_t)UDP_SEGMENTS_MAX * segment_len);
	for (size_t at = 0, len; at < piece->iov_len; at += len) {
		uint8_t datagram[UDP_BUFFER_LEN];

		len = piece->iov_len - at;
		if (segment_len > 0 && len > segment_len)
			len = segment_len;
		memcpy(datagram, (const uint8_t *)piece->iov_base + at, len);
		arrive(peer, datagram, len);
	}
	return 0;
}

int sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags)
{
	(void)flags;
	calls_elsewhere += !pthread_equal(pthread_self(), loop_thread);
	calls_astray += fd != tunnel.udp.fd4 && fd != tunnel.udp.fd6;
	for (unsigned i = 0; i < count; i++) {
		int err = send_one(&headers[i].msg_hdr);

		if (err == 0)
			continue;
		errno = err;
		return i > 0 ? (int)i : -1;
	}
	return (int)count;
}

/* Puts a packet of len bytes, at least 24, for the peer into the TUN device. */
static void offer(unsigned peer, uint32_t number, size_t len)
{
	uint8_t *packet = waiting[waiting_count].bytes;
	static const uint8_t start[] = {
		0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 1};
	struct be32 be = be32_store(number);

	assert_true(waiting_count < sizeof(waiting) / sizeof(waiting[0]));
	memcpy(packet, start, sizeof(start));
	packet[2] = (uint8_t)(len >> 8);
	packet[3] = (uint8_t)len;
	packet[18] = (uint8_t)peer;
	packet[19] = 1;
	memcpy(packet + 20, &be, sizeof(be));
	for (size_t at = 24; at < len; at++)
		packet[at] = (uint8_t)(number + at);
	waiting[waiting_count].header = (struct tun_header){0};
	waiting[waiting_count++].len = len;
}

/* A super-packet of TCP, to be cut very small. */
static void offer_super(unsigned peer)
{
	size_t len = 40 + SUPER_PAYLOAD;
	uint8_t *packet = waiting[waiting_count].bytes;

	offer(peer, 0, len);
	packet[9] = IPPROTO_TCP;
	memset(packet + 20, 0, 20);
	packet[32] = 0x50;
	waiting[waiting_count - 1].header = (struct tun_header){.flags = TUN_NEEDS_CHECKSUM,
		.gso = TUN_GSO_TCP4,
		.gso_size = SUPER_SEGMENT,
		.checksum_start = 20,
		.checksum_offset = 16};
}

/* A super-packet of UDP: count segments of size bytes. */
static void offer_crumbs(unsigned peer, unsigned count, uint16_t size)
{
	size_t len = 28 + (size_t)count * size;
	uint8_t *packet = waiting[waiting_count].bytes;

	offer(peer, 0, len);
	memset(packet + 20, 0, 8);
	packet[24] = (uint8_t)((len - 20) >> 8);
	packet[25] = (uint8_t)(len - 20);
	waiting[waiting_count - 1].header = (struct tun_header){.flags = TUN_NEEDS_CHECKSUM,
		.gso = TUN_GSO_UDP,
		.gso_size = size,
		.checksum_start = 20,
		.checksum_offset = 6};
}

static void give_key(unsigned peer)
{
	struct session *sessions = device_sessions(tunnel.device, peer);
	struct session_freed freed = {.count = 0};
	uint8_t number = keyring_add_confirmed(
		&device_peer(tunnel.device, peer)->keyring, sessions, now.at, &freed);
	struct noise_keys keys;

	device_forget_sessions(tunnel.device, &freed);
	memset(&keys, key_byte(peer), sizeof(keys));
	assert_true(index_insert(device_indices(tunnel.device), peer,
		(struct index_entry){peer, (uint8_t)(INDEX_SESSION_0 + number)}));
	session_begin(&sessions[number], &keys, true, peer, 100 + peer, now.at);
}

static struct udp_pair fake_sockets(void)
{
	return (struct udp_pair){.fd4 = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.fd6 = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.port = 9,
		.has_gso = true};
}

static int begin(unsigned threads)
{
	struct tun tun = {.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .has_header = true};
	struct device_limits limits = {PEERS, 2 * PEERS, 16};
	struct log log = {LOG_LEVEL_SILENT, "test"};
	struct udp_pair sockets = fake_sockets();

	now = (struct moment){{1000 * NS_PER_S}, {1700000000, 0}};
	assert_int_equal(tunnel_init(&tunnel, &tun, &limits, &log), 0);
	assert_int_equal(tunnel_start(&tunnel, threads), 0);
	tunnel_use_sockets(&tunnel, &sockets);
	device_set_up(tunnel.device, true, now.at);
	for (unsigned i = 0; i < PEERS; i++) {
		struct public_key key = {{(uint8_t)(i + 1)}};
		struct ip_prefix prefix = {{IP_V4, {10, 1, (uint8_t)i}}, 24};

		assert_int_equal(device_add_peer(tunnel.device, &key), i);
		assert_true(device_add_allowed_ip(tunnel.device, i, &prefix));
		device_peer(tunnel.device, i)->endpoint =
			(struct endpoint){.addr = address_of(i), .port = 7};
		give_key(i);
	}
	memset(arrived, 0, sizeof(arrived));
	memset(segmented, 0, sizeof(segmented));
	waiting_first = waiting_count = messages = refused = written = 0;
	calls_elsewhere = calls_astray = 0;
	loop_thread = pthread_self();
	opener = bulk_create(BULK_BEST);
	assert_non_null(opener);
	decide = NULL;
	has_pool = threads > 1;
	is_content_free = false;
	keepalives = 0;
	return 0;
}

#endif

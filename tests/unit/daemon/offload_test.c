/*
 * Split and coalesce between real TUN devices: two namespaces with a cable of ours between them,
 * whose ends are the kernel's own TCP and UDP; and a namespace that forwards what was merged, where
 * the kernel has to cut it again.
 */
#include "unit.h"
#include "coalesce.h"
#include "split.h"
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "netns.h"
#include "packet_model.h"

enum {
	PORT = 7000,
	STREAM_LEN = 3 << 20,
	DATAGRAMS = 10,
	DATAGRAM_LEN = 1000,
	LAST_LEN = 123,
	BATCH_ROOM = 256 << 10,
};

/* One end: a namespace with a device and a socket. */
struct end {
	int netns;
	struct tun tun;
	int socket;
};

/* What the cable does in one direction, and what passed. */
struct cable {
	struct coalescer coalescer;
	unsigned super_packets_read, super_packets_written;
};

static uint8_t packet[TUN_ROOM + SPLIT_TAILROOM], batch[BATCH_ROOM];
static struct cable to_server, to_client;

static struct sockaddr_storage address(int family, uint8_t host)
{
	struct sockaddr_storage storage = {0};
	char text[32];

	storage.ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;

		snprintf(text, sizeof(text), "10.9.0.%u", host);
		v4->sin_port = htons(PORT);
		assert_int_equal(inet_pton(family, text, &v4->sin_addr), 1);
	} else {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

		snprintf(text, sizeof(text), "fd09::%u", host);
		v6->sin6_port = htons(PORT);
		assert_int_equal(inet_pton(family, text, &v6->sin6_addr), 1);
	}
	return storage;
}

static void open_device(struct tun *tun, const char *name, const char *v4, const char *v6)
{
	uint32_t ifindex;

	assert_int_equal(tun_open(tun, name, false), 0);
	assert_int_equal(link_find(name, &ifindex), 0);
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
	netns_add_address(ifindex, v4, 24);
	netns_add_address(ifindex, v6, 64);
}

static struct end end_open(int family, int type, uint8_t host, unsigned offloads)
{
	struct sockaddr_storage local = address(family, host);
	struct end end;

	netns_enter();
	end.netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(end.netns >= 0);
	open_device(&end.tun, "t0", host == 1 ? "10.9.0.1" : "10.9.0.2",
		host == 1 ? "fd09::1" : "fd09::2");
	assert_int_equal(tun_set_offloads(&end.tun, offloads), 0);
	end.socket = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(end.socket >= 0);
	assert_int_equal(bind(end.socket, (struct sockaddr *)&local, sizeof(local)), 0);
	return end;
}

static void end_close(struct end *end)
{
	close(end->socket);
	tun_close(&end->tun);
	close(end->netns);
}

static void write_groups(struct cable *cable, const struct tun *to)
{
	for (unsigned i = 0; i < cable->coalescer.count; i++) {
		struct coalesce_group *group = &cable->coalescer.groups[i];

		coalesce_finish(&cable->coalescer, i);
		cable->super_packets_written += group->header.gso != TUN_GSO_NONE;
		assert_int_equal(tun_write(to, &group->header, group->pieces, group->count), 0);
	}
	coalesce_reset(&cable->coalescer);
}

/* Cuts one packet that was read and adds the copies at batch + at; returns where they end. */
static size_t pass_packet(struct cable *cable, const struct tun *to,
	const struct tun_header *header, size_t len, size_t at)
{
	struct split split;

	assert_true(split_begin(&split, header, packet, len));
	cable->super_packets_read += split.count > 1;
	for (uint32_t i = 0; i < split.count; i++) {
		size_t segment_len = split_segment_len(&split, i);

		memcpy(batch + at, split_next(&split, (segment_len + 15) / 16 * 16), segment_len);
		if (!coalesce_add(&cable->coalescer, batch + at, segment_len)) {
			write_groups(cable, to);
			assert_true(coalesce_add(&cable->coalescer, batch + at, segment_len));
		}
		at += segment_len;
	}
	return at;
}

/* All that waits, as far as there is room. */
static void pass(struct cable *cable, const struct tun *from, const struct tun *to)
{
	struct tun_header header;
	size_t at = 0;

	while (at < BATCH_ROOM - 2 * sizeof(packet)) {
		ssize_t len = tun_read(from, &header, packet, TUN_ROOM);

		if (len == -EAGAIN)
			break;
		assert_true(len > 0);
		at = pass_packet(cable, to, &header, (size_t)len, at);
	}
	write_groups(cable, to);
}

static uint8_t stream_byte(size_t at)
{
	return (uint8_t)(at * 2654435761u >> 13);
}

/* Sends what the socket takes; returns where the stream stands. */
static size_t stream_send(int fd, size_t at)
{
	uint8_t bytes[60000];
	size_t len = STREAM_LEN - at < sizeof(bytes) ? STREAM_LEN - at : sizeof(bytes);
	ssize_t sent;

	for (size_t i = 0; i < len; i++)
		bytes[i] = stream_byte(at + i);
	sent = send(fd, bytes, len, MSG_NOSIGNAL);
	if (sent < 0)
		assert_true(errno == EAGAIN || errno == EINPROGRESS || errno == ENOTCONN);
	return at + (sent > 0 ? (size_t)sent : 0);
}

static size_t stream_receive(int fd, size_t at)
{
	uint8_t bytes[60000];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	for (ssize_t i = 0; i < got; i++)
		assert_int_equal(bytes[i], stream_byte(at + (size_t)i));
	return at + (got > 0 ? (size_t)got : 0);
}

/* Waits until a device or a socket has something. */
static void await(const struct end *client, const struct end *server, int accepted)
{
	struct pollfd fds[] = {
		{.fd = client->tun.fd, .events = POLLIN},
		{.fd = server->tun.fd, .events = POLLIN},
		{.fd = accepted < 0 ? server->socket : accepted, .events = POLLIN},
	};

	assert_true(poll(fds, 3, NETNS_WAIT_MS) > 0);
}

/* What the end's kernel says of the segments it got: InCsumErrors is the last of the numbers. */
static void assert_no_checksum_errors(const struct end *end)
{
	char line[512];
	bool is_found = false;
	FILE *file;

	assert_int_equal(setns(end->netns, CLONE_NEWNET), 0);
	file = fopen("/proc/thread-self/net/snmp", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Tcp: ", 5) != 0 || line[5] < '0' || line[5] > '9')
			continue;
		is_found = true;
		assert_string_equal(strrchr(line, ' '), " 0\n");
	}
	fclose(file);
	assert_true(is_found);
}

/* A stream from client to server, of which every byte comes. */
static void run_stream(const struct end *client, const struct end *server, int family)
{
	struct sockaddr_storage remote = address(family, 2);
	size_t sent = 0, received = 0;
	int accepted = -1;

	assert_int_equal(listen(server->socket, 1), 0);
	assert_int_equal(connect(client->socket, (struct sockaddr *)&remote, sizeof(remote)), -1);
	assert_int_equal(errno, EINPROGRESS);
	while (received < STREAM_LEN) {
		await(client, server, accepted);
		pass(&to_server, &client->tun, &server->tun);
		pass(&to_client, &server->tun, &client->tun);
		if (accepted < 0)
			accepted =
				accept4(server->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (accepted >= 0 && sent < STREAM_LEN)
			sent = stream_send(client->socket, sent);
		if (accepted >= 0)
			received = stream_receive(accepted, received);
	}
	assert_no_checksum_errors(client);
	assert_no_checksum_errors(server);
	close(accepted);
}

/* UDP_SEGMENT makes them one super-packet where the device takes it. */
static void run_datagrams(const struct end *client, const struct end *server, int family)
{
	struct sockaddr_storage remote = address(family, 2);
	size_t len = (DATAGRAMS - 1) * DATAGRAM_LEN + LAST_LEN, received = 0;
	uint8_t bytes[DATAGRAMS * DATAGRAM_LEN];
	int segment_len = DATAGRAM_LEN;

	for (size_t i = 0; i < len; i++)
		bytes[i] = stream_byte(i);
	assert_int_equal(
		setsockopt(client->socket, SOL_UDP, UDP_SEGMENT, &segment_len, sizeof(segment_len)),
		0);
	assert_int_equal(
		sendto(client->socket, bytes, len, 0, (struct sockaddr *)&remote, sizeof(remote)),
		len);
	while (received < len) {
		size_t left = len - received;
		ssize_t got;

		await(client, server, -1);
		pass(&to_server, &client->tun, &server->tun);
		pass(&to_client, &server->tun, &client->tun);
		got = recv(server->socket, bytes, sizeof(bytes), 0);
		if (got < 0)
			continue;
		assert_int_equal(got, left < DATAGRAM_LEN ? left : DATAGRAM_LEN);
		for (size_t i = 0; i < (size_t)got; i++)
			assert_int_equal(bytes[i], stream_byte(received + i));
		received += (size_t)got;
	}
}

/* By all ways in which super-packets may come in or go out. */
static void carries(int type, unsigned offloads,
	void (*run)(const struct end *client, const struct end *server, int family))
{
	for (unsigned i = 0; i < 8; i++) {
		int family = i & 1 ? AF_INET6 : AF_INET;
		unsigned in = i & 2 ? TUN_OFFLOAD_ALL : 0, out = i & 4 ? TUN_OFFLOAD_ALL : 0;
		struct end server = end_open(family, type, 2, in);
		struct end client = end_open(family, type, 1, in);

		if (in && (client.tun.offloads & offloads) != offloads)
			skip();
		to_server.super_packets_read = to_server.super_packets_written = 0;
		coalesce_init(&to_server.coalescer, out);
		coalesce_init(&to_client.coalescer, out);
		run(&client, &server, family);
		assert_int_equal(to_server.super_packets_read > 0, in != 0);
		assert_int_equal(to_server.super_packets_written > 0, out != 0);
		end_close(&client);
		end_close(&server);
	}
}

static void carries_tcp(void **state)
{
	(void)state;
	carries(SOCK_STREAM, TUN_TSO4 | TUN_TSO6, run_stream);
}

static void carries_udp(void **state)
{
	(void)state;
	carries(SOCK_DGRAM, TUN_USO, run_datagrams);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* From the network of the first device to that of the second, as the model builds them. */
static struct packet_spec forwarded_spec(uint8_t version, uint8_t protocol, unsigned i)
{
	return (struct packet_spec){
		.version = version,
		.protocol = protocol,
		.source = 1,
		.destination = 2,
		.source_port = 1000,
		.destination_port = 2000,
		.ttl = 64,
		.id = (uint16_t)(0xfffe + i),
		.fragment = MODEL_DF,
		.tcp_flags = MODEL_ACK | (i == 4 ? MODEL_PSH : 0),
		.sequence = 0xfffffff0 + i * 700,
		.acknowledged = 5,
		.window = 500,
		.tcp_options_len = 12,
		.tcp_option_byte = 1,
		.payload_len = i == 4 ? 99 : 700,
		.payload_seed = i,
	};
}

/* The next packet of the protocol; others (router solicitations) are passed over. */
static ssize_t read_forwarded(const struct tun *tun, struct tun_header *header, uint8_t protocol)
{
	for (;;) {
		ssize_t len;

		netns_wait(tun->fd);
		len = tun_read(tun, header, packet, TUN_ROOM);
		assert_true(len > 0);
		if (packet[packet[0] >> 4 == 4 ? 9 : 6] == protocol)
			return len;
	}
}

/* Merged packets go in, and those that come out are the ones that were merged, one hop older. */
static void forward(const struct tun *in, const struct tun *out, uint8_t version, uint8_t protocol)
{
	struct tun_header header;
	size_t at = 0;

	coalesce_init(&to_server.coalescer, TUN_OFFLOAD_ALL);
	to_server.super_packets_written = 0;
	for (unsigned i = 0; i < 5; i++) {
		struct packet_spec spec = forwarded_spec(version, protocol, i);
		size_t len = packet_build(&spec, batch + at);

		assert_true(coalesce_add(&to_server.coalescer, batch + at, len));
		at += len;
	}
	assert_int_equal(to_server.coalescer.count, 1);
	write_groups(&to_server, in);
	for (unsigned i = 0; i < 5; i++) {
		struct packet_spec spec = forwarded_spec(version, protocol, i);
		ssize_t len = read_forwarded(out, &header, protocol);

		spec.ttl--;
		assert_int_equal(len, packet_build(&spec, batch));
		assert_memory_equal(packet, batch, (size_t)len);
		assert_int_equal(header.gso, TUN_GSO_NONE);
		assert_int_equal(header.flags & TUN_NEEDS_CHECKSUM, 0);
	}
}

/* The second device has no offloads: the kernel cuts and sums by what our headers say. */
static void lets_the_kernel_cut_what_was_merged(void **state)
{
	struct tun in, out;

	(void)state;
	netns_enter();
	open_device(&in, "t0", "10.0.0.9", "fd00::9");
	open_device(&out, "t1", "10.9.0.9", "fd09::9");
	write_file("/proc/sys/net/ipv4/ip_forward", "1");
	write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1");
	forward(&in, &out, 4, MODEL_TCP);
	forward(&in, &out, 4, MODEL_UDP);
	forward(&in, &out, 6, MODEL_TCP);
	forward(&in, &out, 6, MODEL_UDP);
	tun_close(&in);
	tun_close(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_tcp),
		cmocka_unit_test(carries_udp),
		cmocka_unit_test(lets_the_kernel_cut_what_was_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

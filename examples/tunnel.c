/*
 * A whole WireGuard tunnel in one small program, over a transport of its own: datagrams between
 * two Unix sockets. Lines from standard input go in as IPv4 packets and come out at the other end.
 *     tunnel key                                           prints a private key and its public key
 *     tunnel PRIVATE PEERS_PUBLIC MY_SOCKET PEERS_SOCKET
 */
#include <culvert/culvert.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HEADER_LEN = 20, LINE_LEN = 1000, BUFFER_LEN = 2048, KEY_LEN = CULVERT_KEY_LEN };

static struct culvert *tunnel;
static int outside;
static struct sockaddr_un there = {.sun_family = AF_UNIX};
/* A real transport says where a datagram came from. */
static const struct culvert_address somewhere = {.family = 4, .port = 1};
static uint8_t waiting[HEADER_LEN + LINE_LEN];
static size_t waiting_len; /* of the packet that has no key yet */
static _Alignas(CULVERT_MEMORY_ALIGN) uint8_t memory[1 << 20];

static struct culvert_time now(void)
{
	struct timespec steady, wall;

	clock_gettime(CLOCK_BOOTTIME, &steady);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct culvert_time){
		(uint64_t)steady.tv_sec * 1000000000 + (uint64_t)steady.tv_nsec,
		(uint64_t)wall.tv_sec, (uint32_t)wall.tv_nsec};
}

static const uint8_t *fresh(void)
{
	static uint8_t bytes[CULVERT_RANDOM_LEN];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		err(1, "getrandom");
	return bytes;
}

/* Datagrams to the other end, packets to standard output. What the transport loses, it loses. */
static void deliver(const struct culvert_output *out)
{
	for (unsigned i = 0; i < out->datagrams_count; i++)
		sendto(outside, out->datagrams[i].bytes, out->datagrams[i].len, 0,
			(struct sockaddr *)&there, sizeof(there));
	if (out->packet_len > HEADER_LEN)
		dprintf(1, "%.*s", (int)out->packet_len - HEADER_LEN, out->packet + HEADER_LEN);
}

static void send_waiting(const struct culvert_time *t)
{
	uint8_t buffer[sizeof(waiting) + CULVERT_OVERHEAD_MAX];
	struct culvert_output out;

	if (culvert_send(tunnel, t, fresh(), waiting, waiting_len, buffer, sizeof(buffer), &out) !=
		CULVERT_WAIT)
		waiting_len = 0;
	deliver(&out);
}

/* From 10.0.0.1 to 10.0.0.2, with the line as payload. */
static bool read_line(const struct culvert_time *t)
{
	ssize_t len = read(0, waiting + HEADER_LEN, LINE_LEN);

	if (len <= 0)
		return false;
	waiting_len = HEADER_LEN + (size_t)len;
	memcpy(waiting, "\x45\0\0\0\0\0\0\0\x40\xfd\0\0\x0a\0\0\1\x0a\0\0\2", HEADER_LEN);
	waiting[2] = (uint8_t)(waiting_len >> 8);
	waiting[3] = (uint8_t)waiting_len;
	send_waiting(t);
	return true;
}

static void run(void)
{
	uint8_t bytes[BUFFER_LEN];
	struct culvert_datagram in = {.bytes = bytes, .address = somewhere};
	struct culvert_output out;
	struct pollfd fds[] = {{outside, POLLIN, 0}, {0, POLLIN, 0}};
	struct culvert_time t = now();

	do {
		uint64_t next = culvert_next(tunnel);
		uint64_t ms = next > t.steady_ns ? (next - t.steady_ns) / 1000000 + 1 : 0;

		/* The next line is read when the last one is on its way. */
		fds[1].fd = waiting_len > 0 ? -1 : 0;
		poll(fds, 2, ms < 60000 ? (int)ms : 60000);
		t = now();
		while (culvert_tick(tunnel, &t, fresh(), &out))
			deliver(&out);
		if (fds[0].revents) {
			in.len = (size_t)recv(outside, bytes, sizeof(bytes), 0);
			culvert_receive(tunnel, &t, fresh(), &in, &out);
			deliver(&out);
			if (out.may_flush && waiting_len > 0)
				send_waiting(&t);
		}
	} while (!fds[1].revents || read_line(&t));
}

int main(int argc, char **argv)
{
	const struct culvert_config config = {.peers_max = 1, .prefixes_max = 1};
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	struct culvert_time t = now();
	struct culvert_peer peer;
	uint8_t keys[2 * KEY_LEN];

	if (argc == 2) {
		memcpy(keys, fresh(), KEY_LEN);
		culvert_public_key(keys, keys + KEY_LEN);
		for (int i = 0; i < 2 * KEY_LEN; i++)
			printf("%02x%s", keys[i], i % KEY_LEN == KEY_LEN - 1 ? "\n" : "");
		return 0;
	}
	for (int i = 0; argc == 5 && i < 2 * KEY_LEN; i++)
		if (sscanf(argv[1 + i / KEY_LEN] + 2 * (i % KEY_LEN), "%2hhx", &keys[i]) != 1)
			argc = 0;
	if (argc != 5)
		errx(2, "usage: tunnel key | PRIVATE PEERS_PUBLIC MY_SOCKET PEERS_SOCKET");
	if (culvert_size(&config) > sizeof(memory) ||
		culvert_init(memory, &config, &t, fresh(), &tunnel) != CULVERT_OK)
		errx(1, "no tunnel");
	culvert_set_private_key(tunnel, keys);
	culvert_add_peer(tunnel, keys + KEY_LEN, &peer);
	culvert_set_endpoint(tunnel, peer, &somewhere);
	culvert_add_allowed_ip(tunnel, peer, &(struct culvert_prefix){.family = 4});
	strncpy(here.sun_path, argv[3], sizeof(here.sun_path) - 1);
	strncpy(there.sun_path, argv[4], sizeof(there.sun_path) - 1);
	outside = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (outside < 0 || bind(outside, (struct sockaddr *)&here, sizeof(here)) < 0)
		err(1, "%s", argv[3]);
	run();
	culvert_fini(tunnel);
	return unlink(argv[3]);
}

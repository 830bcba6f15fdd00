/*
 * Very many peers of one daemon in one process: each a libculvert of its own, all behind one socket.
 *
 *	scale_load HUB_ADDRESS HUB_PORT HUB_KEY PEERS SECONDS
 *
 * HUB_KEY is in hex. Prints the peers' public keys in hex. Then each line on standard input starts
 * the next part, whose result is a line of JSON: all handshakes, so many under way at once that the
 * hub is not under load; packets of all peers in turn for so long; and those of one peer alone.
 * Peer I has the inner address 10.64.0.0 + I, the hub 10.63.0.1.
 */
#include <arpa/inet.h>
#include <culvert/culvert.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

enum {
	PEERS_MAX = 200000,
	/* Below the 512 that put a hub under load. */
	UNDER_WAY_MAX = 128,
	PACKET_LEN = 1228,
	BUFFER_LEN = 2048,
	INDEX_SLOTS = 1 << 19, /* a power of two, twice PEERS_MAX and more */
	GIVE_UP_S = 600,
};

struct end {
	struct culvert *tunnel;
	struct culvert_peer hub;
	bool is_ready;
};

struct load {
	unsigned peers, seconds;
	int socket;
	uint8_t hub_key[CULVERT_KEY_LEN];
	struct culvert_address hub;
	struct end ends[PEERS_MAX];
	/* Whose an index is: peer number + 1, found by probing from the index on. */
	struct {
		uint32_t index, peer;
	} slots[INDEX_SLOTS];
};

static struct culvert_time now(void)
{
	struct timespec steady, wall;

	clock_gettime(CLOCK_BOOTTIME, &steady);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct culvert_time){
		(uint64_t)steady.tv_sec * 1000000000 + (uint64_t)steady.tv_nsec,
		(uint64_t)wall.tv_sec, (uint32_t)wall.tv_nsec};
}

static const uint8_t *fresh(uint8_t bytes[CULVERT_RANDOM_LEN])
{
	if (getrandom(bytes, CULVERT_RANDOM_LEN, 0) != CULVERT_RANDOM_LEN)
		err(1, "getrandom");
	return bytes;
}

static void remember(struct load *load, const uint8_t index[4], unsigned peer)
{
	uint32_t key, at;

	memcpy(&key, index, sizeof(key));
	for (at = key % INDEX_SLOTS; load->slots[at].peer != 0; at = (at + 1) % INDEX_SLOTS)
		if (load->slots[at].index == key)
			break;
	load->slots[at].index = key;
	load->slots[at].peer = peer + 1;
}

/* The peer, or PEERS_MAX when the datagram is nobody's. */
static unsigned whose(const struct load *load, const uint8_t *datagram, size_t len)
{
	size_t index_at = datagram[0] == 2 ? 8 : 4;
	uint32_t key;

	if (len < 12)
		return PEERS_MAX;
	memcpy(&key, datagram + index_at, sizeof(key));
	for (uint32_t at = key % INDEX_SLOTS; load->slots[at].peer != 0;
		at = (at + 1) % INDEX_SLOTS)
		if (load->slots[at].index == key)
			return load->slots[at].peer - 1;
	return PEERS_MAX;
}

static void end_init(struct load *load, unsigned number)
{
	const struct culvert_config config = {.peers_max = 1, .prefixes_max = 1};
	struct end *end = &load->ends[number];
	size_t size = culvert_size(&config);
	struct culvert_time t = now();
	uint8_t random[CULVERT_RANDOM_LEN], key[CULVERT_KEY_LEN];
	void *memory;

	if (posix_memalign(&memory, CULVERT_MEMORY_ALIGN, size) != 0)
		err(1, "memory");
	memset(memory, 0, size);
	if (culvert_init(memory, &config, &t, fresh(random), &end->tunnel) != CULVERT_OK)
		errx(1, "no tunnel");
	fresh(random);
	culvert_set_private_key(end->tunnel, random);
	culvert_public_key(random, key);
	if (culvert_add_peer(end->tunnel, load->hub_key, &end->hub) != CULVERT_OK)
		errx(1, "no peer");
	culvert_set_endpoint(end->tunnel, end->hub, &load->hub);
	if (culvert_add_allowed_ip(end->tunnel, end->hub, &(struct culvert_prefix){.family = 4}) !=
		CULVERT_OK)
		errx(1, "no allowed IP");
	for (unsigned i = 0; i < sizeof(key); i++)
		printf("%02x", key[i]);
	printf("\n");
}

static void put_out(struct load *load, unsigned peer, const struct culvert_output *output)
{
	for (unsigned i = 0; i < output->datagrams_count; i++) {
		const struct culvert_datagram *d = &output->datagrams[i];

		if (d->bytes[0] == 1)
			remember(load, d->bytes + 4, peer);
		/* What a full socket does not take is lost, as on any network. */
		if (send(load->socket, d->bytes, d->len, 0) < 0 && errno != EAGAIN &&
			errno != ECONNREFUSED && errno != ENOBUFS)
			err(1, "send");
	}
}

/* A UDP packet of the peer's to the hub, whose checksum is left out. */
static void make_packet(unsigned peer, uint8_t packet[PACKET_LEN])
{
	static const uint8_t headers[28] = {0x45, 0, PACKET_LEN >> 8, PACKET_LEN & 255, 0, 0, 0x40,
		0, 64, IPPROTO_UDP, 0, 0, 10, 0, 0, 0, 10, 63, 0, 1, 35, 40, 35, 40,
		(PACKET_LEN - 20) >> 8, (PACKET_LEN - 20) & 255};
	uint32_t sum = 0, source = htonl(0x0a400000 + peer);

	memset(packet, 0, PACKET_LEN);
	memcpy(packet, headers, sizeof(headers));
	memcpy(packet + 12, &source, sizeof(source));
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)packet[i] << 8 | packet[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[10] = (uint8_t)(sum >> 8);
	packet[11] = (uint8_t)sum;
}

static void send_packet(struct load *load, unsigned peer, const struct culvert_time *t)
{
	uint8_t random[CULVERT_RANDOM_LEN], packet[PACKET_LEN], buffer[BUFFER_LEN];
	struct culvert_output output = {0};

	make_packet(peer, packet);
	culvert_send(load->ends[peer].tunnel, t, fresh(random), packet, PACKET_LEN, buffer,
		sizeof(buffer), &output);
	put_out(load, peer, &output);
}

/* Takes all that has come; how many peers have become ready. */
static unsigned receive(struct load *load)
{
	uint8_t random[CULVERT_RANDOM_LEN], bytes[BUFFER_LEN];
	struct culvert_time t = now();
	unsigned ready = 0;
	ssize_t len;

	while ((len = recv(load->socket, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
		struct culvert_datagram in = {
			.bytes = bytes, .len = (size_t)len, .address = load->hub};
		unsigned peer = whose(load, bytes, in.len);
		struct culvert_output output = {0};
		struct end *end;

		if (peer == PEERS_MAX)
			continue;
		end = &load->ends[peer];
		if (culvert_receive(end->tunnel, &t, fresh(random), &in, &output) == CULVERT_OK &&
			!end->is_ready) {
			end->is_ready = true;
			ready++;
		}
		put_out(load, peer, &output);
	}
	return ready;
}

/* What was lost is tried again by the protocol's own timers. */
static void tick(struct load *load, unsigned begun)
{
	struct culvert_time t = now();

	for (unsigned i = 0; i < begun; i++) {
		uint8_t random[CULVERT_RANDOM_LEN];
		struct culvert_output output = {0};

		while (!load->ends[i].is_ready &&
			culvert_next(load->ends[i].tunnel) <= t.steady_ns &&
			culvert_tick(load->ends[i].tunnel, &t, fresh(random), &output)) {
			put_out(load, i, &output);
			output = (struct culvert_output){0};
		}
	}
}

static void shake_hands(struct load *load)
{
	uint64_t start = now().steady_ns, ticked = start;
	unsigned begun = 0, ready = 0;

	while (ready < load->peers) {
		struct pollfd fd = {.fd = load->socket, .events = POLLIN};
		struct culvert_time t = now();

		while (begun < load->peers && begun - ready < UNDER_WAY_MAX)
			send_packet(load, begun++, &t);
		poll(&fd, 1, 100);
		ready += receive(load);
		if (t.steady_ns - ticked > 1000000000) {
			tick(load, begun);
			ticked = t.steady_ns;
		}
		if (t.steady_ns - start > GIVE_UP_S * 1000000000ULL)
			errx(1, "only %u of %u handshakes", ready, load->peers);
	}
	printf("{\"handshakes\": %u, \"seconds\": %.3f}\n", ready,
		(double)(now().steady_ns - start) / 1e9);
}

static void send_many(struct load *load, unsigned peers)
{
	uint64_t start = now().steady_ns, sent = 0;
	struct culvert_time t = now();

	while (t.steady_ns - start < load->seconds * 1000000000ULL) {
		for (unsigned i = 0; i < 64; i++)
			send_packet(load, (unsigned)(sent++ % peers), &t);
		receive(load);
		t = now();
	}
	printf("{\"sent\": %llu, \"seconds\": %.3f}\n", (unsigned long long)sent,
		(double)(t.steady_ns - start) / 1e9);
}

static void wait_line(void)
{
	char line[16];

	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static void open_socket(struct load *load, const struct sockaddr_in *hub)
{
	int room = 1 << 24;

	load->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (load->socket < 0 ||
		connect(load->socket, (const struct sockaddr *)hub, sizeof(*hub)) < 0)
		err(1, "socket");
	setsockopt(load->socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
}

int main(int argc, char **argv)
{
	static struct load load;
	struct sockaddr_in hub = {.sin_family = AF_INET};
	unsigned byte;

	if (argc != 6 || inet_pton(AF_INET, argv[1], &hub.sin_addr) != 1 ||
		strlen(argv[3]) != 2 * CULVERT_KEY_LEN)
		errx(2, "usage: scale_load HUB_ADDRESS HUB_PORT HUB_KEY PEERS SECONDS");
	hub.sin_port = htons((uint16_t)atoi(argv[2]));
	for (unsigned i = 0; i < CULVERT_KEY_LEN; i++) {
		if (sscanf(argv[3] + 2 * i, "%2x", &byte) != 1)
			errx(2, "the hub's key is not hex");
		load.hub_key[i] = (uint8_t)byte;
	}
	load.peers = (unsigned)atoi(argv[4]);
	load.seconds = (unsigned)atoi(argv[5]);
	if (load.peers < 1 || load.peers > PEERS_MAX)
		errx(2, "1 to %u peers", PEERS_MAX);
	load.hub = (struct culvert_address){.family = 4, .port = ntohs(hub.sin_port)};
	memcpy(load.hub.bytes, &hub.sin_addr, 4);
	open_socket(&load, &hub);
	for (unsigned i = 0; i < load.peers; i++)
		end_init(&load, i);
	wait_line();
	shake_hands(&load);
	wait_line();
	send_many(&load, load.peers);
	wait_line();
	send_many(&load, 1);
	fflush(stdout);
	return 0;
}

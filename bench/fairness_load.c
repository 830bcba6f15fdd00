/*
 * Many peers of one tunnel, in one process: each a libculvert of its own with a socket of its own
 * and one flow each way through the hub, a daemon in another namespace.
 *
 *	fairness_load HUB_NETNS HUB_ADDRESS HUB_PORT HUB_KEY PEERS RATE SECONDS STORM
 *
 * To be started in the peers' namespace; HUB_KEY is in hex, RATE is in packets a second for each
 * peer and way, STORM in handshake initiations a second of a stranger, whom the hub does not know.
 * Prints the peers' public keys, waits for a line on standard input (the hub has been set up), and
 * prints a line of JSON: packets that were offered, and those delivered for each peer and way.
 * Peer I has the inner address 10.78.I/256.I%256, the hub 10.77.0.1.
 */
#include <arpa/inet.h>
#include <culvert/culvert.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PEERS_MAX = 1000,
	PORT = 9000,
	HEADERS_LEN = 28,
	PACKET_LEN = 1228,
	BUFFER_LEN = 2048,
	STORM_MESSAGES = 64,
	/* A round that is so late is left out: who is behind does not catch up in a burst. */
	ROUNDS_LATE_MAX = 4,
	HANDSHAKE_SECONDS_MAX = 30,
	WARM_UP_NS = 500000000,
	READS_A_TURN = 16,
};

static const uint64_t second_ns = 1000000000;

struct end {
	struct culvert *tunnel;
	struct culvert_peer hub;
	int socket;
	uint8_t public_key[CULVERT_KEY_LEN];
};

/* What all threads read. Counters are each one thread's, and read when it has ended. */
struct load {
	struct end ends[PEERS_MAX];
	unsigned peers, rate, storm;
	uint64_t seconds;
	const char *hub_netns;
	struct sockaddr_in hub;
	uint8_t hub_key[CULVERT_KEY_LEN];
	/* Steady time; what is delivered in between counts. */
	uint64_t start_ns, end_ns;
	uint64_t offered_up, offered_down, stormed;
	uint64_t up[PEERS_MAX], down[PEERS_MAX];
};

/* When something is to be sent next, again and again. */
struct pace {
	uint64_t next_ns, step_ns;
	unsigned rounds;
};

static struct culvert_time now(void)
{
	struct timespec steady, wall;

	clock_gettime(CLOCK_BOOTTIME, &steady);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct culvert_time){(uint64_t)steady.tv_sec * second_ns + (uint64_t)steady.tv_nsec,
		(uint64_t)wall.tv_sec, (uint32_t)wall.tv_nsec};
}

static const uint8_t *fresh(uint8_t bytes[CULVERT_RANDOM_LEN])
{
	if (getrandom(bytes, CULVERT_RANDOM_LEN, 0) != CULVERT_RANDOM_LEN)
		err(1, "getrandom");
	return bytes;
}

static bool is_counting(const struct load *load, uint64_t at_ns)
{
	return at_ns >= load->start_ns && at_ns < load->end_ns;
}

/* True when it is time, once for each step. */
static bool pace_is_due(struct pace *pace, uint64_t at_ns)
{
	if (at_ns < pace->next_ns)
		return false;
	pace->rounds++;
	pace->next_ns += pace->step_ns;
	if (at_ns > pace->next_ns + ROUNDS_LATE_MAX * pace->step_ns)
		pace->next_ns = at_ns;
	return true;
}

/*
 * The peer whose turn it is as the i-th of a round. Each round begins with another: a queue that is
 * full towards the end of a burst would else take it out on the same peers every time.
 */
static unsigned turn(const struct load *load, const struct pace *pace, unsigned i)
{
	enum { STEP = 61 };

	return (pace->rounds * STEP + i) % load->peers;
}

static int open_udp(struct sockaddr_in local, const struct sockaddr_in *remote)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), room = 1 << 22;

	if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0)
		err(1, "socket");
	if (remote && connect(fd, (const struct sockaddr *)remote, sizeof(*remote)) < 0)
		err(1, "connect");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return fd;
}

static struct sockaddr_in inner(unsigned peer)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr = {htonl(0x0a4e0000 + peer)}};
}

static void end_init(struct end *end, const struct load *load)
{
	const struct culvert_config config = {.peers_max = 1, .prefixes_max = 1};
	const struct sockaddr_in any = {.sin_family = AF_INET};
	struct culvert_address hub = {.family = 4, .port = ntohs(load->hub.sin_port)};
	size_t size = culvert_size(&config);
	struct culvert_time t = now();
	uint8_t random[CULVERT_RANDOM_LEN];
	void *memory = aligned_alloc(CULVERT_MEMORY_ALIGN,
		(size + CULVERT_MEMORY_ALIGN - 1) / CULVERT_MEMORY_ALIGN * CULVERT_MEMORY_ALIGN);

	if (!memory)
		err(1, "memory");
	memset(memory, 0, size);
	memcpy(hub.bytes, &load->hub.sin_addr, 4);
	if (culvert_init(memory, &config, &t, fresh(random), &end->tunnel) != CULVERT_OK)
		errx(1, "no tunnel");
	fresh(random);
	culvert_set_private_key(end->tunnel, random);
	culvert_public_key(random, end->public_key);
	if (culvert_add_peer(end->tunnel, load->hub_key, &end->hub) != CULVERT_OK)
		errx(1, "no peer");
	culvert_set_endpoint(end->tunnel, end->hub, &hub);
	culvert_add_allowed_ip(end->tunnel, end->hub, &(struct culvert_prefix){.family = 4});
	end->socket = open_udp(any, &load->hub);
}

static void end_put_out(const struct end *end, const struct culvert_output *output)
{
	/* What a full socket does not take is lost, as on any network. */
	for (unsigned i = 0; i < output->datagrams_count; i++) {
		if (send(end->socket, output->datagrams[i].bytes, output->datagrams[i].len, 0) < 0)
			continue;
	}
}

/* A UDP packet of the peer's to the hub, without checksum. */
static void make_packet(unsigned peer, uint8_t packet[PACKET_LEN])
{
	static const uint8_t headers[HEADERS_LEN] = {0x45, 0, PACKET_LEN >> 8, PACKET_LEN & 255, 0,
		0, 0x40, 0, 64, IPPROTO_UDP, 0, 0, 10, 78, 0, 0, 10, 77, 0, 1, PORT >> 8,
		PORT & 255, PORT >> 8, PORT & 255, (PACKET_LEN - 20) >> 8, (PACKET_LEN - 20) & 255};
	uint32_t sum = 0;

	memset(packet, 0, PACKET_LEN);
	memcpy(packet, headers, HEADERS_LEN);
	packet[14] = (uint8_t)(peer / 256);
	packet[15] = (uint8_t)peer;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)packet[i] << 8 | packet[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	packet[10] = (uint8_t)(sum >> 8);
	packet[11] = (uint8_t)sum;
}

static void end_send(const struct end *end, unsigned peer, const struct culvert_time *t,
	const uint8_t random[CULVERT_RANDOM_LEN])
{
	uint8_t packet[PACKET_LEN], buffer[BUFFER_LEN];
	struct culvert_output output = {0};

	make_packet(peer, packet);
	culvert_send(end->tunnel, t, random, packet, PACKET_LEN, buffer, sizeof(buffer), &output);
	end_put_out(end, &output);
}

/* Takes what has come, and what time asks for; returns the packets delivered. */
static unsigned end_receive(const struct end *end, const struct culvert_time *t)
{
	uint8_t random[CULVERT_RANDOM_LEN], bytes[BUFFER_LEN];
	struct culvert_datagram in = {.bytes = bytes};
	struct culvert_output output = {0};
	unsigned packets = 0;
	ssize_t len;

	for (int i = 0; i < READS_A_TURN; i++) {
		len = recv(end->socket, bytes, sizeof(bytes), 0);
		if (len < 0)
			break;
		in.len = (size_t)len;
		in.address = (struct culvert_address){.family = 4, .port = 1};
		culvert_receive(end->tunnel, t, fresh(random), &in, &output);
		packets += output.packet_len == PACKET_LEN;
		end_put_out(end, &output);
	}
	return packets;
}

static void end_tick(const struct end *end, const struct culvert_time *t)
{
	uint8_t random[CULVERT_RANDOM_LEN];
	struct culvert_output output = {0};

	while (culvert_next(end->tunnel) <= t->steady_ns &&
		culvert_tick(end->tunnel, t, fresh(random), &output))
		end_put_out(end, &output);
}

static bool end_is_ready(const struct end *end, const struct culvert_time *t)
{
	struct culvert_status status;

	return culvert_get_status(end->tunnel, end->hub, t, &status) == CULVERT_OK &&
	       status.has_session;
}

/* One handshake after the other, so that the hub is not under load yet. */
static void shake_hands(struct load *load)
{
	uint64_t give_up_ns = now().steady_ns + HANDSHAKE_SECONDS_MAX * second_ns;
	uint8_t random[CULVERT_RANDOM_LEN];

	for (unsigned i = 0; i < load->peers; i++) {
		struct end *end = &load->ends[i];
		struct culvert_time t = now();

		end_send(end, i, &t, fresh(random));
		while (!end_is_ready(end, &t)) {
			t = now();
			end_receive(end, &t);
			end_tick(end, &t);
			if (t.steady_ns > give_up_ns)
				errx(1, "no handshake with peer %u", i);
			usleep(100);
		}
	}
}

/* The peers' side: every round a packet of each peer, in between what has come. */
static void *run_peers(void *argument)
{
	struct load *load = argument;
	struct pace pace = {
		.next_ns = load->start_ns - WARM_UP_NS, .step_ns = second_ns / load->rate};
	struct epoll_event events[64];
	uint8_t random[CULVERT_RANDOM_LEN];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (unsigned i = 0; i < load->peers; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, load->ends[i].socket, &event) < 0)
			err(1, "epoll");
	}
	for (struct culvert_time t = now(); t.steady_ns < load->end_ns; t = now()) {
		int count = epoll_wait(epoll, events, 64, 1);

		for (int i = 0; i < count; i++) {
			unsigned peer = events[i].data.u32,
				 packets = end_receive(&load->ends[peer], &t);

			if (is_counting(load, t.steady_ns))
				load->down[peer] += packets;
		}
		if (!pace_is_due(&pace, t.steady_ns))
			continue;
		fresh(random);
		for (unsigned i = 0; i < load->peers; i++) {
			unsigned peer = turn(load, &pace, i);

			end_tick(&load->ends[peer], &t);
			end_send(&load->ends[peer], peer, &t, random);
		}
		if (is_counting(load, t.steady_ns))
			load->offered_up += load->peers;
	}
	close(epoll);
	return NULL;
}

static void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		err(1, "%s", path);
	close(fd);
}

static void hub_receive(struct load *load, int fd)
{
	uint8_t bytes[BUFFER_LEN];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	uint64_t at_ns = now().steady_ns;

	for (int i = 0; i < 4 * READS_A_TURN; i++) {
		uint32_t peer;

		if (recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len) < 0)
			return;
		peer = ntohl(from.sin_addr.s_addr) - 0x0a4e0000;
		if (peer < load->peers && is_counting(load, at_ns))
			load->up[peer]++;
	}
}

/* The hub's side, behind its tunnel: every round a packet to each peer. */
static void *run_hub(void *argument)
{
	static const uint8_t payload[PACKET_LEN - HEADERS_LEN];
	struct load *load = argument;
	struct pace pace = {
		.next_ns = load->start_ns - WARM_UP_NS, .step_ns = second_ns / load->rate};
	int fd;

	enter(load->hub_netns);
	fd = open_udp((struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)}, NULL);
	for (uint64_t at_ns = now().steady_ns; at_ns < load->end_ns; at_ns = now().steady_ns) {
		hub_receive(load, fd);
		if (!pace_is_due(&pace, at_ns)) {
			usleep(100);
			continue;
		}
		for (unsigned i = 0; i < load->peers; i++) {
			struct sockaddr_in to = inner(turn(load, &pace, i));

			/* A full socket: the packet is lost. */
			if (sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&to,
				    sizeof(to)) < 0)
				continue;
		}
		if (is_counting(load, at_ns))
			load->offered_down += load->peers;
	}
	close(fd);
	return NULL;
}

/* Initiations with a good mac1, genuine in every way, of strangers: the hub's work is wasted. */
static void *run_storm(void *argument)
{
	struct load *load = argument;
	struct pace pace = {.next_ns = load->start_ns - WARM_UP_NS,
		.step_ns = load->storm > 0 ? second_ns * STORM_MESSAGES / load->storm : 0};
	static uint8_t messages[STORM_MESSAGES][BUFFER_LEN];
	static size_t lens[STORM_MESSAGES];
	uint8_t random[CULVERT_RANDOM_LEN], packet[PACKET_LEN], buffer[BUFFER_LEN];
	struct culvert_time t = now();
	struct end stranger = {0};

	make_packet(0, packet);
	for (int i = 0; load->storm > 0 && i < STORM_MESSAGES; i++) {
		struct culvert_output output = {0};

		if (stranger.socket > 0)
			close(stranger.socket);
		end_init(&stranger, load);
		culvert_send(stranger.tunnel, &t, fresh(random), packet, PACKET_LEN, buffer,
			sizeof(buffer), &output);
		if (output.datagrams_count != 1)
			errx(1, "no initiation");
		lens[i] = output.datagrams[0].len;
		memcpy(messages[i], output.datagrams[0].bytes, lens[i]);
	}
	while (load->storm > 0 && now().steady_ns < load->end_ns) {
		if (!pace_is_due(&pace, now().steady_ns)) {
			usleep(100);
			continue;
		}
		for (int i = 0; i < STORM_MESSAGES; i++)
			load->stormed += send(stranger.socket, messages[i], lens[i], 0) > 0;
	}
	return NULL;
}

static void print_counts(const char *name, const uint64_t *counts, unsigned count, const char *end)
{
	printf("\"%s\": [", name);
	for (unsigned i = 0; i < count; i++)
		printf("%s%llu", i > 0 ? ", " : "", (unsigned long long)counts[i]);
	printf("]%s", end);
}

static void run(struct load *load)
{
	void *(*const sides[])(void *) = {run_hub, run_peers, run_storm};
	pthread_t threads[3];

	shake_hands(load);
	load->start_ns = now().steady_ns + 2 * WARM_UP_NS;
	load->end_ns = load->start_ns + load->seconds * second_ns;
	for (int i = 0; i < 3; i++)
		if (pthread_create(&threads[i], NULL, sides[i], load) != 0)
			errx(1, "no thread");
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	printf("{\"offered_up\": %llu, \"offered_down\": %llu, \"stormed\": %llu, ",
		(unsigned long long)load->offered_up, (unsigned long long)load->offered_down,
		(unsigned long long)load->stormed);
	print_counts("up", load->up, load->peers, ", ");
	print_counts("down", load->down, load->peers, "}\n");
}

static unsigned number(const char *text, unsigned from, unsigned to)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!*text || *end || n < from || n > to)
		errx(2, "'%s' is no number from %u to %u", text, from, to);
	return (unsigned)n;
}

int main(int argc, char **argv)
{
	static struct load load;

	if (argc != 9)
		errx(2, "usage: fairness_load HUB_NETNS HUB_ADDRESS HUB_PORT HUB_KEY PEERS RATE "
			"SECONDS STORM");
	load.hub_netns = argv[1];
	load.hub = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)number(argv[3], 1, 65535))};
	if (inet_pton(AF_INET, argv[2], &load.hub.sin_addr) != 1)
		errx(2, "'%s' is no address", argv[2]);
	for (int i = 0; i < CULVERT_KEY_LEN; i++)
		if (sscanf(argv[4] + 2 * i, "%2hhx", &load.hub_key[i]) != 1)
			errx(2, "'%s' is no key", argv[4]);
	load.peers = number(argv[5], 1, PEERS_MAX);
	load.rate = number(argv[6], 1, 100000);
	load.seconds = number(argv[7], 1, 3600);
	load.storm = number(argv[8], 0, 10000000);
	for (unsigned i = 0; i < load.peers; i++) {
		end_init(&load.ends[i], &load);
		for (int k = 0; k < CULVERT_KEY_LEN; k++)
			printf("%02x%s", load.ends[i].public_key[k],
				k == CULVERT_KEY_LEN - 1 ? "\n" : "");
	}
	fflush(stdout);
	if (getchar() == EOF)
		errx(1, "the hub was not set up");
	run(&load);
	return 0;
}

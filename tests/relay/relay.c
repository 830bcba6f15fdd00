/*
 * A bad network between two UDP ends: what passes is lost, late, overtaken, doubled, replayed and
 * damaged, by a seed; the way can be black, and its far side can move as behind a NAT.
 *
 *	relay LISTEN_ADDRESS PORT SERVER_ADDRESS PORT SEED
 *
 * IPv4. What comes to the first address goes to the server from a socket of its own, and back to
 * who last wrote. Standard input takes lines of words and numbers, in percent or milliseconds:
 *
 *	loss P | delay MIN MAX | reorder P MS | twice P | replay P MS | corrupt P | clear
 *	black 0|1 | rebind | stats
 *
 * "reorder": P percent are late by up to MS more; "replay": P percent come once more up to MS
 * later; "rebind": the server sees another source port from now on. Each line is answered by one:
 * "ok", or for "stats" what was done so far, in JSON. Ends when standard input does.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	DATAGRAM_MAX = 2048,
	/* What is under way at most; more is lost, as in any queue. */
	FLYING_MAX = 1 << 15,
	READS_A_TURN = 64,
	ROOM = 1 << 22,
	TYPES = 5,
};

static const uint64_t ms_ns = 1000000;

struct datagram {
	uint64_t due_ns, number; /* number: those due at once keep their order */
	bool is_to_server;
	uint16_t len;
	uint8_t bytes[DATAGRAM_MAX];
};

struct impairment {
	unsigned loss, reorder, twice, replay, corrupt;
	unsigned delay_min, delay_max, reorder_ms, replay_ms;
	bool is_black;
};

struct counts {
	unsigned long passed, lost, blacked, doubled, replayed, corrupted, late, overflown, rebound;
	unsigned long types[TYPES];
};

struct relay {
	int outside, inside;
	struct sockaddr_in client, server;
	bool has_client;
	uint64_t random;
	struct impairment impairment;
	struct counts counts;
	uint64_t numbers;
	/* A heap by time, of places in pool. */
	unsigned flying_count;
	struct datagram *heap[FLYING_MAX];
	struct datagram pool[FLYING_MAX];
};

/* SplitMix64. */
static uint64_t draw(struct relay *relay)
{
	uint64_t z = relay->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static bool happens(struct relay *relay, unsigned percent)
{
	return percent > 0 && draw(relay) % 100 < percent;
}

static uint64_t up_to_ns(struct relay *relay, unsigned ms)
{
	return ms > 0 ? draw(relay) % (ms * ms_ns) : 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_before(const struct datagram *a, const struct datagram *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void swap(struct relay *relay, unsigned a, unsigned b)
{
	struct datagram *held = relay->heap[a];

	relay->heap[a] = relay->heap[b];
	relay->heap[b] = held;
}

/* The place behind the last one, filled in by the caller, takes its rank. */
static void heap_push(struct relay *relay)
{
	unsigned at = relay->flying_count++;

	while (at > 0 && is_before(relay->heap[at], relay->heap[(at - 1) / 2])) {
		swap(relay, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

/* The first one leaves; its place is now the one behind the last. */
static struct datagram *heap_pop(struct relay *relay)
{
	unsigned at = 0, count = --relay->flying_count;

	swap(relay, 0, count);
	for (;;) {
		unsigned child = 2 * at + 1;

		if (child >= count)
			return relay->heap[count];
		if (child + 1 < count && is_before(relay->heap[child + 1], relay->heap[child]))
			child++;
		if (!is_before(relay->heap[child], relay->heap[at]))
			return relay->heap[count];
		swap(relay, at, child);
		at = child;
	}
}

static void fly(struct relay *relay, const struct datagram *datagram, uint64_t late_ns)
{
	const struct impairment *with = &relay->impairment;
	struct datagram *copy = relay->heap[relay->flying_count];

	if (relay->flying_count == FLYING_MAX - 1) {
		relay->counts.overflown++;
		return;
	}
	memcpy(copy, datagram, offsetof(struct datagram, bytes) + datagram->len);
	copy->number = relay->numbers++;
	copy->due_ns = now_ns() + with->delay_min * ms_ns + late_ns +
		       up_to_ns(relay, with->delay_max - with->delay_min);
	if (happens(relay, with->reorder)) {
		copy->due_ns += up_to_ns(relay, with->reorder_ms);
		relay->counts.late++;
	}
	if (copy->len > 0 && happens(relay, with->corrupt)) {
		copy->bytes[draw(relay) % copy->len] ^= (uint8_t)(1u << draw(relay) % 8);
		relay->counts.corrupted++;
	}
	heap_push(relay);
}

static void take(struct relay *relay, const struct datagram *datagram)
{
	const struct impairment *with = &relay->impairment;

	relay->counts
		.types[datagram->len > 0 && datagram->bytes[0] < TYPES ? datagram->bytes[0] : 0]++;
	if (with->is_black) {
		relay->counts.blacked++;
		return;
	}
	if (happens(relay, with->loss)) {
		relay->counts.lost++;
		return;
	}
	fly(relay, datagram, 0);
	if (happens(relay, with->twice)) {
		relay->counts.doubled++;
		fly(relay, datagram, 0);
	}
	if (happens(relay, with->replay)) {
		relay->counts.replayed++;
		fly(relay, datagram, up_to_ns(relay, with->replay_ms));
	}
}

static void read_from(struct relay *relay, int fd, bool is_to_server)
{
	static struct datagram datagram;
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);

	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t len = recvfrom(fd, datagram.bytes, sizeof(datagram.bytes), MSG_DONTWAIT,
			(struct sockaddr *)&from, &from_len);

		if (len < 0)
			return;
		if (is_to_server) {
			relay->client = from;
			relay->has_client = true;
		}
		datagram.len = (uint16_t)len;
		datagram.is_to_server = is_to_server;
		take(relay, &datagram);
	}
}

static void send_due(struct relay *relay)
{
	uint64_t now = now_ns();

	while (relay->flying_count > 0 && relay->heap[0]->due_ns <= now) {
		const struct datagram *first = heap_pop(relay);
		const struct sockaddr_in *to =
			first->is_to_server ? &relay->server : &relay->client;

		if (!first->is_to_server && !relay->has_client)
			continue;
		if (sendto(first->is_to_server ? relay->inside : relay->outside, first->bytes,
			    first->len, 0, (const struct sockaddr *)to, sizeof(*to)) >= 0)
			relay->counts.passed++;
	}
}

static int open_udp(const struct sockaddr_in *local)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = ROOM;

	if (fd < 0 || bind(fd, (const struct sockaddr *)local, sizeof(*local)) < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd;
}

static void rebind(struct relay *relay)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	int before = relay->inside;

	/* Both open for a moment, so that the port is another one. */
	relay->inside = open_udp(&any);
	if (before >= 0)
		close(before);
	relay->counts.rebound++;
}

static void print_stats(const struct relay *relay)
{
	const struct counts *c = &relay->counts;

	printf("{\"passed\": %lu, \"lost\": %lu, \"blacked\": %lu, \"doubled\": %lu, "
	       "\"replayed\": %lu, \"corrupted\": %lu, \"late\": %lu, \"overflown\": %lu, "
	       "\"rebound\": %lu, \"types\": [%lu, %lu, %lu, %lu, %lu]}\n",
		c->passed, c->lost, c->blacked, c->doubled, c->replayed, c->corrupted, c->late,
		c->overflown, c->rebound, c->types[0], c->types[1], c->types[2], c->types[3],
		c->types[4]);
}

/* The words that take numbers, and where these go. */
static bool set_numbers(struct impairment *with, const char *line)
{
	unsigned black;

	if (sscanf(line, "loss %u", &with->loss) == 1 ||
		sscanf(line, "delay %u %u", &with->delay_min, &with->delay_max) == 2 ||
		sscanf(line, "reorder %u %u", &with->reorder, &with->reorder_ms) == 2 ||
		sscanf(line, "twice %u", &with->twice) == 1 ||
		sscanf(line, "replay %u %u", &with->replay, &with->replay_ms) == 2 ||
		sscanf(line, "corrupt %u", &with->corrupt) == 1)
		return with->delay_min <= with->delay_max;
	if (sscanf(line, "black %u", &black) != 1)
		return false;
	with->is_black = black != 0;
	return true;
}

/* False at the end of input. */
static bool obey(struct relay *relay)
{
	char line[256];

	if (!fgets(line, sizeof(line), stdin))
		return false;
	if (strcmp(line, "stats\n") == 0) {
		print_stats(relay);
		return true;
	}
	if (strcmp(line, "rebind\n") == 0)
		rebind(relay);
	else if (strcmp(line, "clear\n") == 0)
		relay->impairment = (struct impairment){0};
	else if (!set_numbers(&relay->impairment, line))
		errx(2, "what is '%s'?", strtok(line, "\n"));
	puts("ok");
	return true;
}

static void wait_ready(const struct relay *relay, struct pollfd fds[3])
{
	struct timespec timeout = {3600, 0};

	fds[0] = (struct pollfd){.fd = relay->outside, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = relay->inside, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	if (relay->flying_count > 0) {
		uint64_t now = now_ns(), due = relay->heap[0]->due_ns;

		timeout.tv_sec = due > now ? (time_t)((due - now) / 1000000000) : 0;
		timeout.tv_nsec = due > now ? (long)((due - now) % 1000000000) : 0;
	}
	if (ppoll(fds, 3, &timeout, NULL) < 0 && errno != EINTR)
		err(1, "poll");
}

static struct sockaddr_in address(const char *text, const char *port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
		errx(2, "'%s' is no IPv4 address", text);
	return in;
}

int main(int argc, char **argv)
{
	static struct relay relay;
	struct sockaddr_in local;
	struct pollfd fds[3];

	if (argc != 6)
		errx(2, "usage: relay LISTEN_ADDRESS PORT SERVER_ADDRESS PORT SEED");
	/* One line at a time is read: what poll() does not see must not lie in a buffer. */
	setvbuf(stdin, NULL, _IONBF, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	local = address(argv[1], argv[2]);
	relay.server = address(argv[3], argv[4]);
	relay.random = strtoull(argv[5], NULL, 0);
	for (unsigned i = 0; i < FLYING_MAX; i++)
		relay.heap[i] = &relay.pool[i];
	relay.outside = open_udp(&local);
	relay.inside = -1;
	rebind(&relay);
	relay.counts.rebound = 0;
	puts("ok");
	for (;;) {
		wait_ready(&relay, fds);
		if (fds[0].revents)
			read_from(&relay, relay.outside, true);
		if (fds[1].revents)
			read_from(&relay, relay.inside, false);
		send_due(&relay);
		if (fds[2].revents && !obey(&relay))
			return 0;
	}
}

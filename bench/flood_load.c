/*
 * A flood of datagrams that a WireGuard daemon should refuse, from many sources, at a steady rate.
 *
 *	flood_load ADDRESS PORT KEY KIND RATE SECONDS SOURCE... [-- MESSAGE]
 *
 * KEY: the victim's public key in hex; RATE in datagrams a second, 0: as many as can be; SOURCE:
 * our IPv4 addresses, each used from several ports; MESSAGE: what "replay" sends, in hex. KIND:
 *
 *	noise     random bytes, random length      unknown   data for a random index
 *	bad-mac1  an initiation of random bytes    random    the same with a good mac1
 *	cookie    the same with a random mac2      replay    a genuine initiation, again and again
 *
 * Ends then, or on SIGTERM, and prints a line of JSON: the seconds that it took, datagrams and bytes
 * sent, and those that came back.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "cookie.h"

enum {
	MESSAGES = 1024,
	MESSAGE_MAX = 256,
	SOCKETS_MAX = 256,
	PORTS_A_SOURCE = 8,
	BATCH = 32,
};

enum kind { NOISE, UNKNOWN, BAD_MAC1, RANDOM, COOKIE, REPLAY, KINDS };

static const char *const kind_names[KINDS] = {
	"noise", "unknown", "bad-mac1", "random", "cookie", "replay"};

static volatile sig_atomic_t is_over;

struct flood {
	unsigned sockets_count;
	int sockets[SOCKETS_MAX];
	size_t lens[MESSAGES];
	uint8_t messages[MESSAGES][MESSAGE_MAX];
	uint64_t sent, sent_bytes, answers, answered_bytes;
};

static void end_early(int number)
{
	(void)number;
	is_over = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t read_hex(const char *text, uint8_t *out, size_t max)
{
	size_t len = strlen(text) / 2;
	unsigned byte;

	for (size_t i = 0; i < len && i < max; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			errx(2, "'%s' is not hex", text);
		out[i] = (uint8_t)byte;
	}
	return len < max ? len : max;
}

static enum kind find_kind(const char *name)
{
	for (int i = 0; i < KINDS; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return (enum kind)i;
	errx(2, "'%s' is no kind of flood", name);
}

static void make_message(
	struct flood *flood, unsigned i, enum kind kind, struct cookie_maker *maker)
{
	uint8_t *bytes = flood->messages[i];
	struct instant now = {now_ns()};

	if (getrandom(bytes, MESSAGE_MAX, 0) != MESSAGE_MAX)
		err(1, "getrandom");
	flood->lens[i] = kind == NOISE ? bytes[0] : kind == UNKNOWN ? 144 : INITIATION_LEN;
	if (kind == NOISE)
		return;
	memcpy(bytes, (uint8_t[]){kind == UNKNOWN ? MESSAGE_DATA : MESSAGE_INITIATION, 0, 0, 0}, 4);
	if (kind == RANDOM || kind == COOKIE)
		cookie_stamp(maker, bytes, INITIATION_LEN, now);
	if (kind == COOKIE && getrandom(bytes + INITIATION_LEN - WIRE_MAC_LEN, WIRE_MAC_LEN, 0) < 0)
		err(1, "getrandom");
}

static void open_sockets(struct flood *flood, const char *source, const struct sockaddr_in *to)
{
	struct sockaddr_in from = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, source, &from.sin_addr) != 1)
		errx(2, "'%s' is no IPv4 address", source);
	for (int i = 0; i < PORTS_A_SOURCE && flood->sockets_count < SOCKETS_MAX; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
			connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
			err(1, "socket");
		flood->sockets[flood->sockets_count++] = fd;
	}
}

/* A closed port's ICMP errors come out of the next call: they do not matter. */
static void send_batch(struct flood *flood, unsigned turn)
{
	struct mmsghdr headers[BATCH] = {0};
	struct iovec pieces[BATCH];
	int fd = flood->sockets[turn % flood->sockets_count], count;

	for (unsigned i = 0; i < BATCH; i++) {
		unsigned which = (turn * BATCH + i) % MESSAGES;

		pieces[i] = (struct iovec){flood->messages[which], flood->lens[which]};
		headers[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
	}
	count = sendmmsg(fd, headers, BATCH, MSG_DONTWAIT);
	for (int i = 0; i < count; i++)
		flood->sent_bytes += headers[i].msg_len;
	flood->sent += count > 0 ? (unsigned)count : 0;
}

static void take_answers(struct flood *flood)
{
	uint8_t bytes[2048];
	ssize_t len;

	for (unsigned i = 0; i < flood->sockets_count; i++)
		while ((len = recv(flood->sockets[i], bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0) {
			flood->answers++;
			flood->answered_bytes += (uint64_t)len;
		}
}

static void run(struct flood *flood, unsigned rate, double seconds)
{
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), now;

	for (unsigned turn = 0; !is_over && (now = now_ns()) < end;) {
		uint64_t due = rate > 0 ? (now - start) * rate / 1000000000 : UINT64_MAX;

		if ((uint64_t)turn * BATCH > due) {
			usleep(BATCH * 500000 / rate);
			continue;
		}
		send_batch(flood, turn++);
		if (turn % 256 == 0)
			take_answers(flood);
	}
	take_answers(flood);
}

int main(int argc, char **argv)
{
	static struct flood flood;
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct public_key key = {{0}};
	struct cookie_maker maker;
	enum kind kind;
	uint64_t start;
	int at = 7;

	if (argc < 8 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 ||
		read_hex(argv[3], key.b, KEY_LEN) != KEY_LEN)
		errx(2, "usage: flood_load ADDRESS PORT KEY KIND RATE SECONDS SOURCE...");
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	kind = find_kind(argv[4]);
	cookie_maker_init(&maker, &key);
	for (unsigned i = 0; i < MESSAGES; i++)
		make_message(&flood, i, kind, &maker);
	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		open_sockets(&flood, argv[at], &to);
	for (unsigned i = 0; kind == REPLAY && i < MESSAGES && at + 1 < argc; i++)
		flood.lens[i] = read_hex(argv[at + 1], flood.messages[i], MESSAGE_MAX);
	signal(SIGTERM, end_early);
	start = now_ns();
	run(&flood, (unsigned)atoi(argv[5]), atof(argv[6]));
	printf("{\"seconds\": %.2f, \"sent\": %llu, \"sent_bytes\": %llu, \"answers\": %llu, "
	       "\"answered_bytes\": "
	       "%llu}\n",
		(double)(now_ns() - start) / 1e9, (unsigned long long)flood.sent,
		(unsigned long long)flood.sent_bytes, (unsigned long long)flood.answers,
		(unsigned long long)flood.answered_bytes);
	return 0;
}

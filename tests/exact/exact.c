/*
 * Random packets through a tunnel, both ways at once, and every byte compared:
 *
 *	exact --a NETNS,INTERFACE --b NETNS,INTERFACE [--packets N] [--seconds N] [--window N]
 *	      [--mtu N] [--seed N]
 *
 * Sends until there were N packets or N seconds each way, with at most a window of packets on
 * their way, so that no queue overflows. Prints a line of JSON for each direction. Exit code 1: a
 * packet was altered, duplicated, or out of order.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include "exact_link.h"
#include "exact_traffic.h"
#include "exact_watch.h"

enum {
	SIDES = 2,
	/* Nothing for so long while something is on its way: it is lost. */
	STALL_MS = 10000,
	/* Taken from one side before the other has its turn. */
	TURN = 64,
	COMPLAINTS_MAX = 5,
};

struct settings {
	char *sides[SIDES]; /* NETNS,INTERFACE */
	uint64_t packets, seed;
	unsigned seconds, window, mtu;
	bool is_b_finished_by_kernel; /* side b's device has no offloads */
};

/* One direction: from its link to the other's. */
struct direction {
	struct exact_link from, to;
	struct exact_traffic traffic;
	struct exact_watch watch;
	struct exact_burst next;
	uint64_t refused;
	unsigned complaints;
};

_Noreturn static void die(const char *what, int err)
{
	fprintf(stderr, "exact: %s: %s\n", what, strerror(err));
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void open_links(const struct settings *settings, struct direction directions[SIDES])
{
	struct exact_link links[SIDES];

	for (unsigned i = 0; i < SIDES; i++) {
		char *netns = settings->sides[i], *comma = strchr(netns, ',');
		int err;

		if (!comma)
			die(netns, EINVAL);
		*comma = 0;
		err = exact_link_open(&links[i], netns, comma + 1);
		if (err < 0)
			die(comma + 1, -err);
	}
	for (unsigned i = 0; i < SIDES; i++) {
		directions[i].from = links[i];
		directions[i].to = links[1 - i];
	}
}

/* False: the window is full. */
static bool send_next(struct direction *d, unsigned window)
{
	int err;

	if (d->watch.in_flight + d->next.segments > window)
		return false;
	exact_watch_expect(&d->watch, &d->next);
	err = exact_link_send(&d->from, &d->next.header, d->next.bytes, d->next.len);
	if (err == -ENOBUFS)
		d->refused++;
	else if (err < 0)
		die("sending", -err);
	exact_traffic_next(&d->traffic, &d->next);
	return true;
}

static bool take(struct direction *d)
{
	static uint8_t bytes[EXACT_LINK_ROOM];
	struct virtio_net_hdr header;
	ssize_t len = exact_link_receive(&d->to, &header, bytes);

	if (len == -EAGAIN)
		return false;
	if (len < 0)
		die("receiving", (int)-len);
	if (!exact_watch_take(&d->watch, &header, bytes, (size_t)len))
		d->complaints++;
	return true;
}

static bool has_more(const struct direction *d, const struct settings *settings, double end)
{
	return d->watch.counts.sent < settings->packets && d->complaints < COMPLAINTS_MAX &&
	       now() < end;
}

static void wait_for_any(struct direction directions[SIDES])
{
	struct pollfd fds[] = {{directions[0].to.fd, POLLIN, 0}, {directions[1].to.fd, POLLIN, 0}};

	if (poll(fds, SIDES, STALL_MS) > 0)
		return;
	for (unsigned i = 0; i < SIDES; i++)
		exact_watch_give_up(&directions[i].watch);
}

static void run(const struct settings *settings, struct direction directions[SIDES])
{
	double end = now() + settings->seconds;
	bool is_going;

	do {
		bool has_moved = false;

		is_going = false;
		for (unsigned i = 0; i < SIDES; i++) {
			struct direction *d = &directions[i];

			for (unsigned n = 0; n < TURN && has_more(d, settings, end) &&
					     send_next(d, settings->window);
				n++)
				has_moved = true;
			for (unsigned n = 0; n < TURN && take(d); n++)
				has_moved = true;
			is_going |= has_more(d, settings, end) || d->watch.in_flight > 0;
		}
		if (is_going && !has_moved)
			wait_for_any(directions);
	} while (is_going);
}

static bool report(struct direction *d)
{
	const struct exact_counts *c = &d->watch.counts;

	printf("{\"sent\": %llu, \"received\": %llu, \"lost\": %llu, \"altered\": %llu, "
	       "\"duplicated\": %llu, \"reordered\": %llu, \"supers_sent\": %llu, "
	       "\"supers_received\": %llu, \"bytes\": %llu, \"refused\": %llu, \"missed\": %u}\n",
		(unsigned long long)c->sent, (unsigned long long)c->received,
		(unsigned long long)c->lost, (unsigned long long)c->altered,
		(unsigned long long)c->duplicated, (unsigned long long)c->reordered,
		(unsigned long long)c->supers_sent, (unsigned long long)c->supers_received,
		(unsigned long long)c->bytes, (unsigned long long)d->refused,
		exact_link_dropped(&d->to));
	return c->altered + c->duplicated + c->reordered == 0 && c->received > 0;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end)
		die(text, EINVAL);
	return value;
}

static void parse(int argc, char **argv, struct settings *settings)
{
	static const struct option words[] = {
		{"a", required_argument, NULL, 'a'},
		{"b", required_argument, NULL, 'b'},
		{"packets", required_argument, NULL, 'p'},
		{"seconds", required_argument, NULL, 's'},
		{"window", required_argument, NULL, 'w'},
		{"mtu", required_argument, NULL, 'm'},
		{"seed", required_argument, NULL, 'r'},
		{"b-without-offloads", no_argument, NULL, 'o'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "", words, NULL)) != -1;) {
		if (c == 'a' || c == 'b')
			settings->sides[c - 'a'] = optarg;
		else if (c == 'p')
			settings->packets = number(optarg);
		else if (c == 's')
			settings->seconds = (unsigned)number(optarg);
		else if (c == 'w')
			settings->window = (unsigned)number(optarg);
		else if (c == 'm')
			settings->mtu = (unsigned)number(optarg);
		else if (c == 'r')
			settings->seed = number(optarg);
		else if (c == 'o')
			settings->is_b_finished_by_kernel = true;
		else
			exit(EXIT_FAILURE);
	}
	if (!settings->sides[0] || !settings->sides[1] || settings->mtu < 1280 ||
		settings->window < EXACT_SEGMENTS_MAX)
		die("arguments", EINVAL);
}

int main(int argc, char **argv)
{
	static struct direction directions[SIDES];
	struct settings settings = {
		.packets = UINT64_MAX, .seconds = 3600, .window = 256, .mtu = 1420};
	bool is_right = true;

	if (getrandom(&settings.seed, sizeof(settings.seed), 0) != sizeof(settings.seed))
		die("getrandom", errno);
	parse(argc, argv, &settings);
	printf("# seed 0x%llx\n", (unsigned long long)settings.seed);
	fflush(stdout);
	open_links(&settings, directions);
	for (unsigned i = 0; i < SIDES; i++) {
		exact_traffic_init(&directions[i].traffic, settings.seed + i, settings.mtu);
		directions[i].traffic.is_finished_by_kernel =
			i == 1 && settings.is_b_finished_by_kernel;
		exact_watch_init(&directions[i].watch);
		exact_traffic_next(&directions[i].traffic, &directions[i].next);
	}
	run(&settings, directions);
	for (unsigned i = 0; i < SIDES; i++)
		is_right &= report(&directions[i]);
	return is_right ? 0 : EXIT_FAILURE;
}

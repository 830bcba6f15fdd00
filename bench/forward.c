/*
 * The limit's arguments, its devices and its loops: one for both directions, or a thread for each.
 * It runs until it is killed.
 */
#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "crypto_init.h"
#include "link.h"
#include "udp.h"
#include "wire.h"

const struct symmetric_key forward_key = {{1, 2, 3, 4}};

static const char usage[] =
	"Usage: forward [--null-crypto] [--threads 1|2] INTERFACE LOCAL-PORT ADDRESS PORT\n"
	"\n"
	"Makes the TUN device INTERFACE (MTU 1420) and carries its packets to and from another\n"
	"forward at ADDRESS PORT, sealed with a key that everybody knows. For measurements only.\n";

enum { MTU = 1420 };

struct options {
	bool has_null_cipher, has_threads;
	const char *interface;
	uint16_t local_port;
	const char *address;
	uint16_t port;
};

_Noreturn void forward_die(const char *what)
{
	fprintf(stderr, "forward: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

_Noreturn static void die_of_usage(void)
{
	fputs(usage, stderr);
	exit(EXIT_FAILURE);
}

static uint16_t parse_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*end || port == 0 || port > UINT16_MAX)
		die_of_usage();
	return (uint16_t)port;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	static const struct option words[] = {{"null-crypto", no_argument, NULL, 'n'},
		{"threads", required_argument, NULL, 't'}, {0}};
	int word;

	*options = (struct options){0};
	while ((word = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (word == 'n')
			options->has_null_cipher = true;
		else if (word == 't' && strcmp(optarg, "2") == 0)
			options->has_threads = true;
		else if (word != 't' || strcmp(optarg, "1") != 0)
			die_of_usage();
	}
	if (argc - optind != 4)
		die_of_usage();
	options->interface = argv[optind];
	options->local_port = parse_port(argv[optind + 1]);
	options->address = argv[optind + 2];
	options->port = parse_port(argv[optind + 3]);
}

static void parse_remote(struct forward *forward, const struct options *options)
{
	forward->remote_len = sizeof(forward->remote.v4);
	forward->remote.v4.sin_family = AF_INET;
	forward->remote.v4.sin_port = htons(options->port);
	if (inet_pton(AF_INET, options->address, &forward->remote.v4.sin_addr) == 1)
		return;
	forward->remote_len = sizeof(forward->remote.v6);
	forward->remote.v6 =
		(struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(options->port)};
	if (inet_pton(AF_INET6, options->address, &forward->remote.v6.sin6_addr) != 1)
		die_of_usage();
}

/* As the daemon does: so many segments that a super-packet fits one UDP message. */
static int limit_super_packets(const char *interface)
{
	struct rtnl rtnl;
	uint32_t ifindex = 0;
	int err = rtnl_open(&rtnl);

	if (err < 0)
		return err;
	err = link_find(interface, &ifindex);
	if (err == 0)
		err = link_set_mtu(&rtnl, ifindex, MTU);
	if (err == 0)
		err = link_set_gso_max(
			&rtnl, ifindex, UDP_SEGMENTED_MAX / (MTU + DATA_OVERHEAD), TUN_PACKET_MAX);
	rtnl_close(&rtnl);
	return err;
}

static void make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		forward_die("fcntl");
}

static void set_up(struct forward *forward, const struct options *options)
{
	struct udp_pair udp;
	int err;

	forward->cipher = options->has_null_cipher ? BULK_NULL : BULK_BEST;
	parse_remote(forward, options);
	err = tun_open(&forward->tun, options->interface, false);
	if (err == 0)
		err = tun_set_offloads(&forward->tun, TUN_OFFLOAD_ALL);
	if (err == 0)
		err = limit_super_packets(options->interface);
	if (err == 0)
		err = udp_open(&udp, options->local_port, 0);
	if (err < 0) {
		errno = -err;
		forward_die("setting up");
	}
	forward->udp_fd = forward->remote.any.sa_family == AF_INET ? udp.fd4 : udp.fd6;
	make_blocking(forward->tun.fd);
	make_blocking(forward->udp_fd);
}

static void run_one_loop(const struct forward *forward)
{
	struct forward_out *out = forward_out_create(forward);
	struct forward_in *in = forward_in_create(forward);
	struct pollfd fds[] = {{forward->tun.fd, POLLIN, 0}, {forward->udp_fd, POLLIN, 0}};

	for (;;) {
		bool has_out, has_in;

		if (poll(fds, 2, -1) < 0)
			forward_die("poll");
		has_out = fds[0].revents != 0;
		has_in = fds[1].revents != 0;
		while (has_in || has_out) {
			if (has_in)
				has_in = forward_in_run(in, false);
			if (has_out)
				has_out = forward_out_run(out, false);
		}
	}
}

static void *run_out(void *argument)
{
	struct forward_out *out = forward_out_create(argument);
	bool may_have_more = false;

	for (;;)
		may_have_more = forward_out_run(out, !may_have_more);
	return NULL;
}

int main(int argc, char **argv)
{
	struct forward forward = {0};
	struct options options;
	struct forward_in *in;
	pthread_t thread;

	parse_options(argc, argv, &options);
	if (!crypto_init())
		forward_die("libsodium");
	set_up(&forward, &options);
	if (!options.has_threads)
		run_one_loop(&forward);
	if (pthread_create(&thread, NULL, run_out, &forward) != 0)
		forward_die("pthread_create");
	in = forward_in_create(&forward);
	for (;;)
		forward_in_run(in, true);
}

/*
 * Request and response over UDP: one small datagram there and back, the next when the answer is
 * there. A client prints one line of JSON: how many, how many were lost, and the round trip's
 * median and 99th percentile in microseconds.
 */
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum {
	PAYLOAD_LEN = 64,
	SAMPLES_MAX = 4 << 20,
	/* An answer that is later than this is lost. */
	TIMEOUT_MS = 200,
	SECONDS_MAX = 3600,
};

struct samples {
	double *us;
	size_t count;
	unsigned long lost;
};

_Noreturn static void die(const char *what, const char *why)
{
	fprintf(stderr, "pingpong: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* A socket that is bound to the address, or connected to it. */
static int open_socket(const char *address, const char *port, int is_server)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int err = getaddrinfo(address, port, &hints, &found), fd;

	if (err != 0)
		die(address, gai_strerror(err));
	fd = socket(found->ai_family, found->ai_socktype, 0);
	if (fd >= 0)
		err = is_server ? bind(fd, found->ai_addr, found->ai_addrlen)
				: connect(fd, found->ai_addr, found->ai_addrlen);
	if (fd < 0 || err < 0)
		die(address, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

/* Answers until it is killed; the line says that it can be asked. */
_Noreturn static void serve(int fd)
{
	uint8_t bytes[PAYLOAD_LEN];
	struct sockaddr_storage from;
	struct sockaddr *any = (struct sockaddr *)&from;

	puts("ready");
	fflush(stdout);
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, bytes, sizeof(bytes), 0, any, &from_len);

		if (len < 0)
			die("receiving", strerror(errno));
		/* An answer that cannot leave is lost, as on any network. */
		if (sendto(fd, bytes, (size_t)len, 0, any, from_len) < 0)
			continue;
	}
}

/* One request; waits for the answer to it and passes over those to earlier ones. */
static void ask(int fd, uint64_t number, struct samples *samples)
{
	uint8_t bytes[PAYLOAD_LEN] = {0};
	double start = now_us();
	uint64_t answered;

	memcpy(bytes, &number, sizeof(number));
	if (send(fd, bytes, sizeof(bytes), 0) < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
		die("sending", strerror(errno));
	do {
		if (recv(fd, bytes, sizeof(bytes), 0) != PAYLOAD_LEN) {
			samples->lost++;
			return;
		}
		memcpy(&answered, bytes, sizeof(answered));
	} while (answered != number);
	if (samples->count < SAMPLES_MAX)
		samples->us[samples->count++] = now_us() - start;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double at_share(const struct samples *samples, double share)
{
	return samples->count ? samples->us[(size_t)((double)(samples->count - 1) * share)] : 0;
}

static void measure(int fd, double seconds)
{
	struct timeval timeout = {.tv_usec = TIMEOUT_MS * 1000};
	struct samples samples = {.us = calloc(SAMPLES_MAX, sizeof(double))};
	double end;

	if (!samples.us || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
		die("preparing", strerror(errno));
	end = now_us() + seconds * 1e6;
	for (uint64_t number = 1; now_us() < end; number++)
		ask(fd, number, &samples);
	qsort(samples.us, samples.count, sizeof(double), by_value);
	printf("{\"count\": %zu, \"lost\": %lu, \"median_us\": %.1f, \"p99_us\": %.1f}\n",
		samples.count, samples.lost, at_share(&samples, 0.5), at_share(&samples, 0.99));
	free(samples.us);
}

int main(int argc, char **argv)
{
	double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;

	if (argc == 3)
		serve(open_socket(argv[1], argv[2], 1));
	if (argc != 4 || !(seconds > 0) || seconds > SECONDS_MAX) {
		fputs("Usage: pingpong ADDRESS PORT            answers there until it is killed\n"
		      "       pingpong ADDRESS PORT SECONDS    asks there, and prints a line of "
		      "JSON\n",
			stderr);
		return EXIT_FAILURE;
	}
	measure(open_socket(argv[1], argv[2], 0), seconds);
	return 0;
}

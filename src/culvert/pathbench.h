/*
 * What one way to an address carries: throughput by TCP, where a bench server is at the other end;
 * round trip and loss by echoes, where these are answered; and the largest packet.
 */
#ifndef CULVERT_CULVERT_PATHBENCH_H
#define CULVERT_CULVERT_PATHBENCH_H

#include <stdbool.h>
#include "addr.h"

struct pathbench {
	/* Which way. */
	struct ip_addr to;
	const char *interface; /* or NULL */
	uint32_t mark;
	uint16_t port;
	uint64_t seconds;
	size_t mtu_most;
	/* What was found; 0: not known. */
	int stream_error;  /* why there is no throughput: -ECONNREFUSED, ... */
	uint64_t up, down; /* bytes a second */
	unsigned sent, received;
	uint64_t min_ns, average_ns;
	size_t mtu;
};

void pathbench_streams(struct pathbench *path, bool is_up);
void pathbench_echoes(struct pathbench *path);
void pathbench_mtu(struct pathbench *path);

#endif

/*
 * What the two ends of `culvert bench` say to each other, over TCP: a request of sixteen bytes, then
 * the bytes that are counted. Up: the client sends, ends, and is told how many came. Down: the server
 * sends for so many seconds.
 */
#ifndef CULVERT_CULVERT_BENCHWIRE_H
#define CULVERT_CULVERT_BENCHWIRE_H

#include "bytes.h"

#define BENCH_MAGIC "culvert1"

enum { BENCH_PORT = 51819, BENCH_SECONDS_MAX = 30 };

enum bench_way { BENCH_UP = 'u', BENCH_DOWN = 'd' };

struct bench_request {
	char magic[8];
	uint8_t way; /* enum bench_way */
	uint8_t seconds;
	uint8_t zero[6];
};

_Static_assert(sizeof(struct bench_request) == 16, "as it is on the wire");

/* The answer to an upload. */
struct bench_answer {
	struct le64 bytes;
};

#endif

/*
 * Microbenchmarks: what one operation costs, as the median of rounds. A section prepares, hands
 * its operations to micro_measure() and cleans up.
 */
#ifndef CULVERT_BENCH_MICRO_H
#define CULVERT_BENCH_MICRO_H

#include <stddef.h>
#include <stdint.h>

enum { MICRO_ROUNDS_MAX = 1001 };

/* Does the operation so many times. */
typedef void micro_run(void *context, uint64_t times);

double micro_now_ns(void);

/* Sorts them. */
double micro_median(double *values, size_t count);

/* Prints the median cost in nanoseconds of one operation. */
void micro_measure(const char *name, micro_run *run, void *context, uint64_t times, size_t rounds);

/* The same numbers in every run. */
uint64_t micro_random(uint64_t *state);
void micro_fill(uint64_t *state, void *bytes, size_t len);

/* The sections. */
void micro_cipher(size_t rounds);
void micro_operations(size_t rounds);
void micro_handshakes(size_t rounds);
void micro_allowed_ips(size_t rounds);
void micro_replay(size_t rounds);
void micro_packets(size_t rounds);

#endif

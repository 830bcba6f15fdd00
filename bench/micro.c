/*
 * What one packet costs each engine, and what one operation of a handshake costs: medians in
 * nanoseconds. Engines take turns in every round, so that a slower moment of the machine meets all
 * of them; each packet has its own counter and buffer. Argument: the number of rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "aead.h"
#include "blake2s.h"
#include "bulk.h"
#include "crypto_init.h"
#include "ensure.h"
#include "x25519.h"

enum {
	PACKETS = 1024, /* a measurement */
	BUFFERS = 64,   /* as many as a batch has */
	ROUNDS_MAX = 1001,
};

static const size_t lens[] = {64, 256, 576, 1024, 1420, 1452};
static const enum bulk_kind kinds[] = {BULK_IPSEC_MB, BULK_OPENSSL, BULK_NULL};

enum { LENS = sizeof(lens) / sizeof(lens[0]), KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct symmetric_key key = {{1, 2, 3}};
static uint8_t plain[BUFFERS][2048], sealed[BUFFERS][2048];
static double samples[KINDS][LENS][2][ROUNDS_MAX];

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), by_value);
	return values[count / 2];
}

/* The packets of one measurement through one engine: seal, then open the last batch again. */
static void measure(struct bulk_engine *engine, size_t len, double *seal_ns, double *open_ns)
{
	double start = now_ns();

	for (uint64_t i = 0; i < PACKETS; i++)
		bulk_seal(engine, &key, i % BUFFERS, plain[i % BUFFERS], len, sealed[i % BUFFERS]);
	*seal_ns = (now_ns() - start) / PACKETS;

	start = now_ns();
	for (uint64_t i = 0; i < PACKETS; i++)
		ENSURE(bulk_open(
			engine, &key, i % BUFFERS, sealed[i % BUFFERS], len, plain[i % BUFFERS]));
	*open_ns = (now_ns() - start) / PACKETS;
}

static void measure_engines(size_t rounds)
{
	struct bulk_engine *engines[KINDS];

	for (size_t k = 0; k < KINDS; k++)
		engines[k] = bulk_create(kinds[k]);
	for (size_t round = 0; round < rounds; round++)
		for (size_t l = 0; l < LENS; l++)
			for (size_t k = 0; k < KINDS; k++)
				if (engines[k])
					measure(engines[k], lens[l], &samples[k][l][0][round],
						&samples[k][l][1][round]);

	printf("seal/open, ns a packet");
	for (size_t l = 0; l < LENS; l++)
		printf("%12zu", lens[l]);
	for (size_t k = 0; k < KINDS; k++) {
		printf("\n%-22s", engines[k] ? bulk_name(engines[k]) : "(not in this build)");
		for (size_t l = 0; engines[k] && l < LENS; l++)
			printf("%7.0f/%4.0f", median(samples[k][l][0], rounds),
				median(samples[k][l][1], rounds));
		bulk_destroy(engines[k]);
	}
	printf("\n");
}

static struct private_key private_key = {{8, 1, 2}};
static struct public_key public_key;
static struct shared_secret secret;
static struct mac mac;
static uint8_t chain[HASH_LEN], derived[HASH_LEN];

static void run_public(void)
{
	x25519_public(&private_key, &public_key);
}

static void run_shared(void)
{
	ENSURE(x25519_shared(&private_key, &public_key, &secret));
}

static void run_mac(void)
{
	blake2s_mac(chain, HASH_LEN, plain[0], 116, &mac);
}

static void run_kdf(void)
{
	blake2s_kdf(chain, secret.b, KEY_LEN, chain, derived, NULL);
}

static void run_aead(void)
{
	aead_seal(&key, 0, chain, HASH_LEN, plain[0], 32, sealed[0]);
}

static const struct {
	const char *name;
	void (*run)(void);
} operations[] = {
	{"X25519 public key", run_public},
	{"X25519 shared secret", run_shared},
	{"MAC of 116 bytes", run_mac},
	{"KDF2", run_kdf},
	{"AEAD of 32 bytes", run_aead},
};

static void measure_operations(size_t rounds)
{
	static double values[ROUNDS_MAX];

	for (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++) {
		for (size_t round = 0; round < rounds; round++) {
			double start = now_ns();

			for (int i = 0; i < 20; i++)
				operations[o].run();
			values[round] = (now_ns() - start) / 20;
		}
		printf("%-22s%12.0f\n", operations[o].name, median(values, rounds));
	}
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 51;

	if (!crypto_init() || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: micro [ROUNDS], 1 to %d\n", ROUNDS_MAX);
		return 1;
	}
	measure_engines(rounds);
	measure_operations(rounds);
	return 0;
}

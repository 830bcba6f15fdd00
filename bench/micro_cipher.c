/*
 * What one packet costs each engine, and what one operation of a handshake costs. Engines take
 * turns in every round, so that a slower moment of the machine meets all of them; each packet has
 * its own counter and buffer.
 */
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "aead.h"
#include "blake2s.h"
#include "bulk.h"
#include "ensure.h"
#include "x25519.h"

enum {
	PACKETS = 1024, /* a measurement */
	BUFFERS = 64,   /* as many as a batch has */
	OPERATIONS = 20,
};

static const size_t lens[] = {64, 256, 576, 1024, 1420, 1452};
static const enum bulk_kind kinds[] = {BULK_IPSEC_MB, BULK_OPENSSL, BULK_NULL};

enum { LENS = sizeof(lens) / sizeof(lens[0]), KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct symmetric_key key = {{1, 2, 3}};
static uint8_t plain[BUFFERS][2048], sealed[BUFFERS][2048];
static double samples[KINDS][LENS][2][MICRO_ROUNDS_MAX];

/* The packets of one measurement through one engine: seal, then open the last batch again. */
static void measure(struct bulk_engine *engine, size_t len, double *seal_ns, double *open_ns)
{
	double start = micro_now_ns();

	for (uint64_t i = 0; i < PACKETS; i++)
		bulk_seal(engine, &key, i % BUFFERS, plain[i % BUFFERS], len, sealed[i % BUFFERS]);
	*seal_ns = (micro_now_ns() - start) / PACKETS;

	start = micro_now_ns();
	for (uint64_t i = 0; i < PACKETS; i++)
		ENSURE(bulk_open(
			engine, &key, i % BUFFERS, sealed[i % BUFFERS], len, plain[i % BUFFERS]));
	*open_ns = (micro_now_ns() - start) / PACKETS;
}

void micro_cipher(size_t rounds)
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
			printf("%7.0f/%4.0f", micro_median(samples[k][l][0], rounds),
				micro_median(samples[k][l][1], rounds));
		bulk_destroy(engines[k]);
	}
	printf("\n");
}

static struct private_key private_key = {{8, 1, 2}};
static struct public_key public_key;
static struct shared_secret secret;
static struct mac mac;
static uint8_t chain[HASH_LEN], derived[HASH_LEN];

static void run_public(void *context, uint64_t times)
{
	(void)context;
	while (times-- > 0)
		x25519_public(&private_key, &public_key);
}

static void run_shared(void *context, uint64_t times)
{
	(void)context;
	while (times-- > 0)
		ENSURE(x25519_shared(&private_key, &public_key, &secret));
}

static void run_mac(void *context, uint64_t times)
{
	(void)context;
	while (times-- > 0)
		blake2s_mac(chain, HASH_LEN, plain[0], 116, &mac);
}

static void run_kdf(void *context, uint64_t times)
{
	(void)context;
	while (times-- > 0)
		blake2s_kdf(chain, secret.b, KEY_LEN, chain, derived, NULL);
}

static void run_aead(void *context, uint64_t times)
{
	(void)context;
	while (times-- > 0)
		aead_seal(&key, 0, chain, HASH_LEN, plain[0], 32, sealed[0]);
}

static const struct {
	const char *name;
	micro_run *run;
} operations[] = {
	{"X25519 public key", run_public},
	{"X25519 shared secret", run_shared},
	{"MAC of 116 bytes", run_mac},
	{"KDF2", run_kdf},
	{"AEAD of 32 bytes", run_aead},
};

void micro_operations(size_t rounds)
{
	for (size_t o = 0; o < sizeof(operations) / sizeof(operations[0]); o++)
		micro_measure(operations[o].name, operations[o].run, NULL, OPERATIONS, rounds);
}

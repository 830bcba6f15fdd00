/*
 * The running state of a Noise handshake: chaining key and hash (paper, section 5.4). Each
 * function is one token of the pattern; noise.c reads like the paper's column of equations.
 */
#ifndef CULVERT_CORE_TRANSCRIPT_H
#define CULVERT_CORE_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "blake2s.h"
#include "keys.h"

struct transcript {
	struct hash chain; /* secret */
	struct hash hash;
};

/* C and H after the construction, the identifier and the responder's public key. */
void transcript_init(struct transcript *t, const struct public_key *responder);

/* h = HASH(h || data) */
void transcript_mix_hash(struct transcript *t, const void *data, size_t len);

/* An ephemeral public key: into the hash and, as patterns with a preshared key have it, the chain. */
void transcript_mix_ephemeral(struct transcript *t, const struct public_key *ephemeral);

/* A shared secret into the chain; key, when not NULL, is the message key that follows. */
void transcript_mix_secret(
	struct transcript *t, const struct shared_secret *secret, struct symmetric_key *key);

/* The preshared key into chain and hash; key is the message key that follows. */
void transcript_mix_preshared(
	struct transcript *t, const struct preshared_key *psk, struct symmetric_key *key);

/* Seals len bytes into len + 16 under key with the hash as associated data, and mixes them in. */
void transcript_seal(struct transcript *t, const struct symmetric_key *key, const void *plain,
	size_t len, uint8_t *out);

/* Opens sealed_len bytes, and mixes them in; false, t unchanged, when they are not genuine. */
__attribute__((warn_unused_result)) bool transcript_open(struct transcript *t,
	const struct symmetric_key *key, const uint8_t *sealed, size_t sealed_len, uint8_t *out);

/* The two transport keys: first the initiator's for sending, second the responder's. */
void transcript_split(
	const struct transcript *t, struct symmetric_key *first, struct symmetric_key *second);

#endif

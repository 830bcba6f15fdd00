/*
 * BLAKE2s (RFC 7693) over libb2, in the three forms that WireGuard uses: HASH, MAC and HMAC with
 * the key derivation made of it (paper, section 5.4).
 */
#ifndef CULVERT_CRYPTO_BLAKE2S_H
#define CULVERT_CRYPTO_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

enum {
	HASH_LEN = 32,
	MAC_LEN = 16,
};

struct hash {
	uint8_t b[HASH_LEN];
};

/* A 16-byte keyed BLAKE2s. */
struct mac {
	uint8_t b[MAC_LEN];
};

/* HASH(a || b): 32 bytes, no key. Either part may be empty. */
void blake2s_hash2(const void *a, size_t a_len, const void *b, size_t b_len, struct hash *out);

/* MAC(key, in): keyed BLAKE2s with an output of 16 bytes; key_len is 1 to 32. */
void blake2s_mac(const void *key, size_t key_len, const void *in, size_t in_len, struct mac *out);

/* HMAC-BLAKE2s(key, in), block size 64; key_len is at most 64. */
void blake2s_hmac(const void *key, size_t key_len, const void *in, size_t in_len, struct hash *out);

/*
 * KDF1, KDF2, KDF3: HKDF with `key` as the HMAC key and `in` as its message. Gives as many
 * outputs as are not NULL, in order; t1 may be `key` itself. Temporaries are wiped.
 */
void blake2s_kdf(const uint8_t key[HASH_LEN], const void *in, size_t in_len, uint8_t t1[HASH_LEN],
	uint8_t t2[HASH_LEN], uint8_t t3[HASH_LEN]);

#endif

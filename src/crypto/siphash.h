/*
 * SipHash-2-4 over libsodium: for tables whose keys a stranger can choose.
 */
#ifndef CULVERT_CRYPTO_SIPHASH_H
#define CULVERT_CRYPTO_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint8_t b[16];
};

uint64_t siphash(const struct siphash_key *key, const void *in, size_t len);

#endif

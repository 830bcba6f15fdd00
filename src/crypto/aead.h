/*
 * The authenticated ciphers of handshakes, stateless, over libsodium: ChaCha20-Poly1305
 * (RFC 8439) and XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha). Packets of data go through
 * bulk.h, which is faster and needs an engine.
 */
#ifndef CULVERT_CRYPTO_AEAD_H
#define CULVERT_CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "keys.h"

enum {
	AEAD_TAG_LEN = 16,
	XAEAD_NONCE_LEN = 24,
};

/*
 * Seals len bytes of plain into len + AEAD_TAG_LEN bytes at out. The nonce is four zero bytes and
 * the counter in little-endian order. out may be plain.
 */
void aead_seal(const struct symmetric_key *key, uint64_t counter, const void *ad, size_t ad_len,
	const void *plain, size_t len, uint8_t *out);

/*
 * Opens sealed_len bytes (tag included) into sealed_len - AEAD_TAG_LEN bytes at out. False when
 * the tag is wrong or sealed_len is below AEAD_TAG_LEN; out is then not to be read.
 */
__attribute__((warn_unused_result)) bool aead_open(const struct symmetric_key *key,
	uint64_t counter, const void *ad, size_t ad_len, const void *sealed, size_t sealed_len,
	uint8_t *out);

/* The same with a 24-byte random nonce: cookie replies. */
void xaead_seal(const struct symmetric_key *key, const uint8_t nonce[XAEAD_NONCE_LEN],
	const void *ad, size_t ad_len, const void *plain, size_t len, uint8_t *out);

__attribute__((warn_unused_result)) bool xaead_open(const struct symmetric_key *key,
	const uint8_t nonce[XAEAD_NONCE_LEN], const void *ad, size_t ad_len, const void *sealed,
	size_t sealed_len, uint8_t *out);

#endif

/*
 * The nonce of a packet: the only place that knows how a counter becomes twelve bytes.
 */
#ifndef CULVERT_CRYPTO_AEAD_NONCE_H
#define CULVERT_CRYPTO_AEAD_NONCE_H

#include <stdint.h>
#include "bytes.h"

/* As the cipher takes it: 12 bytes without padding. */
struct aead_nonce {
	struct le32 zero;
	struct le64 counter;
};

_Static_assert(sizeof(struct aead_nonce) == 12, "a nonce of RFC 8439");

static inline struct aead_nonce aead_nonce_make(uint64_t counter)
{
	return (struct aead_nonce){.counter = le64_store(counter)};
}

#endif

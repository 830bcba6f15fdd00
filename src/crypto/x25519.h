/*
 * X25519 (RFC 7748) over libsodium: no heap, no state, constant time.
 */
#ifndef CULVERT_CRYPTO_X25519_H
#define CULVERT_CRYPTO_X25519_H

#include <stdbool.h>
#include "keys.h"

/* Clears and sets the bits that RFC 7748 section 5 asks for, as WireGuard stores private keys. */
void x25519_clamp(struct private_key *key);

/* The public key that belongs to private_key. */
void x25519_public(const struct private_key *private_key, struct public_key *public_key);

/*
 * The secret that private_key and public_key share. False, with *shared zero, when the result is
 * all zero: public_key is of low order and must be refused.
 */
__attribute__((warn_unused_result)) bool x25519_shared(const struct private_key *private_key,
	const struct public_key *public_key, struct shared_secret *shared);

#endif

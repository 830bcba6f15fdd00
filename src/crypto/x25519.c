/* X25519 over libsodium, and the refusal of points of low order. */
#include "x25519.h"

#include <sodium.h>
#include "ensure.h"
#include "wipe.h"

_Static_assert(crypto_scalarmult_BYTES == KEY_LEN, "a shared secret is what libsodium makes");
_Static_assert(crypto_scalarmult_SCALARBYTES == KEY_LEN, "a private key is libsodium's scalar");

void x25519_clamp(struct private_key *key)
{
	key->b[0] &= 248;
	key->b[31] = (uint8_t)((key->b[31] & 127) | 64);
}

void x25519_public(const struct private_key *private_key, struct public_key *public_key)
{
	ENSURE(crypto_scalarmult_base(public_key->b, private_key->b) == 0);
}

bool x25519_shared(const struct private_key *private_key, const struct public_key *public_key,
	struct shared_secret *shared)
{
	int refused; /* -1 or 0; it depends on the secret, so nothing branches on it */

	wipe(shared->b, KEY_LEN); /* some points are refused before anything is written */
	refused = crypto_scalarmult(shared->b, private_key->b, public_key->b);
	for (size_t i = 0; i < KEY_LEN; i++)
		shared->b[i] &= (uint8_t)~refused;
	return !bytes_zero_ct(shared->b, KEY_LEN);
}

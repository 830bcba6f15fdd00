/* SipHash-2-4 over libsodium; its eight bytes are a number in little-endian order. */
#include "siphash.h"

#include <sodium.h>
#include "bytes.h"
#include "ensure.h"

_Static_assert(sizeof(struct siphash_key) == crypto_shorthash_KEYBYTES, "the key");
_Static_assert(sizeof(struct le64) == crypto_shorthash_BYTES, "the result");

uint64_t siphash(const struct siphash_key *key, const void *in, size_t len)
{
	struct le64 result;

	ENSURE(crypto_shorthash(result.b, in, len, key->b) == 0);
	return le64_load(result);
}

/*
 * HASH, MAC, HMAC and KDF over libb2. A hash state holds what went in, keys among it, so each is
 * wiped where it ends.
 */
#include "blake2s.h"

#include <blake2.h>
#include <string.h>
#include "ensure.h"
#include "wipe.h"

_Static_assert((int)HASH_LEN == (int)BLAKE2S_OUTBYTES, "HASH is the longest BLAKE2s");

static void hash_end(blake2s_state *state, uint8_t *out, size_t out_len)
{
	ENSURE(blake2s_final(state, out, out_len) == 0);
	wipe(state, sizeof(*state));
}

void blake2s_hash2(const void *a, size_t a_len, const void *b, size_t b_len, struct hash *out)
{
	blake2s_state state;

	ENSURE(blake2s_init(&state, HASH_LEN) == 0);
	blake2s_update(&state, a, a_len);
	blake2s_update(&state, b, b_len);
	hash_end(&state, out->b, HASH_LEN);
}

void blake2s_mac(const void *key, size_t key_len, const void *in, size_t in_len, struct mac *out)
{
	blake2s_state state;

	ENSURE(key_len >= 1 && key_len <= BLAKE2S_KEYBYTES);
	ENSURE(blake2s_init_key(&state, MAC_LEN, key, key_len) == 0);
	blake2s_update(&state, in, in_len);
	hash_end(&state, out->b, MAC_LEN);
}

/* HASH((key ^ pad) || in), where the key is filled with zeros to a block: half of an HMAC. */
static void hmac_half(const uint8_t *key, size_t key_len, uint8_t pad, const void *in,
	size_t in_len, struct hash *out)
{
	uint8_t block[BLAKE2S_BLOCKBYTES];

	memset(block, pad, sizeof(block));
	for (size_t i = 0; i < key_len; i++)
		block[i] = key[i] ^ pad;
	blake2s_hash2(block, sizeof(block), in, in_len, out);
	wipe(block, sizeof(block));
}

void blake2s_hmac(const void *key, size_t key_len, const void *in, size_t in_len, struct hash *out)
{
	struct hash inner;

	ENSURE(key_len <= BLAKE2S_BLOCKBYTES);
	hmac_half(key, key_len, 0x36, in, in_len, &inner);
	hmac_half(key, key_len, 0x5c, inner.b, HASH_LEN, out);
	wipe(&inner, sizeof(inner));
}

void blake2s_kdf(const uint8_t key[HASH_LEN], const void *in, size_t in_len, uint8_t t1[HASH_LEN],
	uint8_t t2[HASH_LEN], uint8_t t3[HASH_LEN])
{
	uint8_t *const outputs[] = {t1, t2, t3};
	uint8_t message[HASH_LEN + 1]; /* the output before, and the number of this one */
	struct hash prk, output;

	blake2s_hmac(key, HASH_LEN, in, in_len, &prk);
	for (size_t i = 0; i < 3 && outputs[i]; i++) {
		size_t skip = i == 0 ? HASH_LEN : 0; /* there is none before the first */

		message[HASH_LEN] = (uint8_t)(i + 1);
		blake2s_hmac(prk.b, HASH_LEN, message + skip, sizeof(message) - skip, &output);
		memcpy(message, output.b, HASH_LEN);
		memcpy(outputs[i], output.b, HASH_LEN);
	}
	wipe(&prk, sizeof(prk));
	wipe(&output, sizeof(output));
	wipe(message, sizeof(message));
	wipe_stack(); /* libb2 leaves its last result there */
}

/* The Noise symmetric state: nothing but hashing; every temporary key is wiped by its caller. */
#include "transcript.h"

#include <string.h>
#include "aead.h"

/* HASH("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"). */
static const struct hash construction = {{
	0x60,
	0xe2,
	0x6d,
	0xae,
	0xf3,
	0x27,
	0xef,
	0xc0,
	0x2e,
	0xc3,
	0x35,
	0xe2,
	0xa0,
	0x25,
	0xd2,
	0xd0,
	0x16,
	0xeb,
	0x42,
	0x06,
	0xf8,
	0x72,
	0x77,
	0xf5,
	0x2d,
	0x38,
	0xd1,
	0x98,
	0x8b,
	0x78,
	0xcd,
	0x36,
}};

/* HASH(construction || "WireGuard v1 zx2c4 Jason@zx2c4.com"). */
static const struct hash identifier = {{
	0x22,
	0x11,
	0xb3,
	0x61,
	0x08,
	0x1a,
	0xc5,
	0x66,
	0x69,
	0x12,
	0x43,
	0xdb,
	0x45,
	0x8a,
	0xd5,
	0x32,
	0x2d,
	0x9c,
	0x6c,
	0x66,
	0x22,
	0x93,
	0xe8,
	0xb7,
	0x0e,
	0xe1,
	0x9c,
	0x65,
	0xba,
	0x07,
	0x9e,
	0xf3,
}};

void transcript_init(struct transcript *t, const struct public_key *responder)
{
	t->chain = construction;
	t->hash = identifier;
	transcript_mix_hash(t, responder->b, sizeof(responder->b));
}

void transcript_mix_hash(struct transcript *t, const void *data, size_t len)
{
	blake2s_hash2(t->hash.b, sizeof(t->hash.b), data, len, &t->hash);
}

void transcript_mix_ephemeral(struct transcript *t, const struct public_key *ephemeral)
{
	transcript_mix_hash(t, ephemeral->b, sizeof(ephemeral->b));
	blake2s_kdf(t->chain.b, ephemeral->b, sizeof(ephemeral->b), t->chain.b, NULL, NULL);
}

void transcript_mix_secret(
	struct transcript *t, const struct shared_secret *secret, struct symmetric_key *key)
{
	blake2s_kdf(
		t->chain.b, secret->b, sizeof(secret->b), t->chain.b, key ? key->b : NULL, NULL);
}

void transcript_mix_preshared(
	struct transcript *t, const struct preshared_key *psk, struct symmetric_key *key)
{
	struct hash mixed;

	blake2s_kdf(t->chain.b, psk->b, sizeof(psk->b), t->chain.b, mixed.b, key->b);
	transcript_mix_hash(t, mixed.b, sizeof(mixed.b));
}

void transcript_seal(struct transcript *t, const struct symmetric_key *key, const void *plain,
	size_t len, uint8_t *out)
{
	aead_seal(key, 0, t->hash.b, sizeof(t->hash.b), plain, len, out);
	transcript_mix_hash(t, out, len + AEAD_TAG_LEN);
}

bool transcript_open(struct transcript *t, const struct symmetric_key *key, const uint8_t *sealed,
	size_t sealed_len, uint8_t *out)
{
	if (!aead_open(key, 0, t->hash.b, sizeof(t->hash.b), sealed, sealed_len, out))
		return false;
	transcript_mix_hash(t, sealed, sealed_len);
	return true;
}

void transcript_split(
	const struct transcript *t, struct symmetric_key *first, struct symmetric_key *second)
{
	blake2s_kdf(t->chain.b, NULL, 0, first->b, second->b, NULL);
}

/* ChaCha20-Poly1305 and XChaCha20-Poly1305 over libsodium. */
#include "aead.h"

#include <sodium.h>
#include "aead_nonce.h"
#include "ensure.h"

_Static_assert(AEAD_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "the tag");
_Static_assert(AEAD_TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "the tag");
_Static_assert(XAEAD_NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce");
_Static_assert(KEY_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "the key");

void aead_seal(const struct symmetric_key *key, uint64_t counter, const void *ad, size_t ad_len,
	const void *plain, size_t len, uint8_t *out)
{
	struct aead_nonce nonce = aead_nonce_make(counter);

	ENSURE(crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, ad, ad_len, NULL,
		       (const uint8_t *)&nonce, key->b) == 0);
}

bool aead_open(const struct symmetric_key *key, uint64_t counter, const void *ad, size_t ad_len,
	const void *sealed, size_t sealed_len, uint8_t *out)
{
	struct aead_nonce nonce = aead_nonce_make(counter);

	return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, sealed_len, ad,
		       ad_len, (const uint8_t *)&nonce, key->b) == 0;
}

void xaead_seal(const struct symmetric_key *key, const uint8_t nonce[XAEAD_NONCE_LEN],
	const void *ad, size_t ad_len, const void *plain, size_t len, uint8_t *out)
{
	ENSURE(crypto_aead_xchacha20poly1305_ietf_encrypt(
		       out, NULL, plain, len, ad, ad_len, NULL, nonce, key->b) == 0);
}

bool xaead_open(const struct symmetric_key *key, const uint8_t nonce[XAEAD_NONCE_LEN],
	const void *ad, size_t ad_len, const void *sealed, size_t sealed_len, uint8_t *out)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(
		       out, NULL, NULL, sealed, sealed_len, ad, ad_len, nonce, key->b) == 0;
}

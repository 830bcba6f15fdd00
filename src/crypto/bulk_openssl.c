/*
 * Packets through libcrypto's EVP. One context a direction, made once: what a packet costs besides
 * the cipher is a new nonce.
 */
#include "bulk_ops.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "bulk.h"
#include "ensure.h"

struct openssl_engine {
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
};

static void openssl_destroy(void *self)
{
	struct openssl_engine *engine = self;

	/* libcrypto wipes the keys in them. */
	EVP_CIPHER_CTX_free(engine->seal);
	EVP_CIPHER_CTX_free(engine->open);
	free(engine);
}

static void *openssl_create(void)
{
	struct openssl_engine *engine = calloc(1, sizeof(*engine));
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);

	if (!engine)
		goto fail;
	engine->seal = EVP_CIPHER_CTX_new();
	engine->open = EVP_CIPHER_CTX_new();
	if (!cipher || !engine->seal || !engine->open ||
		!EVP_EncryptInit_ex2(engine->seal, cipher, NULL, NULL, NULL) ||
		!EVP_DecryptInit_ex2(engine->open, cipher, NULL, NULL, NULL))
		goto fail_engine;
	EVP_CIPHER_free(cipher); /* the contexts hold it */
	return engine;

fail_engine:
	openssl_destroy(engine);
fail:
	EVP_CIPHER_free(cipher);
	return NULL;
}

static void openssl_seal(void *self, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *plain, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = ((struct openssl_engine *)self)->seal;
	int n;

	ENSURE(EVP_EncryptInit_ex2(ctx, NULL, key->b, (const uint8_t *)nonce, NULL));
	/* An update of no bytes would mean something else to EVP. */
	if (len > 0)
		ENSURE(EVP_EncryptUpdate(ctx, out, &n, plain, (int)len));
	ENSURE(EVP_EncryptFinal_ex(ctx, out + len, &n));
	ENSURE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BULK_TAG_LEN, out + len) == 1);
}

static bool openssl_open(void *self, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *sealed, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = ((struct openssl_engine *)self)->open;
	uint8_t tag[BULK_TAG_LEN];
	int n;

	memcpy(tag, sealed + len, BULK_TAG_LEN); /* EVP wants it writable */
	ENSURE(EVP_DecryptInit_ex2(ctx, NULL, key->b, (const uint8_t *)nonce, NULL));
	ENSURE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BULK_TAG_LEN, tag) == 1);
	if (len > 0 && !EVP_DecryptUpdate(ctx, out, &n, sealed, (int)len))
		return false;
	return EVP_DecryptFinal_ex(ctx, out + len, &n) == 1;
}

const struct bulk_ops bulk_ops_openssl = {
	.name = "openssl",
	.create = openssl_create,
	.destroy = openssl_destroy,
	.seal = openssl_seal,
	.open = openssl_open,
};

/*
 * Packets through libcrypto's EVP. There is one context for each direction, made once, which keeps
 * its key from packet to packet: setting a key again costs 60 ns, comparing it a few.
 */
#include "bulk_ops.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include "bulk.h"
#include "ensure.h"
#include "wipe.h"

struct direction {
	EVP_CIPHER_CTX *ctx;
	struct symmetric_key key; /* the one in ctx; zero at first */
};

struct openssl_engine {
	struct direction seal;
	struct direction open;
};

/* EVP's words for a direction. */
enum { OPEN = 0, SEAL = 1, SAME = -1 };

static bool direction_init(struct direction *direction, const EVP_CIPHER *cipher, int which)
{
	direction->ctx = EVP_CIPHER_CTX_new();
	return cipher && direction->ctx &&
	       EVP_CipherInit_ex2(direction->ctx, cipher, direction->key.b, NULL, which, NULL) == 1;
}

static void direction_set_key(struct direction *direction, const struct symmetric_key *key)
{
	direction->key = *key;
	ENSURE(EVP_CipherInit_ex2(direction->ctx, NULL, key->b, NULL, SAME, NULL) == 1);
}

static void direction_start(struct direction *direction, const struct symmetric_key *key,
	const struct aead_nonce *nonce)
{
	if (!bytes_equal_ct(direction->key.b, key->b, KEY_LEN))
		direction_set_key(direction, key);
	ENSURE(EVP_CipherInit_ex2(direction->ctx, NULL, NULL, (const uint8_t *)nonce, SAME, NULL) ==
		1);
}

static void openssl_destroy(void *self)
{
	struct openssl_engine *engine = self;

	EVP_CIPHER_CTX_free(engine->seal.ctx);
	EVP_CIPHER_CTX_free(engine->open.ctx);
	free(engine);
}

static void *openssl_create(void)
{
	struct openssl_engine *engine = calloc(1, sizeof(*engine));
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);

	if (engine && !(direction_init(&engine->seal, cipher, SEAL) &&
			      direction_init(&engine->open, cipher, OPEN))) {
		openssl_destroy(engine);
		engine = NULL;
	}
	EVP_CIPHER_free(cipher); /* the contexts hold it */
	return engine;
}

static void openssl_forget(void *self)
{
	static const struct symmetric_key zero;
	struct openssl_engine *engine = self;

	direction_set_key(&engine->seal, &zero);
	direction_set_key(&engine->open, &zero);
}

static void openssl_seal(void *self, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *plain, size_t len, uint8_t *out)
{
	struct openssl_engine *engine = self;
	EVP_CIPHER_CTX *ctx = engine->seal.ctx;
	uint8_t *tag = out + len;
	int n;

	direction_start(&engine->seal, key, nonce);
	/* An update of no bytes would mean something else to EVP. */
	if (len > 0)
		ENSURE(EVP_EncryptUpdate(ctx, out, &n, plain, (int)len) == 1);
	ENSURE(EVP_EncryptFinal_ex(ctx, tag, &n) == 1);
	ENSURE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BULK_TAG_LEN, tag) == 1);
}

static bool openssl_open(void *self, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *sealed, size_t len, uint8_t *out)
{
	struct openssl_engine *engine = self;
	EVP_CIPHER_CTX *ctx = engine->open.ctx;
	uint8_t tag[BULK_TAG_LEN];
	int n;

	memcpy(tag, sealed + len, BULK_TAG_LEN); /* EVP wants it writable */
	direction_start(&engine->open, key, nonce);
	ENSURE(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BULK_TAG_LEN, tag) == 1);
	if (len > 0)
		ENSURE(EVP_DecryptUpdate(ctx, out, &n, sealed, (int)len) == 1);
	return EVP_DecryptFinal_ex(ctx, tag, &n) == 1;
}

const struct bulk_ops bulk_ops_openssl = {
	.name = "openssl",
	.create = openssl_create,
	.destroy = openssl_destroy,
	.forget = openssl_forget,
	.seal = openssl_seal,
	.open = openssl_open,
};

/* The engine that is no cipher: a copy and a zero tag, to measure what everything else costs. */
#include "bulk_ops.h"

#include <stdlib.h>
#include <string.h>
#include "bulk.h"
#include "wipe.h"

static void *null_create(void)
{
	return malloc(1);
}

static void null_destroy(void *self)
{
	free(self);
}

/* There is no key. */
static void null_forget(void *self)
{
	(void)self;
}

static void null_seal(void *self, const struct symmetric_key *key, const struct aead_nonce *nonce,
	const uint8_t *plain, size_t len, uint8_t *out)
{
	(void)self;
	(void)key;
	(void)nonce;
	if (out != plain)
		memcpy(out, plain, len);
	memset(out + len, 0, BULK_TAG_LEN);
}

static bool null_open(void *self, const struct symmetric_key *key, const struct aead_nonce *nonce,
	const uint8_t *sealed, size_t len, uint8_t *out)
{
	(void)self;
	(void)key;
	(void)nonce;
	if (out != sealed)
		memcpy(out, sealed, len);
	return bytes_zero_ct(sealed + len, BULK_TAG_LEN);
}

const struct bulk_ops bulk_ops_null = {
	.name = "null",
	.create = null_create,
	.destroy = null_destroy,
	.forget = null_forget,
	.seal = null_seal,
	.open = null_open,
};

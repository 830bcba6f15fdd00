/*
 * What each kind of engine gives to bulk.c; for the files bulk*.c only. A kind that is not in this
 * build has a create that returns NULL.
 */
#ifndef CULVERT_CRYPTO_BULK_OPS_H
#define CULVERT_CRYPTO_BULK_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "aead_nonce.h"
#include "keys.h"

struct bulk_ops {
	const char *name;

	/* The kind's own memory; NULL when there is none. */
	void *(*create)(void);
	void (*destroy)(void *self);

	/* Overwrites the key used last where the kind keeps one; comes before destroy, too. */
	void (*forget)(void *self);

	/* As bulk_seal() and bulk_open(). */
	void (*seal)(void *self, const struct symmetric_key *key, const struct aead_nonce *nonce,
		const uint8_t *plain, size_t len, uint8_t *out);
	bool (*open)(void *self, const struct symmetric_key *key, const struct aead_nonce *nonce,
		const uint8_t *sealed, size_t len, uint8_t *out);
};

extern const struct bulk_ops bulk_ops_ipsec_mb;
extern const struct bulk_ops bulk_ops_openssl;
extern const struct bulk_ops bulk_ops_null;

#endif

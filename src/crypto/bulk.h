/*
 * ChaCha20-Poly1305 on packets of data: the fastest well-kept library there is on this machine
 * behind one interface, chosen when the engine is created. An engine holds scratch memory and
 * belongs to one thread; keys belong to the caller.
 */
#ifndef CULVERT_CRYPTO_BULK_H
#define CULVERT_CRYPTO_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "keys.h"

enum bulk_kind {
	BULK_BEST,     /* the fastest that this build and this CPU have */
	BULK_IPSEC_MB, /* libipsec-mb, x86-64 */
	BULK_OPENSSL,  /* libcrypto, everywhere */
	BULK_NULL,     /* copies and writes a zero tag: for measuring everything else */
};

enum {
	BULK_TAG_LEN = 16,
	BULK_LEN_MAX = 65535, /* no datagram holds more */
};

struct bulk_engine;

/* NULL when kind is not in this build or memory is short. */
struct bulk_engine *bulk_create(enum bulk_kind kind);

/* Forgets and frees; engine may be NULL. */
void bulk_destroy(struct bulk_engine *engine);

/*
 * Wipes what the engine and its library keep of the keys used last, in their memory and on the
 * calling thread's stack. To be called when keys of a session have been wiped.
 */
void bulk_forget(struct bulk_engine *engine);

/* "ipsec-mb", "openssl" or "null". */
const char *bulk_name(const struct bulk_engine *engine);

/*
 * Seals len bytes of plain, at most BULK_LEN_MAX, into len + BULK_TAG_LEN bytes at out; nonce as
 * in aead.h, no associated data. out is plain itself or does not overlap it.
 */
void bulk_seal(struct bulk_engine *engine, const struct symmetric_key *key, uint64_t counter,
	const uint8_t *plain, size_t len, uint8_t *out);

/*
 * Opens len + BULK_TAG_LEN bytes at sealed into len bytes at out. False when the tag is wrong;
 * out then holds nothing to be used. out is sealed itself or does not overlap it.
 */
__attribute__((warn_unused_result)) bool bulk_open(struct bulk_engine *engine,
	const struct symmetric_key *key, uint64_t counter, const uint8_t *sealed, size_t len,
	uint8_t *out);

#endif

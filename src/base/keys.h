/*
 * Keys, each kind a type of its own: to pass a public key where a private one belongs does not
 * compile. 32 bytes each, in the byte order of RFC 7748.
 */
#ifndef CULVERT_BASE_KEYS_H
#define CULVERT_BASE_KEYS_H

#include <stdint.h>

enum { KEY_LEN = 32 };

struct public_key {
	uint8_t b[KEY_LEN];
};

struct private_key {
	uint8_t b[KEY_LEN];
};

struct preshared_key {
	uint8_t b[KEY_LEN];
};

/* What two X25519 keys have in common. */
struct shared_secret {
	uint8_t b[KEY_LEN];
};

/* A key of ChaCha20-Poly1305. */
struct symmetric_key {
	uint8_t b[KEY_LEN];
};

#endif

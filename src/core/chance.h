/*
 * Chance as an argument: random bytes for one call that may start, answer or refuse a handshake.
 * Fill it anew from the system's generator for each call; what a call does not need is wasted.
 */
#ifndef CULVERT_CORE_CHANCE_H
#define CULVERT_CORE_CHANCE_H

#include <stdint.h>
#include "bytes.h"
#include "keys.h"
#include "wire.h"

enum { CHANCE_INDICES = 8 };

struct chance {
	struct private_key ephemeral;
	/* Drawn one after the other until one is free: with 2^22 of 2^24 taken, eight fail once in 2^16. */
	struct le32 indices[CHANCE_INDICES];
	uint8_t cookie_secret[32];
	uint8_t nonce[WIRE_NONCE_LEN];
	struct le32 jitter;
};

#endif

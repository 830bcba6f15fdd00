/*
 * The four messages as they stand on the wire (paper, section 5.4), and the one place that tells
 * them apart by type and length. Integers are little-endian.
 */
#ifndef CULVERT_CORE_WIRE_H
#define CULVERT_CORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bytes.h"
#include "keys.h"

enum message_type {
	MESSAGE_NONE = 0, /* not a message of ours */
	MESSAGE_INITIATION = 1,
	MESSAGE_RESPONSE = 2,
	MESSAGE_COOKIE_REPLY = 3,
	MESSAGE_DATA = 4,
};

enum {
	WIRE_TAG_LEN = 16,
	WIRE_MAC_LEN = 16,
	WIRE_TIMESTAMP_LEN = 12,
	WIRE_NONCE_LEN = 24,
	WIRE_COOKIE_LEN = 16,
	INITIATION_LEN = 148,
	RESPONSE_LEN = 92,
	COOKIE_REPLY_LEN = 64,
	DATA_HEADER_LEN = 16,
	/* A data message of n bytes has DATA_OVERHEAD + n; n = 0 is a keepalive. */
	DATA_OVERHEAD = DATA_HEADER_LEN + WIRE_TAG_LEN,
	KEEPALIVE_LEN = DATA_OVERHEAD,
	HANDSHAKE_LEN_MAX = INITIATION_LEN,
	/* mac1 is two macs' length before the end of a message of type 1 or 2, mac2 one. */
	WIRE_MACS_LEN = 2 * WIRE_MAC_LEN,
};

struct wire_macs {
	uint8_t mac1[WIRE_MAC_LEN];
	uint8_t mac2[WIRE_MAC_LEN];
};

struct wire_initiation {
	struct le32 type;
	struct le32 sender;
	uint8_t ephemeral[KEY_LEN];
	uint8_t sealed_static[KEY_LEN + WIRE_TAG_LEN];
	uint8_t sealed_timestamp[WIRE_TIMESTAMP_LEN + WIRE_TAG_LEN];
	struct wire_macs macs;
};

struct wire_response {
	struct le32 type;
	struct le32 sender;
	struct le32 receiver;
	uint8_t ephemeral[KEY_LEN];
	uint8_t sealed_nothing[WIRE_TAG_LEN];
	struct wire_macs macs;
};

struct wire_cookie_reply {
	struct le32 type;
	struct le32 receiver;
	uint8_t nonce[WIRE_NONCE_LEN];
	uint8_t sealed_cookie[WIRE_COOKIE_LEN + WIRE_TAG_LEN];
};

struct wire_data {
	struct le32 type;
	struct le32 receiver;
	struct le64 counter;
};

#define WIRE_AT(type, field, at)                                                                   \
	_Static_assert(offsetof(struct wire_##type, field) == (at), #type "." #field)

_Static_assert(sizeof(struct wire_initiation) == INITIATION_LEN, "initiation");
WIRE_AT(initiation, sender, 4);
WIRE_AT(initiation, ephemeral, 8);
WIRE_AT(initiation, sealed_static, 40);
WIRE_AT(initiation, sealed_timestamp, 88);
WIRE_AT(initiation, macs, 116);
_Static_assert(sizeof(struct wire_response) == RESPONSE_LEN, "response");
WIRE_AT(response, sender, 4);
WIRE_AT(response, receiver, 8);
WIRE_AT(response, ephemeral, 12);
WIRE_AT(response, sealed_nothing, 44);
WIRE_AT(response, macs, 60);
_Static_assert(sizeof(struct wire_cookie_reply) == COOKIE_REPLY_LEN, "cookie reply");
WIRE_AT(cookie_reply, receiver, 4);
WIRE_AT(cookie_reply, nonce, 8);
WIRE_AT(cookie_reply, sealed_cookie, 32);
_Static_assert(sizeof(struct wire_data) == DATA_HEADER_LEN, "data");
WIRE_AT(data, receiver, 4);
WIRE_AT(data, counter, 8);
_Static_assert(sizeof(struct wire_macs) == WIRE_MACS_LEN, "macs");
_Static_assert(_Alignof(struct wire_initiation) == 1 && _Alignof(struct wire_response) == 1 &&
		       _Alignof(struct wire_cookie_reply) == 1 && _Alignof(struct wire_data) == 1,
	"wire structs lie anywhere");

/* What the datagram is by its first four bytes and its length; MESSAGE_NONE: drop it. */
enum message_type wire_classify(const uint8_t *datagram, size_t len);

/* Where the receiver index stands in messages that have one: all but the initiation. */
enum {
	RESPONSE_RECEIVER_AT = offsetof(struct wire_response, receiver),
	OTHER_RECEIVER_AT = offsetof(struct wire_data, receiver),
};

/* True when it begins as a message that names an index of its receiver's. */
bool wire_receiver(const uint8_t *datagram, size_t len, uint32_t *index);

#endif

/*
 * mac1, mac2 and cookies (paper, section 5.4.4 and 5.3). The checker is the device's side: it
 * verifies what came in and makes cookie replies. The maker is a peer's side: it stamps what goes
 * out and keeps the cookie that the peer sent. A message is the whole handshake datagram; its
 * last 32 bytes are the macs.
 */
#ifndef CULVERT_CORE_COOKIE_H
#define CULVERT_CORE_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "blake2s.h"
#include "instant.h"
#include "keys.h"
#include "wire.h"

struct cookie_checker {
	struct hash mac1_key;
	struct symmetric_key cookie_key;
	uint8_t secret[32];
	struct instant secret_born; /* INSTANT_NEVER: none yet */
};

/* Derives both keys from our own public key; the secret is drawn when first needed. */
void cookie_checker_init(struct cookie_checker *checker, const struct public_key *own);

/* Wipes. */
void cookie_checker_fini(struct cookie_checker *checker);

/* True when the message's mac1 is ours; constant time. len is a message's exact length. */
bool cookie_check_mac1(const struct cookie_checker *checker, const uint8_t *message, size_t len);

/*
 * True when mac2 was made with the cookie that source has now (its address and UDP port count);
 * false, too, when there is no secret yet or it is too old.
 */
bool cookie_check_mac2(const struct cookie_checker *checker, const uint8_t *message, size_t len,
	const struct endpoint *source, struct instant now);

/*
 * The cookie reply to a message whose mac1 was good. fresh_secret is taken when the secret is
 * missing or older than COOKIE_SECRET_AGE_NS; nonce is random.
 */
void cookie_create_reply(struct cookie_checker *checker, const uint8_t *message, size_t len,
	const struct endpoint *source, struct instant now, const uint8_t fresh_secret[32],
	const uint8_t nonce[WIRE_NONCE_LEN], struct wire_cookie_reply *reply);

struct cookie_maker {
	struct hash mac1_key;
	struct symmetric_key cookie_key;
	uint8_t cookie[WIRE_COOKIE_LEN];
	struct instant cookie_born; /* INSTANT_NEVER: no cookie */
	uint8_t last_mac1[WIRE_MAC_LEN];
	bool may_accept_reply; /* one reply for each mac1 sent */
};

/* Derives both keys from the peer's public key. */
void cookie_maker_init(struct cookie_maker *maker, const struct public_key *remote);

void cookie_maker_fini(struct cookie_maker *maker);

/* Writes mac1 and, while there is a young cookie, mac2 (else zeros) into the message. */
void cookie_stamp(struct cookie_maker *maker, uint8_t *message, size_t len, struct instant now);

/* Takes the cookie of a reply to the message stamped last; false: not a valid one, no change. */
bool cookie_consume_reply(
	struct cookie_maker *maker, const struct wire_cookie_reply *reply, struct instant now);

#endif

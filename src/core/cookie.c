/* Making and checking mac1, mac2 and cookies; nothing here knows peers or load. */
#include "cookie.h"

#include <string.h>
#include "aead.h"
#include "bytes.h"
#include "ensure.h"
#include "limits.h"
#include "wipe.h"

_Static_assert(WIRE_MAC_LEN == sizeof(struct mac), "a mac is a MAC");
_Static_assert(WIRE_COOKIE_LEN == sizeof(struct mac), "and so is a cookie");
_Static_assert(WIRE_NONCE_LEN == (int)XAEAD_NONCE_LEN, "the nonce of the reply");

enum { LABEL_LEN = 8 };

static const uint8_t label_mac1[LABEL_LEN] = {'m', 'a', 'c', '1', '-', '-', '-', '-'};
static const uint8_t label_cookie[LABEL_LEN] = {'c', 'o', 'o', 'k', 'i', 'e', '-', '-'};

/* The two keys that come of the public key of whoever is to receive. */
static void keys_derive(
	const struct public_key *receiver, struct hash *mac1_key, struct symmetric_key *cookie_key)
{
	struct hash cookie_hash;

	_Static_assert(sizeof(cookie_hash) == sizeof(*cookie_key), "a hash is a key");
	blake2s_hash2(label_mac1, LABEL_LEN, receiver->b, KEY_LEN, mac1_key);
	blake2s_hash2(label_cookie, LABEL_LEN, receiver->b, KEY_LEN, &cookie_hash);
	memcpy(cookie_key->b, cookie_hash.b, KEY_LEN);
	wipe(&cookie_hash, sizeof(cookie_hash));
}

static size_t mac1_at(size_t len)
{
	ENSURE(len == INITIATION_LEN || len == RESPONSE_LEN);
	return len - WIRE_MACS_LEN;
}

static size_t mac2_at(size_t len)
{
	return mac1_at(len) + WIRE_MAC_LEN;
}

static struct mac mac1_make(const struct hash *key, const uint8_t *message, size_t len)
{
	struct mac mac;

	blake2s_mac(key->b, sizeof(key->b), message, mac1_at(len), &mac);
	return mac;
}

static struct mac mac2_make(
	const uint8_t cookie[WIRE_COOKIE_LEN], const uint8_t *message, size_t len)
{
	struct mac mac;

	blake2s_mac(cookie, WIRE_COOKIE_LEN, message, mac2_at(len), &mac);
	return mac;
}

/* The cookie of an address and port under the secret as it is. */
static struct mac cookie_make(const struct cookie_checker *checker, const struct endpoint *source)
{
	uint8_t in[sizeof(source->addr.b) + sizeof(struct be16)];
	struct be16 port = be16_store(source->port);
	size_t addr_len = ip_bytes(source->addr.family);
	struct mac cookie;

	memcpy(in, source->addr.b, addr_len);
	memcpy(in + addr_len, &port, sizeof(port));
	blake2s_mac(checker->secret, sizeof(checker->secret), in, addr_len + sizeof(port), &cookie);
	return cookie;
}

/* Whether what was born then has not yet reached that age; INSTANT_NEVER: there is nothing. */
static bool is_young(struct instant born, struct instant now, uint64_t age_ns)
{
	return born.ns != INSTANT_NEVER.ns && instant_age(now, born) < age_ns;
}

void cookie_checker_init(struct cookie_checker *checker, const struct public_key *own)
{
	keys_derive(own, &checker->mac1_key, &checker->cookie_key);
	memset(checker->secret, 0, sizeof(checker->secret));
	checker->secret_born = INSTANT_NEVER;
}

void cookie_checker_fini(struct cookie_checker *checker)
{
	wipe(checker, sizeof(*checker));
	checker->secret_born = INSTANT_NEVER;
}

bool cookie_check_mac1(const struct cookie_checker *checker, const uint8_t *message, size_t len)
{
	struct mac mac = mac1_make(&checker->mac1_key, message, len);

	return bytes_equal_ct(mac.b, message + mac1_at(len), WIRE_MAC_LEN);
}

bool cookie_check_mac2(const struct cookie_checker *checker, const uint8_t *message, size_t len,
	const struct endpoint *source, struct instant now)
{
	struct mac cookie, mac;

	/* Who has no cookie sends zeros. */
	if (!is_young(checker->secret_born, now, COOKIE_SECRET_AGE_NS) ||
		bytes_zero_ct(message + mac2_at(len), WIRE_MAC_LEN))
		return false;
	cookie = cookie_make(checker, source);
	mac = mac2_make(cookie.b, message, len);
	wipe(&cookie, sizeof(cookie));
	return bytes_equal_ct(mac.b, message + mac2_at(len), WIRE_MAC_LEN);
}

void cookie_create_reply(struct cookie_checker *checker, const uint8_t *message, size_t len,
	const struct endpoint *source, struct instant now, const uint8_t fresh_secret[32],
	const uint8_t nonce[WIRE_NONCE_LEN], struct wire_cookie_reply *reply)
{
	struct mac cookie;

	if (!is_young(checker->secret_born, now, COOKIE_SECRET_AGE_NS)) {
		memcpy(checker->secret, fresh_secret, sizeof(checker->secret));
		checker->secret_born = now;
	}
	cookie = cookie_make(checker, source);
	reply->type = le32_store(MESSAGE_COOKIE_REPLY);
	/* Who is answered: both messages have their sender's index at the same place. */
	_Static_assert(
		offsetof(struct wire_initiation, sender) == offsetof(struct wire_response, sender),
		"sender");
	memcpy(&reply->receiver, message + offsetof(struct wire_initiation, sender),
		sizeof(reply->receiver));
	memcpy(reply->nonce, nonce, WIRE_NONCE_LEN);
	xaead_seal(&checker->cookie_key, nonce, message + mac1_at(len), WIRE_MAC_LEN, cookie.b,
		WIRE_COOKIE_LEN, reply->sealed_cookie);
	wipe(&cookie, sizeof(cookie));
}

void cookie_maker_init(struct cookie_maker *maker, const struct public_key *remote)
{
	*maker = (struct cookie_maker){.cookie_born = INSTANT_NEVER};
	keys_derive(remote, &maker->mac1_key, &maker->cookie_key);
}

void cookie_maker_fini(struct cookie_maker *maker)
{
	wipe(maker, sizeof(*maker));
	maker->cookie_born = INSTANT_NEVER;
}

void cookie_stamp(struct cookie_maker *maker, uint8_t *message, size_t len, struct instant now)
{
	struct mac mac = mac1_make(&maker->mac1_key, message, len);

	memcpy(message + mac1_at(len), mac.b, WIRE_MAC_LEN);
	memcpy(maker->last_mac1, mac.b, WIRE_MAC_LEN);
	maker->may_accept_reply = true;
	if (is_young(maker->cookie_born, now, COOKIE_USE_NS))
		mac = mac2_make(maker->cookie, message, len);
	else
		memset(&mac, 0, sizeof(mac));
	memcpy(message + mac2_at(len), mac.b, WIRE_MAC_LEN);
}

bool cookie_consume_reply(
	struct cookie_maker *maker, const struct wire_cookie_reply *reply, struct instant now)
{
	uint8_t cookie[WIRE_COOKIE_LEN];

	if (!maker->may_accept_reply ||
		!xaead_open(&maker->cookie_key, reply->nonce, maker->last_mac1, WIRE_MAC_LEN,
			reply->sealed_cookie, sizeof(reply->sealed_cookie), cookie))
		return false;
	memcpy(maker->cookie, cookie, sizeof(cookie));
	wipe(cookie, sizeof(cookie));
	maker->cookie_born = now;
	maker->may_accept_reply = false;
	return true;
}

/*
 * The handshake, token by token. A message comes from handshake.c and goes back to it; each line
 * with a lone comment is one token of the Noise pattern
 *     <- s
 *     -> e, es, s, ss, {timestamp}
 *     <- e, ee, se, psk, {}
 */
#include "noise.h"

#include <string.h>
#include "wipe.h"
#include "x25519.h"

/* Mixes the secret of two keys in; false when it is all zero. */
static bool mix_dh(struct transcript *t, const struct private_key *private_key,
	const struct public_key *public_key, struct symmetric_key *key)
{
	struct shared_secret secret;
	bool ok = x25519_shared(private_key, public_key, &secret);

	if (ok)
		transcript_mix_secret(t, &secret, key);
	wipe(&secret, sizeof(secret));
	return ok;
}

bool noise_create_initiation(const struct identity *self, const struct public_key *remote,
	const struct shared_secret *static_static, const struct private_key *ephemeral,
	const struct tai64n *timestamp, struct noise_handshake *handshake,
	struct wire_initiation *message)
{
	struct transcript *t = &handshake->transcript;
	struct public_key ephemeral_public;
	struct symmetric_key key;
	bool ok = false;

	transcript_init(t, remote);
	handshake->ephemeral = *ephemeral;
	x25519_public(ephemeral, &ephemeral_public);
	/* e */
	transcript_mix_ephemeral(t, &ephemeral_public);
	memcpy(message->ephemeral, ephemeral_public.b, sizeof(message->ephemeral));
	/* es */
	if (!mix_dh(t, ephemeral, remote, &key))
		goto out;
	/* s */
	transcript_seal(t, &key, self->public_key.b, KEY_LEN, message->sealed_static);
	/* ss */
	if (bytes_zero_ct(static_static->b, sizeof(static_static->b)))
		goto out;
	transcript_mix_secret(t, static_static, &key);
	/* {timestamp} */
	transcript_seal(t, &key, timestamp->b, sizeof(timestamp->b), message->sealed_timestamp);
	ok = true;
out:
	wipe(&key, sizeof(key));
	return ok;
}

bool noise_open_initiation(const struct identity *self, const struct wire_initiation *message,
	struct noise_handshake *handshake, struct public_key *claimed)
{
	struct transcript *t = &handshake->transcript;
	struct symmetric_key key;
	bool ok;

	memset(handshake, 0, sizeof(*handshake));
	memcpy(handshake->remote_ephemeral.b, message->ephemeral, KEY_LEN);
	transcript_init(t, &self->public_key);
	/* e */
	transcript_mix_ephemeral(t, &handshake->remote_ephemeral);
	/* es, s */
	ok = mix_dh(t, &self->private_key, &handshake->remote_ephemeral, &key) &&
	     transcript_open(
		     t, &key, message->sealed_static, sizeof(message->sealed_static), claimed->b);
	wipe(&key, sizeof(key));
	return ok;
}

bool noise_accept_initiation(struct noise_handshake *handshake,
	const struct shared_secret *static_static, const struct wire_initiation *message,
	struct tai64n *timestamp)
{
	struct transcript *t = &handshake->transcript;
	struct symmetric_key key;
	bool ok;

	/* ss */
	if (bytes_zero_ct(static_static->b, sizeof(static_static->b)))
		return false;
	transcript_mix_secret(t, static_static, &key);
	/* {timestamp} */
	ok = transcript_open(t, &key, message->sealed_timestamp, sizeof(message->sealed_timestamp),
		timestamp->b);
	wipe(&key, sizeof(key));
	return ok;
}

bool noise_create_response(struct noise_handshake *handshake, const struct public_key *remote,
	const struct preshared_key *psk, const struct private_key *ephemeral,
	struct wire_response *message, struct noise_keys *keys)
{
	struct transcript *t = &handshake->transcript;
	struct public_key ephemeral_public;
	struct symmetric_key key;

	x25519_public(ephemeral, &ephemeral_public);
	/* e */
	transcript_mix_ephemeral(t, &ephemeral_public);
	memcpy(message->ephemeral, ephemeral_public.b, sizeof(message->ephemeral));
	/* ee, se */
	if (!mix_dh(t, ephemeral, &handshake->remote_ephemeral, NULL) ||
		!mix_dh(t, ephemeral, remote, NULL))
		return false;
	/* psk */
	transcript_mix_preshared(t, psk, &key);
	/* {} */
	transcript_seal(t, &key, NULL, 0, message->sealed_nothing);
	wipe(&key, sizeof(key));
	transcript_split(t, &keys->receive, &keys->send);
	return true;
}

bool noise_consume_response(const struct identity *self, struct noise_handshake *handshake,
	const struct preshared_key *psk, const struct wire_response *message,
	struct noise_keys *keys)
{
	struct transcript *t = &handshake->transcript;
	struct public_key remote_ephemeral;
	struct symmetric_key key;
	uint8_t nothing[1];
	bool ok;

	memcpy(remote_ephemeral.b, message->ephemeral, KEY_LEN);
	/* e */
	transcript_mix_ephemeral(t, &remote_ephemeral);
	/* ee, se */
	if (!mix_dh(t, &handshake->ephemeral, &remote_ephemeral, NULL) ||
		!mix_dh(t, &self->private_key, &remote_ephemeral, NULL))
		return false;
	/* psk */
	transcript_mix_preshared(t, psk, &key);
	/* {} */
	ok = transcript_open(
		t, &key, message->sealed_nothing, sizeof(message->sealed_nothing), nothing);
	wipe(&key, sizeof(key));
	if (ok)
		transcript_split(t, &keys->send, &keys->receive);
	return ok;
}

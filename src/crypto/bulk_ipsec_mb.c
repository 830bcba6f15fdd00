/*
 * Packets through libipsec-mb, one job at a time: each is done when submitting it returns. (The
 * library's direct calls, init, update and finalize, take 15 to 40 ns longer at every length.) The
 * library computes the tag; comparing it is left to its user, here.
 */
#include "bulk_ops.h"

#include <intel-ipsec-mb.h>
#include "bulk.h"
#include "ensure.h"
#include "wipe.h"

static void *ipsec_mb_create(void)
{
	IMB_MGR *mgr = alloc_mb_mgr(0);

	if (!mgr)
		return NULL;
	init_mb_mgr_auto(mgr, NULL);
	if (imb_get_errno(mgr) != 0) {
		free_mb_mgr(mgr);
		return NULL;
	}
	return mgr;
}

static void ipsec_mb_destroy(void *self)
{
	free_mb_mgr(self);
}

/* Jobs hold addresses of keys; the library wipes stack and registers after each of them. */
static void ipsec_mb_forget(void *self)
{
	(void)self;
}

/* Runs the cipher over len bytes and leaves the tag that belongs to the ciphertext. */
static void run_job(IMB_MGR *mgr, IMB_CIPHER_DIRECTION direction, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *in, size_t len, uint8_t *out,
	uint8_t tag[BULK_TAG_LEN])
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);

	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->cipher_direction = direction;
	job->chain_order =
		direction == IMB_DIR_ENCRYPT ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->enc_keys = key->b;
	job->dec_keys = key->b;
	job->key_len_in_bytes = KEY_LEN;
	job->iv = (const uint8_t *)nonce;
	job->iv_len_in_bytes = sizeof(*nonce);
	job->u.CHACHA20_POLY1305.aad = NULL;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
	job->src = in;
	job->dst = out;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = len;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = BULK_TAG_LEN;

	/* The arguments are right by construction; to have them checked costs 10 ns a packet. */
	job = IMB_SUBMIT_JOB_NOCHECK(mgr);
	ENSURE(job && job->status == IMB_STATUS_COMPLETED);
}

static void ipsec_mb_seal(void *self, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *plain, size_t len, uint8_t *out)
{
	run_job(self, IMB_DIR_ENCRYPT, key, nonce, plain, len, out, out + len);
}

static bool ipsec_mb_open(void *self, const struct symmetric_key *key,
	const struct aead_nonce *nonce, const uint8_t *sealed, size_t len, uint8_t *out)
{
	uint8_t tag[BULK_TAG_LEN];

	run_job(self, IMB_DIR_DECRYPT, key, nonce, sealed, len, out, tag);
	return bytes_equal_ct(tag, sealed + len, BULK_TAG_LEN);
}

const struct bulk_ops bulk_ops_ipsec_mb = {
	.name = "ipsec-mb",
	.create = ipsec_mb_create,
	.destroy = ipsec_mb_destroy,
	.forget = ipsec_mb_forget,
	.seal = ipsec_mb_seal,
	.open = ipsec_mb_open,
};

/*
 * The device: who we are, our peers, and the tables that find them. Everything lies in one block
 * of memory that the caller donates; links are offsets and slot numbers, so the block may be
 * mapped elsewhere. One thread at a time.
 */
#ifndef CULVERT_CORE_DEVICE_H
#define CULVERT_CORE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "allowedips.h"
#include "chance.h"
#include "cookie.h"
#include "index.h"
#include "indexmark.h"
#include "peer.h"
#include "ratelimit.h"
#include "siphash.h"
#include "verdict.h"

struct device_limits {
	uint32_t peers_max;    /* 1..PEERS_MAX */
	uint32_t prefixes_max; /* allowed IPs in all */
	uint32_t sources_max;  /* of the rate limiter */
};

struct device {
	struct device_limits limits;
	bool is_up;
	bool has_identity;
	struct identity identity;
	uint32_t identity_epoch; /* grows when the private key changes */
	struct cookie_checker checker;
	struct siphash_key table_key;
	struct index_mark mark;      /* of all session indices */
	struct instant loaded_until; /* under load before it */

	uint32_t peers_count, peers_used; /* in use; slots ever used */
	uint32_t first_peer, last_peer;   /* in the order they came */
	uint32_t first_free;              /* slot of a removed peer, linked by next */
	uint32_t heap_count;

	uint64_t verdicts[VERDICT_COUNT];
	uint64_t sessions_wiped; /* a cipher that still holds keys used last is to forget them */

	/* Where the tables lie, in bytes from the device. */
	struct {
		size_t peers, sessions, buckets, heap, allowed_ips, indices, sources;
	} at;
};

/* Bytes that a device of these limits needs. */
size_t device_size(const struct device_limits *limits);

/*
 * memory: device_size() zeroed bytes, 64-byte aligned, as from mmap: what is not needed is not
 * touched. The device is down, without identity and peers.
 */
struct device *device_init(
	void *memory, const struct device_limits *limits, const struct chance *chance);

struct peer *device_peer(struct device *device, uint32_t slot);
const struct peer *device_peer_const(const struct device *device, uint32_t slot);
struct session *device_sessions(struct device *device, uint32_t slot);
struct allowedips *device_allowed_ips(struct device *device);
struct index_table *device_indices(struct device *device);
struct ratelimit *device_sources(struct device *device);

/* The peer, or NULL when the slot has another tenant now. */
struct peer *device_peer_by_id(struct device *device, struct peer_id id);

/* The head of the chain of peers that the key belongs to: slot + 1, since zero memory is empty. */
uint32_t *device_bucket(const struct device *device, const struct public_key *key);

/* The slot of the peer with this key, or PEER_NONE. */
uint32_t device_find_peer(const struct device *device, const struct public_key *public_key);

/* Gives the prefix to the peer, from whoever had it; false when there is no room. */
__attribute__((warn_unused_result)) bool device_add_allowed_ip(
	struct device *device, uint32_t slot, const struct ip_prefix *prefix);

/* Takes the prefix from the peer, if it has it. */
void device_remove_allowed_ip(struct device *device, uint32_t slot, const struct ip_prefix *prefix);

void device_clear_allowed_ips(struct device *device, uint32_t slot);

/* Counts and returns it. */
enum verdict device_count(struct device *device, enum verdict verdict);

/* Bytes of UDP payload that the socket took, for the peer if it is still there. */
void device_count_sent(struct device *device, struct peer_id id, uint64_t bytes);

#endif

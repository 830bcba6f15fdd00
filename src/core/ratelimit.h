/*
 * The limit on handshake messages of one source, asked only under load and after mac2 (paper,
 * section 5.3): a bucket for each IPv4 address and each IPv6 /64, in a table of fixed size.
 * Entries idle for a second make room; a full table refuses.
 */
#ifndef CULVERT_CORE_RATELIMIT_H
#define CULVERT_CORE_RATELIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "addr.h"
#include "instant.h"
#include "siphash.h"

struct ratelimit;

size_t ratelimit_size(uint32_t sources_max);

/* memory: ratelimit_size() zeroed bytes, 8-byte aligned. key: random, against chosen collisions. */
struct ratelimit *ratelimit_init(void *memory, uint32_t sources_max, const struct siphash_key *key);

/* True when a message from addr may be served at now; takes its price. */
bool ratelimit_allow(struct ratelimit *limit, const struct ip_addr *addr, struct instant now);

#endif

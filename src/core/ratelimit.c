/*
 * Buckets of the token kind, found by a keyed hash and kept in the order of their last use. The
 * one longest unused gives way when a new source needs a place, if it is idle: so no timer
 * collects, no call looks further than one hash chain, and only a table full of live sources
 * refuses.
 */
#include "ratelimit.h"

#include <string.h>
#include "limits.h"

/* What a bucket holds when full. */
#define RATE_FULL_NS (RATE_BURST * RATE_COST_NS)

_Static_assert(RATE_FULL_NS <= UINT32_MAX, "tokens are 32 bits wide");
_Static_assert(RATE_IDLE_NS > RATE_FULL_NS, "an idle bucket is full: to forget it gives nothing");

/* Whom a bucket is for: an IPv4 address or the first half of an IPv6 one. */
struct source {
	uint8_t family;
	uint8_t net[8];
};

/* Buckets are named by their number plus one, so that in zeroed memory there are none. */
struct bucket {
	struct instant last;
	uint32_t tokens_ns;
	uint32_t chained;      /* next with the same hash */
	uint32_t older, newer; /* by last use */
	struct source source;
};

struct ratelimit {
	struct siphash_key key;
	uint32_t sources_max;
	uint32_t mask;    /* hash heads less one: they are a power of two */
	uint32_t touched; /* buckets that were ever used */
	uint32_t oldest, newest;
	uint32_t reserved;
	struct bucket buckets[]; /* then the hash heads */
};

static size_t heads_for(uint32_t sources)
{
	size_t heads = 1;

	while (heads < sources)
		heads *= 2;
	return heads;
}

static struct bucket *bucket_of(struct ratelimit *limit, uint32_t name)
{
	return &limit->buckets[name - 1];
}

static uint32_t *head_of(struct ratelimit *limit, const struct source *source)
{
	uint32_t *heads = (uint32_t *)(limit->buckets + limit->sources_max);

	return &heads[siphash(&limit->key, source, sizeof(*source)) & limit->mask];
}

static struct source source_of(const struct ip_addr *addr)
{
	struct source source = {.family = addr->family};

	memcpy(source.net, addr->b, addr->family == IP_V4 ? 4 : sizeof(source.net));
	return source;
}

static uint32_t bucket_find(struct ratelimit *limit, const struct source *source)
{
	uint32_t name = *head_of(limit, source);

	while (name != 0 && memcmp(&bucket_of(limit, name)->source, source, sizeof(*source)) != 0)
		name = bucket_of(limit, name)->chained;
	return name;
}

static void age_unlink(struct ratelimit *limit, uint32_t name)
{
	const struct bucket *bucket = bucket_of(limit, name);

	*(bucket->older != 0 ? &bucket_of(limit, bucket->older)->newer : &limit->oldest) =
		bucket->newer;
	*(bucket->newer != 0 ? &bucket_of(limit, bucket->newer)->older : &limit->newest) =
		bucket->older;
}

static void age_append(struct ratelimit *limit, uint32_t name)
{
	struct bucket *bucket = bucket_of(limit, name);

	bucket->older = limit->newest;
	bucket->newer = 0;
	*(limit->newest != 0 ? &bucket_of(limit, limit->newest)->newer : &limit->oldest) = name;
	limit->newest = name;
}

/* Takes the bucket out of everything. */
static void bucket_forget(struct ratelimit *limit, uint32_t name)
{
	uint32_t *at = head_of(limit, &bucket_of(limit, name)->source);

	while (*at != name)
		at = &bucket_of(limit, *at)->chained;
	*at = bucket_of(limit, name)->chained;
	age_unlink(limit, name);
}

/* A bucket that nobody uses, or 0. Idle ones come first, so that memory follows use. */
static uint32_t bucket_take(struct ratelimit *limit, struct instant now)
{
	uint32_t oldest = limit->oldest;

	if (oldest != 0 && instant_age(now, bucket_of(limit, oldest)->last) > RATE_IDLE_NS) {
		bucket_forget(limit, oldest);
		return oldest;
	}
	return limit->touched < limit->sources_max ? ++limit->touched : 0;
}

static uint32_t bucket_create(
	struct ratelimit *limit, const struct source *source, struct instant now)
{
	uint32_t name = bucket_take(limit, now);
	uint32_t *head;

	if (name == 0)
		return 0;
	head = head_of(limit, source);
	*bucket_of(limit, name) = (struct bucket){
		.last = now,
		.tokens_ns = RATE_FULL_NS,
		.chained = *head,
		.source = *source,
	};
	*head = name;
	age_append(limit, name);
	return name;
}

size_t ratelimit_size(uint32_t sources_max)
{
	return sizeof(struct ratelimit) + sources_max * sizeof(struct bucket) +
	       heads_for(sources_max) * sizeof(uint32_t);
}

struct ratelimit *ratelimit_init(void *memory, uint32_t sources_max, const struct siphash_key *key)
{
	struct ratelimit *limit = memory;

	limit->key = *key;
	limit->sources_max = sources_max;
	limit->mask = (uint32_t)(heads_for(sources_max) - 1);
	return limit;
}

bool ratelimit_allow(struct ratelimit *limit, const struct ip_addr *addr, struct instant now)
{
	struct source source = source_of(addr);
	uint32_t name = bucket_find(limit, &source);
	struct bucket *bucket;
	uint64_t age;

	if (name == 0)
		name = bucket_create(limit, &source, now);
	if (name == 0)
		return false;
	bucket = bucket_of(limit, name);
	age = instant_age(now, bucket->last);
	bucket->tokens_ns += (uint32_t)(age < RATE_FULL_NS - bucket->tokens_ns
						? age
						: RATE_FULL_NS - bucket->tokens_ns);
	bucket->last = now;
	age_unlink(limit, name);
	age_append(limit, name);
	if (bucket->tokens_ns < RATE_COST_NS)
		return false;
	bucket->tokens_ns -= (uint32_t)RATE_COST_NS;
	return true;
}

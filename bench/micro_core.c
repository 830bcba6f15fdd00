/* The core's share: handshakes of two devices, routing by address, the replay window. */
#include "micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "allowedips.h"
#include "device.h"
#include "ensure.h"
#include "handshake.h"
#include "lifecycle.h"
#include "members.h"
#include "replay.h"
#include "x25519.h"

/* Later than any limit on how often a peer may start a handshake. */
#define HANDSHAKE_STEP_NS (6 * NS_PER_S)

enum {
	HANDSHAKES = 20, /* a round */
	LOOKUPS = 4096,
	REPLAY_CHECKS = 4096,
};

/* One end; the other's is its only peer. */
struct end {
	struct device *device;
	uint32_t slot;
	struct private_key private_key;
	struct public_key public_key;
	double spent_ns;
};

struct pair {
	struct end initiator, responder;
	struct moment now;
	uint64_t random;
};

static void end_create(struct pair *pair, struct end *end)
{
	static const struct device_limits limits = {
		.peers_max = 8, .prefixes_max = 8, .sources_max = 8};
	size_t size = (device_size(&limits) + 63) / 64 * 64;
	void *memory = aligned_alloc(64, size);
	struct chance chance;

	ENSURE(memory);
	memset(memory, 0, size);
	micro_fill(&pair->random, &chance, sizeof(chance));
	micro_fill(&pair->random, &end->private_key, sizeof(end->private_key));
	end->device = device_init(memory, &limits, &chance);
	device_set_private_key(end->device, &end->private_key);
	x25519_public(&end->private_key, &end->public_key);
	device_set_up(end->device, true, pair->now.at);
}

static void end_meet(struct end *end, const struct end *other)
{
	end->slot = device_add_peer(end->device, &other->public_key);
	ENSURE(end->slot != PEER_NONE);
	device_peer(end->device, end->slot)->endpoint =
		(struct endpoint){.addr = {.family = IP_V4, .b = {192, 0, 2, 1}}, .port = 51820};
}

static void end_destroy(struct end *end)
{
	device_fini(end->device);
	free(end->device);
}

/* Runs and finishes what was prepared; the datagram that comes of it stays in the job. */
static void complete(struct pair *pair, struct end *end, struct handshake_job *job)
{
	struct chance chance;
	unsigned effects;

	do {
		handshake_run(job);
		micro_fill(&pair->random, &chance, sizeof(chance));
		ENSURE(handshake_finish(end->device, job, pair->now, &chance, &effects) ==
			VERDICT_OK);
	} while (effects & EFFECT_RUN_AGAIN);
}

static void receive(struct pair *pair, struct end *end, struct handshake_job *job)
{
	struct handshake_message message = {.len = (uint8_t)job->datagram_len};
	struct wire_cookie_reply reply;
	struct chance chance;

	message.source = device_peer(end->device, end->slot)->endpoint;
	memcpy(message.bytes, job->datagram, job->datagram_len);
	micro_fill(&pair->random, &chance, sizeof(chance));
	ENSURE(handshake_admit(end->device, &message, false, pair->now.at, &chance, &reply) ==
		VERDICT_OK);
	ENSURE(handshake_prepare_message(end->device, &message, pair->now.at, job) == VERDICT_OK);
	complete(pair, end, job);
}

static void initiate(struct pair *pair, struct end *end, struct handshake_job *job)
{
	struct chance chance;

	micro_fill(&pair->random, &chance, sizeof(chance));
	ENSURE(handshake_prepare_initiation(
		       end->device, end->slot, false, pair->now, &chance, job) == VERDICT_OK);
	complete(pair, end, job);
}

static void shake_hands(struct pair *pair)
{
	struct handshake_job job = {0};
	double start = micro_now_ns(), middle, last;

	initiate(pair, &pair->initiator, &job);
	middle = micro_now_ns();
	receive(pair, &pair->responder, &job);
	last = micro_now_ns();
	receive(pair, &pair->initiator, &job);
	pair->initiator.spent_ns += middle - start + (micro_now_ns() - last);
	pair->responder.spent_ns += last - middle;
	handshake_job_fini(&job);
	pair->now.at = instant_after(pair->now.at, HANDSHAKE_STEP_NS);
	pair->now.wall.sec += HANDSHAKE_STEP_NS / NS_PER_S;
}

static void print_side(const char *name, double *values, size_t rounds)
{
	double ns = micro_median(values, rounds);

	printf("%-44s%12.1f  (%.0f a second and core)\n", name, ns, 1e9 / ns);
}

void micro_handshakes(size_t rounds)
{
	static double values[2][MICRO_ROUNDS_MAX];
	struct pair pair = {.now = {.at = {NS_PER_S}, .wall = {.sec = 1000000000}}};

	end_create(&pair, &pair.initiator);
	end_create(&pair, &pair.responder);
	end_meet(&pair.initiator, &pair.responder);
	end_meet(&pair.responder, &pair.initiator);
	for (size_t round = 0; round < rounds; round++) {
		pair.initiator.spent_ns = pair.responder.spent_ns = 0;
		for (int i = 0; i < HANDSHAKES; i++)
			shake_hands(&pair);
		values[0][round] = pair.initiator.spent_ns / HANDSHAKES;
		values[1][round] = pair.responder.spent_ns / HANDSHAKES;
	}
	print_side("handshake, initiator's side", values[0], rounds);
	print_side("handshake, responder's side", values[1], rounds);
	end_destroy(&pair.initiator);
	end_destroy(&pair.responder);
}

struct routes {
	struct allowedips *table;
	uint8_t family;
	struct ip_addr wanted[LOOKUPS];
};

static void lookup(void *context, uint64_t times)
{
	const struct routes *routes = context;
	uint32_t found = 0;

	for (uint64_t i = 0; i < times; i++) {
		const uint8_t *address = routes->wanted[i % LOOKUPS].b;

		found |= routes->family == IP_V4 ? allowedips_lookup_v4(routes->table, address)
						 : allowedips_lookup_v6(routes->table, address);
	}
	ENSURE(found != ALLOWEDIPS_NONE);
}

/* Random prefixes, and as many addresses that some of them hold. */
static void fill_routes(struct routes *routes, uint32_t count)
{
	struct allowedips_list list = ALLOWEDIPS_LIST_INIT;
	uint8_t bits_max = ip_bits_max(routes->family);
	uint64_t random = count;

	for (uint32_t i = 0; i < count || i < LOOKUPS; i++) {
		struct ip_prefix prefix = {.addr.family = routes->family};

		if (i < count) {
			micro_fill(&random, prefix.addr.b, ip_bytes(routes->family));
			prefix.bits = (uint8_t)(bits_max - micro_random(&random) % (bits_max / 4));
			if (i < LOOKUPS)
				routes->wanted[i] = prefix.addr;
			ENSURE(allowedips_insert(routes->table, &prefix, 0, &list));
		} else {
			routes->wanted[i] = routes->wanted[micro_random(&random) % count];
		}
	}
}

static void measure_routes(uint8_t family, uint32_t count, size_t rounds)
{
	struct routes *routes = calloc(1, sizeof(*routes));
	void *memory = calloc(1, allowedips_size(count + 1));
	char name[64];

	ENSURE(routes && memory);
	routes->table = allowedips_init(memory, count + 1);
	routes->family = family;
	fill_routes(routes, count);
	snprintf(name, sizeof(name), "allowed IPs: IPv%u lookup among %u", family, count);
	micro_measure(name, lookup, routes, LOOKUPS, rounds);
	free(memory);
	free(routes);
}

void micro_allowed_ips(size_t rounds)
{
	static const uint32_t counts[] = {1, 1000, 100000};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		measure_routes(IP_V4, counts[i], rounds);
		measure_routes(IP_V6, counts[i], rounds);
	}
}

struct window {
	struct replay replay;
	uint64_t counter;
	uint64_t disorder; /* counters come with these bits turned over */
};

static void accept(void *context, uint64_t times)
{
	struct window *window = context;

	for (uint64_t i = 0; i < times; i++)
		ENSURE(replay_accept(&window->replay, window->counter++ ^ window->disorder));
}

void micro_replay(size_t rounds)
{
	struct window straight = {.disorder = 0}, mixed = {.disorder = 63};

	replay_init(&straight.replay);
	replay_init(&mixed.replay);
	micro_measure("replay window: accept, in order", accept, &straight, REPLAY_CHECKS, rounds);
	micro_measure(
		"replay window: accept, each 64 backwards", accept, &mixed, REPLAY_CHECKS, rounds);
}

/*
 * Two devices, a and b, that know each other, and the steps of a handshake between them one by
 * one, for tests of the state machine. Chance is a counter's; time stands until a test moves it.
 */
#ifndef CULVERT_TESTS_DUO_H
#define CULVERT_TESTS_DUO_H

#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include "device.h"
#include "handshake.h"
#include "lifecycle.h"
#include "limits.h"
#include "members.h"

struct duo {
	struct device *a, *b; /* the other is peer 0 of each */
	struct moment now;
	uint64_t chance_count;
};

static const struct device_limits duo_limits = {
	.peers_max = 4, .prefixes_max = 16, .sources_max = 16};

static inline struct chance duo_chance(struct duo *d)
{
	struct chance chance;

	for (size_t i = 0; i < sizeof(chance); i++) {
		uint64_t z = ++d->chance_count * 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		((uint8_t *)&chance)[i] = (uint8_t)(z >> 40);
	}
	return chance;
}

static inline struct private_key duo_private_key(uint8_t number)
{
	struct private_key key;

	memset(key.b, number, sizeof(key.b));
	return key;
}

/* Up, with private key number `number`, without peers. */
static inline struct device *duo_device(struct duo *d, uint8_t number)
{
	struct chance chance = duo_chance(d);
	struct private_key key = duo_private_key(number);
	size_t size = device_size(&duo_limits);
	void *memory = aligned_alloc(64, size);
	struct device *device;

	assert_non_null(memory);
	memset(memory, 0, size);
	device = device_init(memory, &duo_limits, &chance);
	device_set_private_key(device, &key);
	device_set_up(device, true, d->now.at);
	return device;
}

static inline struct endpoint duo_endpoint(uint8_t number)
{
	return (struct endpoint){
		.addr = {.family = IP_V4, .b = {192, 0, 2, number}}, .port = 51820};
}

/* With allowed IP 10.0.0.`number`/32 and an endpoint of that number. */
static inline uint32_t duo_add_peer(
	struct device *device, const struct public_key *key, uint8_t number)
{
	const struct ip_prefix prefix = {
		.addr = {.family = IP_V4, .b = {10, 0, 0, number}}, .bits = 32};
	uint32_t slot = device_add_peer(device, key);

	assert_int_not_equal(slot, PEER_NONE);
	device_peer(device, slot)->endpoint = duo_endpoint(number);
	assert_true(device_add_allowed_ip(device, slot, &prefix));
	return slot;
}

static inline void duo_init(struct duo *d)
{
	*d = (struct duo){.now = {{1000 * NS_PER_S}, {1700000000, 0}}};
	d->a = duo_device(d, 1);
	d->b = duo_device(d, 2);
	assert_int_equal(duo_add_peer(d->a, &d->b->identity.public_key, 2), 0);
	assert_int_equal(duo_add_peer(d->b, &d->a->identity.public_key, 1), 0);
}

static inline void duo_fini(struct duo *d)
{
	device_fini(d->a);
	device_fini(d->b);
	free(d->a);
	free(d->b);
}

static inline void duo_pass(struct duo *d, uint64_t ns)
{
	d->now.at = instant_after(d->now.at, ns);
	d->now.wall.sec += ns / NS_PER_S;
}

static inline enum verdict duo_prepare(
	struct duo *d, struct device *from, bool is_retry, struct handshake_job *job)
{
	struct chance chance = duo_chance(d);

	memset(job, 0, sizeof(*job));
	return handshake_prepare_initiation(from, 0, is_retry, d->now, &chance, job);
}

static inline enum verdict duo_finish(
	struct duo *d, struct device *at, struct handshake_job *job, unsigned *effects)
{
	struct chance chance = duo_chance(d);

	return handshake_finish(at, job, d->now, &chance, effects);
}

/* Run and finish, as often as the job wants. */
static inline enum verdict duo_run(
	struct duo *d, struct device *at, struct handshake_job *job, unsigned *effects)
{
	enum verdict verdict;

	do {
		handshake_run(job);
		verdict = duo_finish(d, at, job, effects);
	} while (*effects & EFFECT_RUN_AGAIN);
	return verdict;
}

/* The datagram of a job, as it arrives from endpoint number `number`. */
static inline struct handshake_message duo_message(const struct handshake_job *job, uint8_t number)
{
	struct handshake_message message = {
		.source = duo_endpoint(number), .len = (uint8_t)job->datagram_len};

	memcpy(message.bytes, job->datagram, job->datagram_len);
	return message;
}

static inline enum verdict duo_receive(struct duo *d, struct device *at,
	const struct handshake_message *message, struct handshake_job *job, unsigned *effects)
{
	enum verdict verdict;

	memset(job, 0, sizeof(*job));
	*effects = EFFECT_NONE;
	verdict = handshake_prepare_message(at, message, d->now.at, job);
	return verdict == VERDICT_OK ? duo_run(d, at, job, effects) : verdict;
}

/* a's initiation, as b receives it. */
static inline struct handshake_message duo_initiation(struct duo *d)
{
	struct handshake_job job;
	unsigned effects;

	assert_int_equal(duo_prepare(d, d->a, false, &job), VERDICT_OK);
	assert_int_equal(duo_run(d, d->a, &job, &effects), VERDICT_OK);
	assert_int_equal(effects, EFFECT_SEND);
	return duo_message(&job, 1);
}

/* b's response to it, as a receives it. */
static inline struct handshake_message duo_response(
	struct duo *d, const struct handshake_message *initiation)
{
	struct handshake_job job;
	unsigned effects;

	assert_int_equal(duo_receive(d, d->b, initiation, &job, &effects), VERDICT_OK);
	assert_int_equal(effects, EFFECT_SEND);
	return duo_message(&job, 2);
}

/* a has a session, b has one that waits for its first packet. */
static inline void duo_handshake(struct duo *d)
{
	struct handshake_message initiation = duo_initiation(d);
	struct handshake_message response = duo_response(d, &initiation);
	struct handshake_job job;
	unsigned effects;

	assert_int_equal(duo_receive(d, d->a, &response, &job, &effects), VERDICT_OK);
	assert_int_equal(effects, EFFECT_FLUSH | EFFECT_KEEPALIVE);
}

static inline struct session *duo_current(struct device *device)
{
	const struct peer *peer = device_peer(device, 0);

	assert_int_not_equal(peer->keyring.current, SESSION_NONE);
	return &device_sessions(device, 0)[peer->keyring.current];
}

/* mac1 made good again after a test changed the message. */
static inline void duo_stamp(struct handshake_message *message, const struct device *receiver)
{
	struct cookie_maker maker;

	cookie_maker_init(&maker, &receiver->identity.public_key);
	cookie_stamp(&maker, message->bytes, message->len, (struct instant){0});
}

#endif

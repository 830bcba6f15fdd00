/*
 * Faults that other implementations of the protocol had, each by its name: what happens here when
 * the same thing happens.
 */
#include "sim.h"
#include <string.h>
#include "inbound.h"
#include "lifecycle.h"
#include "wire.h"

enum { SECOND = 1000 };

static struct sim *begin(const char *test, unsigned hosts)
{
	struct sim *sim = sim_create(seeded_start(test).state, hosts);

	for (unsigned i = 1; i < hosts; i++)
		sim_join(sim, 0, i, true);
	return sim;
}

static void establish(struct sim *sim, unsigned from, unsigned to)
{
	SIM_ENSURE(sim, sim_run(sim, 6 * SECOND, (int64_t)sim_send(sim, from, to, 64)));
}

static uint64_t sent(const struct sim *sim, unsigned host, enum message_type type)
{
	return sim->hosts[host].sent[type];
}

/* Keeps the last message of one type that passed, and drops it if told so. */
struct tap {
	enum message_type type;
	bool drops;
	struct sim_datagram last;
};

static bool tap(const struct sim_datagram *datagram, void *arg)
{
	struct tap *t = arg;

	if (wire_classify(datagram->bytes, datagram->len) != t->type)
		return false;
	t->last = *datagram;
	return t->drops;
}

static void listen_for(struct sim *sim, struct tap *t)
{
	sim->network.drop = tap;
	sim->network.drop_arg = t;
}

static void again(struct sim *sim, const struct sim_datagram *datagram)
{
	sim_transmit(sim, &datagram->source, &datagram->destination, datagram->ecn, datagram->bytes,
		datagram->len);
}

/* Whoever saw the initiation can name its index, and make a mac1 of public keys. */
static void a_forged_response_does_not_clear_the_pending_handshake(void **state)
{
	struct sim *sim = begin(__func__, 2);
	struct tap t = {.type = MESSAGE_RESPONSE, .drops = true};
	struct sim_datagram real, forged;
	struct cookie_maker maker;
	size_t packet;

	(void)state;
	listen_for(sim, &t);
	packet = sim_send(sim, 0, 1, 64);
	sim_run(sim, 100, SIM_EVER);
	SIM_ENSURE(sim, t.last.len == RESPONSE_LEN && sim_peer(sim, 0, 1)->has_handshake);
	t.drops = false;
	real = t.last;
	for (size_t at = offsetof(struct wire_response, ephemeral);
		at < offsetof(struct wire_response, macs); at += 8) {
		forged = real;
		forged.bytes[at] ^= 0x10;
		cookie_maker_init(&maker, &sim->hosts[0].device->identity.public_key);
		cookie_stamp(&maker, forged.bytes, RESPONSE_LEN, sim->now);
		again(sim, &forged);
		sim_run(sim, 20, SIM_EVER);
		SIM_ENSURE(sim, sim_peer(sim, 0, 1)->has_handshake);
	}
	SIM_ENSURE(sim, sim->hosts[0].device->verdicts[VERDICT_BAD_HANDSHAKE] == 6);
	again(sim, &real);
	SIM_ENSURE(sim, sim_run(sim, 100, (int64_t)packet));
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 1);
	sim_destroy(sim);
}

/* 10.0.0.0/24 is host 1's, 10.0.0.2/32 in it host 2's: host 1 may not speak for host 2. */
static void the_source_check_is_a_longest_prefix_match(void **state)
{
	struct sim *sim = begin(__func__, 3);
	struct ip_prefix wide = {.addr = {.family = IP_V4, .b = {10}}, .bits = 24};
	struct endpoint before;
	size_t stolen;

	(void)state;
	SIM_ENSURE(sim, device_add_allowed_ip(sim->hosts[0].device, sim_slot(sim, 0, 1), &wide));
	establish(sim, 1, 0);
	establish(sim, 2, 0);
	before = sim_peer(sim, 0, 1)->endpoint;
	sim_move(sim, 1);
	stolen = sim_send_as(sim, 1, 2, 0, 64);
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, !sim_arrived(sim, stolen));
	SIM_ENSURE(sim, sim->hosts[0].device->verdicts[VERDICT_WRONG_SOURCE] == 1);
	/* It was genuine, though: its sender is where it came from. */
	SIM_ENSURE(sim, !endpoint_same_remote(&before, &sim_peer(sim, 0, 1)->endpoint));
	SIM_ENSURE(
		sim, endpoint_same_remote(&sim->hosts[1].address, &sim_peer(sim, 0, 1)->endpoint));
	/* An address in the wide prefix alone would be host 1's: 10.0.0.3. */
	sim_send_as(sim, 1, 3, 0, 64);
	SIM_ENSURE(sim, sim->hosts[0].device->verdicts[VERDICT_WRONG_SOURCE] == 1);
	sim_destroy(sim);
}

/* Every length up to the buffer's, of each type, with an index that is known. */
static void datagrams_of_any_size_do_no_harm(void **state)
{
	struct sim *sim = begin(__func__, 2);
	const struct peer *peer = sim_peer(sim, 1, 0);
	uint8_t bytes[SIM_DATAGRAM_MAX];

	(void)state;
	establish(sim, 0, 1);
	memset(bytes, 0x5a, sizeof(bytes));
	for (uint8_t type = 0; type < 6; type++) {
		struct le32 receiver =
			le32_store(device_sessions(sim->hosts[1].device, 0)[peer->keyring.current]
					   .local_index);

		memcpy(bytes, (uint8_t[]){type, 0, 0, 0}, 4);
		memcpy(bytes + 4, &receiver, sizeof(receiver));
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			sim_transmit(
				sim, &sim->hosts[0].address, &sim->hosts[1].address, 0, bytes, len);
			sim_run(sim, 2, SIM_EVER);
		}
	}
	establish(sim, 0, 1);
	sim_destroy(sim);
}

/* The largest datagrams there can be: 65,535 bytes that are data for a known key. */
static void an_oversized_datagram_is_only_refused(void **state)
{
	static uint8_t bytes[BULK_LEN_MAX];
	static const size_t lens[] = {2000, 65507, BULK_LEN_MAX};
	struct sim *sim = begin(__func__, 2);
	struct wire_data *header = (void *)bytes;
	struct device *device = sim->hosts[1].device;
	struct inbound_run run;
	size_t len;

	(void)state;
	establish(sim, 0, 1);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		header->type = le32_store(MESSAGE_DATA);
		header->receiver = le32_store(
			device_sessions(device, 0)[device_peer(device, 0)->keyring.current]
				.local_index);
		header->counter = le64_store(UINT64_MAX);
		SIM_ENSURE(sim, wire_classify(bytes, lens[i]) == MESSAGE_DATA);
		SIM_ENSURE(sim, inbound_prepare(device, bytes, sim->now, &run) == VERDICT_OK);
		SIM_ENSURE(sim, !inbound_open(sim->engine, &run, bytes, lens[i]));
		SIM_ENSURE(sim, inbound_accept(device, &run, false, bytes, lens[i], 0, &len) ==
					VERDICT_BAD_TAG);
		SIM_ENSURE(sim, inbound_finish(device, &run, &sim->hosts[0].address,
					sim_moment(sim, &sim->hosts[1])) == EFFECT_NONE);
	}
	establish(sim, 0, 1);
	sim_destroy(sim);
}

/* Two hosts behind one address of a NAT, told apart by their ports, do not share a cookie. */
static void a_cookie_is_bound_to_address_and_port(void **state)
{
	struct sim *sim = begin(__func__, 2);
	struct tap t = {.type = MESSAGE_INITIATION};
	struct sim_datagram real, copy;
	uint64_t replies;

	(void)state;
	sim->hosts[1].is_busy = true;
	listen_for(sim, &t);
	sim_send(sim, 0, 1, 64);
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_COOKIE_REPLY) == 1);
	/* The retry carries the cookie; nobody else can use it. */
	t.drops = true;
	sim_run(sim, 5 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 2);
	t.drops = false;
	real = t.last;
	for (unsigned i = 0; i < 2; i++) {
		replies = sent(sim, 1, MESSAGE_COOKIE_REPLY);
		copy = real;
		copy.source.port ^= i == 0;
		copy.source.addr.b[3] ^= i == 1 ? 4 : 0;
		again(sim, &copy);
		sim_run(sim, 50, SIM_EVER);
		SIM_ENSURE(sim, sent(sim, 1, MESSAGE_COOKIE_REPLY) == replies + 1);
		SIM_ENSURE(sim, sent(sim, 1, MESSAGE_RESPONSE) == 0);
	}
	again(sim, &real);
	sim_run(sim, 50, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_RESPONSE) == 1);
	sim_destroy(sim);
}

/* No endpoint, timer or byte count moves for one; the retry comes in its own time. */
static void a_cookie_reply_changes_nothing_else(void **state)
{
	struct sim *sim = begin(__func__, 2);
	struct peer before;
	const struct peer *peer = sim_peer(sim, 0, 1);
	struct tap t = {.type = MESSAGE_COOKIE_REPLY, .drops = true};

	(void)state;
	sim->hosts[1].is_busy = true;
	listen_for(sim, &t);
	sim_send(sim, 0, 1, 64);
	sim_run(sim, 100, SIM_EVER);
	t.drops = false;
	before = *peer;
	t.last.source.port++;
	again(sim, &t.last);
	sim_run(sim, 100, SIM_EVER);
	SIM_ENSURE(sim, !peer->cookie.may_accept_reply);
	SIM_ENSURE(sim, memcmp(&before.endpoint, &peer->endpoint, sizeof(before.endpoint)) == 0);
	SIM_ENSURE(sim, memcmp(&before.timers, &peer->timers, sizeof(before.timers)) == 0);
	SIM_ENSURE(sim, before.received_bytes == peer->received_bytes);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 1);
	sim_destroy(sim);
}

/* Under load all goes on, one round trip later; other sources do not matter. */
static void a_busy_host_is_still_reached(void **state)
{
	struct sim *sim = begin(__func__, 3);

	(void)state;
	sim->hosts[0].is_busy = true;
	establish(sim, 1, 0);
	establish(sim, 2, 0);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_COOKIE_REPLY) == 2);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_INITIATION) == 2);
	sim_destroy(sim);
}

/* Counters whose lower 32 bits look old or new when the rest is cut off. */
static void the_replay_window_counts_in_64_bits(void **state)
{
	static const struct {
		uint64_t counter;
		enum verdict verdict;
	} steps[] = {
		{0x00000000ffffffff, VERDICT_OK},
		{0x0000000100000000, VERDICT_OK},
		{0x0000000100000000, VERDICT_REPLAYED},
		{0x00000000ffffffff, VERDICT_REPLAYED},
		{0x00000000fffffffe, VERDICT_OK},
		{0x0000000000000001, VERDICT_REPLAYED},
		{0x0000000200000000, VERDICT_OK},
		{0x0000000100000001, VERDICT_REPLAYED},
		{0x8000000000000000, VERDICT_OK},
		{0x8000000000000000 - REPLAY_WINDOW, VERDICT_OK},
		{0x8000000000000000 - REPLAY_WINDOW - 1, VERDICT_REPLAYED},
		{0x0000000200000001, VERDICT_REPLAYED},
	};
	struct sim *sim = begin(__func__, 2);
	struct device *device = sim->hosts[1].device;
	struct inbound_run run;
	uint8_t bytes[KEEPALIVE_LEN] = {MESSAGE_DATA};
	struct wire_data *header = (void *)bytes;
	size_t len;

	(void)state;
	establish(sim, 0, 1);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		header->receiver = le32_store(
			device_sessions(device, 0)[device_peer(device, 0)->keyring.current]
				.local_index);
		header->counter = le64_store(steps[i].counter);
		SIM_ENSURE(sim, inbound_prepare(device, bytes, sim->now, &run) == VERDICT_OK);
		SIM_ENSURE(sim, inbound_accept(device, &run, true, bytes, sizeof(bytes), 0, &len) ==
					steps[i].verdict);
	}
	sim_destroy(sim);
}

/* One packet, one keepalive in answer after 10 s; then an hour of silence. */
static void keepalives_do_not_answer_keepalives(void **state)
{
	struct sim *sim = begin(__func__, 2);

	(void)state;
	establish(sim, 0, 1);
	sim_run(sim, 9 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_DATA) + sent(sim, 1, MESSAGE_DATA) == 1);
	sim_run(sim, 2 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_DATA) == 1);
	sim_run(sim, 3600 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_DATA) + sent(sim, 1, MESSAGE_DATA) == 2);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) + sent(sim, 1, MESSAGE_INITIATION) == 1);
	sim_destroy(sim);
}

/* With no packet waiting the initiator still confirms, or the responder could not send. */
static void the_initiator_confirms_with_a_keepalive(void **state)
{
	struct sim *sim = begin(__func__, 2);

	(void)state;
	device_set_persistent(sim->hosts[0].device, sim_slot(sim, 0, 1), 25, sim->now);
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_DATA) == 1);
	SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 1, 0, 64)));
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_INITIATION) == 0);
	sim_destroy(sim);
}

/* The responder has keys, but nobody proved to have them, too. */
static void the_responder_does_not_send_before_it_is_confirmed(void **state)
{
	struct sim *sim = begin(__func__, 2);
	struct tap t = {.type = MESSAGE_DATA, .drops = true};
	size_t back;

	(void)state;
	listen_for(sim, &t);
	sim_send(sim, 0, 1, 64);
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim_peer(sim, 1, 0)->keyring.next != SESSION_NONE);
	back = sim_send(sim, 1, 0, 64);
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_DATA) == 0);
	t.drops = false;
	SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 0, 1, 64)));
	SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)back));
	sim_destroy(sim);
}

/* An old initiation played again, from elsewhere, at any time: no answer, no move. */
static void a_replayed_initiation_moves_nothing(void **state)
{
	struct sim *sim = begin(__func__, 2);
	struct tap t = {.type = MESSAGE_INITIATION};
	struct sim_datagram first;

	(void)state;
	listen_for(sim, &t);
	establish(sim, 0, 1);
	first = t.last;
	first.source.port++;
	for (unsigned i = 0; i < 30; i++) {
		again(sim, &first);
		sim_run(sim, i * SECOND, SIM_EVER);
	}
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_RESPONSE) == 1);
	SIM_ENSURE(
		sim, endpoint_same_remote(&sim_peer(sim, 1, 0)->endpoint, &sim->hosts[0].address));
	SIM_ENSURE(sim, sim->hosts[1].device->verdicts[VERDICT_OLD_TIMESTAMP] == 30);
	sim_destroy(sim);
}

static void a_replayed_packet_does_not_move_the_endpoint(void **state)
{
	struct sim *sim = begin(__func__, 2);
	struct tap t = {.type = MESSAGE_DATA};
	struct sim_datagram copy;

	(void)state;
	listen_for(sim, &t);
	establish(sim, 0, 1);
	copy = t.last;
	copy.source.port++;
	again(sim, &copy);
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim->hosts[1].device->verdicts[VERDICT_REPLAYED] == 1);
	SIM_ENSURE(
		sim, endpoint_same_remote(&sim_peer(sim, 1, 0)->endpoint, &sim->hosts[0].address));
	sim_destroy(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forged_response_does_not_clear_the_pending_handshake),
		cmocka_unit_test(the_source_check_is_a_longest_prefix_match),
		cmocka_unit_test(datagrams_of_any_size_do_no_harm),
		cmocka_unit_test(an_oversized_datagram_is_only_refused),
		cmocka_unit_test(a_cookie_is_bound_to_address_and_port),
		cmocka_unit_test(a_cookie_reply_changes_nothing_else),
		cmocka_unit_test(a_busy_host_is_still_reached),
		cmocka_unit_test(the_replay_window_counts_in_64_bits),
		cmocka_unit_test(keepalives_do_not_answer_keepalives),
		cmocka_unit_test(the_initiator_confirms_with_a_keepalive),
		cmocka_unit_test(the_responder_does_not_send_before_it_is_confirmed),
		cmocka_unit_test(a_replayed_initiation_moves_nothing),
		cmocka_unit_test(a_replayed_packet_does_not_move_the_endpoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

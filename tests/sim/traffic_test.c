/* Tunnels in everyday life: hours of traffic, renewed keys, silence, blackouts, moves, clocks. */
#include "sim.h"
#include "lifecycle.h"
#include "tick.h"
#include "wire.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

static struct sim *two_hosts(const char *test)
{
	struct sim *sim = sim_create(seeded_start(test).state, 2);

	sim->network.delay_min = 5;
	sim->network.delay_max = 40; /* more than the pause between packets: they overtake */
	sim_join(sim, 0, 1, true);
	return sim;
}

static uint64_t sent(const struct sim *sim, unsigned host, enum message_type type)
{
	return sim->hosts[host].sent[type];
}

static void establish(struct sim *sim, unsigned from, unsigned to)
{
	SIM_ENSURE(sim, sim_run(sim, 2 * SECOND, (int64_t)sim_send(sim, from, to, 64)));
}

static void an_hour_of_traffic_loses_nothing(void **state)
{
	struct sim *sim = two_hosts(__func__);
	uint64_t first, second;

	(void)state;
	for (unsigned i = 0; i < 30 * 3600; i++) {
		sim_send(sim, i % 2, 1 - i % 2, 64 + i % 300);
		sim_run(sim, 33, SIM_EVER);
	}
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim->delivered_count == sim->packets_count);
	/* A key lives 120 s; the first two may have crossed, then one end is the initiator. */
	first = sent(sim, 0, MESSAGE_INITIATION);
	second = sent(sim, 1, MESSAGE_INITIATION);
	SIM_ENSURE(sim, first + second >= 30 && first + second <= 31);
	SIM_ENSURE(sim, first <= 1 || second <= 1);
	sim_destroy(sim);
}

/* Both begin in the same instant and go on without a pause. */
static void two_that_began_together_lose_nothing(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	for (unsigned i = 0; i < 10 * 900; i++) {
		sim_send(sim, 0, 1, 100);
		sim_send(sim, 1, 0, 100);
		sim_run(sim, 100, SIM_EVER);
	}
	sim_run(sim, SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim->delivered_count == sim->packets_count);
	sim_destroy(sim);
}

/* Data one way: the sender initiated, so its first packet after 120 s renews the key. */
static void the_initiator_renews_on_send(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	for (unsigned s = 0; s < 300; s++) {
		sim_send(sim, 0, 1, 64);
		sim_run(sim, SECOND, SIM_EVER);
		SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == (s < 121          ? 1
									    : s < 242 ? 2
										      : 3));
	}
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_INITIATION) == 0);
	SIM_ENSURE(sim, sim->delivered_count == sim->packets_count);
	sim_destroy(sim);
}

/* It only hears keepalives, which it does not answer: at 165 s it renews the key all the same. */
static void the_initiator_renews_on_receive(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	establish(sim, 0, 1);
	device_set_persistent(sim->hosts[1].device, sim_slot(sim, 1, 0), 5, sim->now);
	sim_run(sim, 164 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 1);
	sim_run(sim, 8 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 2);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_INITIATION) == 0);
	sim_destroy(sim);
}

/* Not at 120 s, nor at 165, but when the key has expired. */
static void the_responder_renews_an_expired_key(void **state)
{
	struct sim *sim = two_hosts(__func__);
	size_t late;

	(void)state;
	establish(sim, 0, 1);
	sim_run(sim, 178 * SECOND, SIM_EVER);
	establish(sim, 1, 0);
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_INITIATION) == 0);
	/* What that brought is gone again: it was host 0's turn, and it was silent. */
	sim->network.loss = 100;
	sim_run(sim, 6 * SECOND, SIM_EVER);
	sim->network.loss = 0;
	late = sim_send(sim, 1, 0, 64);
	SIM_ENSURE(sim, sim_run(sim, 6 * SECOND, (int64_t)late));
	SIM_ENSURE(sim, sent(sim, 1, MESSAGE_INITIATION) > 0);
	sim_destroy(sim);
}

static void silence_wipes_all_keys(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	establish(sim, 0, 1);
	sim_run(sim, 538 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim_peer(sim, 0, 1)->keyring.current != SESSION_NONE);
	SIM_ENSURE(sim, sim_peer(sim, 1, 0)->keyring.current != SESSION_NONE);
	sim_run(sim, 3 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim_peer(sim, 0, 1)->keyring.current == SESSION_NONE);
	SIM_ENSURE(sim, sim_peer(sim, 1, 0)->keyring.current == SESSION_NONE);
	establish(sim, 1, 0);
	sim_destroy(sim);
}

static void recovers_from_a_blackout(void **state)
{
	static const unsigned lengths[] = {3, 14, 30, 100, 130, 200, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct sim *sim = two_hosts(__func__);

		establish(sim, 0, 1);
		sim->network.loss = 100;
		for (unsigned s = 0; s < lengths[i]; s++) {
			sim_send(sim, 0, 1, 64);
			sim_run(sim, SECOND, SIM_EVER);
		}
		sim->network.loss = 0;
		SIM_ENSURE(sim, sim_run(sim, 6 * SECOND, (int64_t)sim_send(sim, 0, 1, 64)));
		SIM_ENSURE(sim, sim_run(sim, 6 * SECOND, (int64_t)sim_send(sim, 1, 0, 64)));
		sim_destroy(sim);
	}
}

/* 20 initiations for one packet, 5.0 to 5.34 s apart; then nothing, until there is a packet. */
static void gives_up_after_twenty_initiations(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	sim->network.loss = 100;
	sim_send(sim, 0, 1, 64);
	sim_run(sim, 100 * SECOND - 1, SIM_EVER);
	SIM_ENSURE(sim, sim->hosts[0].given_up == 0);
	SIM_ENSURE(sim, sim->hosts[0].queues[sim_slot(sim, 0, 1)].count == 1);
	sim_run(sim, 7 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim->hosts[0].given_up == 1);
	SIM_ENSURE(sim, sim->hosts[0].queues[sim_slot(sim, 0, 1)].count == 0);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 20);
	sim_run(sim, HOUR, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 20);
	SIM_ENSURE(sim, tick_when(sim->hosts[0].device).ns == INSTANT_NEVER.ns);
	sim_send(sim, 0, 1, 64);
	sim_run(sim, 106 * SECOND + 700, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 40);
	sim_destroy(sim);
}

/* Data sent, nothing heard for 15 s: the peer may have forgotten us. */
static void asks_anew_when_nothing_comes_back(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	establish(sim, 0, 1);
	sim_run(sim, 30 * SECOND, SIM_EVER);
	sim->network.loss = 100;
	sim_send(sim, 0, 1, 64);
	sim_run(sim, 15 * SECOND - 1, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 1);
	sim_run(sim, 400, SIM_EVER);
	SIM_ENSURE(sim, sent(sim, 0, MESSAGE_INITIATION) == 2);
	sim_destroy(sim);
}

/* A peer that lost its keys is told by the other's new handshake. */
static void survives_a_restart_of_the_peer(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	establish(sim, 0, 1);
	sim_run(sim, 3 * SECOND, SIM_EVER);
	sim_set_up(sim, 1, false);
	sim_set_up(sim, 1, true);
	sim_send(sim, 0, 1, 64);
	SIM_ENSURE(sim, !sim_run(sim, 14 * SECOND, (int64_t)sim_send(sim, 0, 1, 64)));
	sim_run(sim, 2 * SECOND, SIM_EVER);
	SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 0, 1, 64)));
	sim_destroy(sim);
}

/* Suspended in the middle of it; what is due by then is due at once. */
static void wakes_from_sleep_and_goes_on(void **state)
{
	static const unsigned lengths_s[] = {1, 9, 20, 119, 170, 181, 600, 86400};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(lengths_s) / sizeof(lengths_s[0]); i++) {
		struct sim *sim = two_hosts(__func__);
		unsigned sleeper = i % 2;
		uint64_t ms = lengths_s[i / 2] * (uint64_t)SECOND;

		establish(sim, 0, 1);
		device_set_persistent(sim->hosts[1].device, sim_slot(sim, 1, 0), 25, sim->now);
		sim_send(sim, 0, 1, 64);
		sim_sleep(sim, sleeper, ms);
		sim_run(sim, ms, SIM_EVER);
		SIM_ENSURE(sim,
			sim_run(sim, 6 * SECOND, (int64_t)sim_send(sim, sleeper, !sleeper, 64)));
		SIM_ENSURE(
			sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, !sleeper, sleeper, 64)));
		sim_destroy(sim);
	}
}

/* A device is its memory and nothing else: in the middle of a handshake, between two packets. */
static void goes_on_in_other_memory(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		size_t packet = sim_send(sim, i % 2, 1 - i % 2, 64);

		sim_run(sim, i % 7, SIM_EVER);
		sim_remap(sim, 0);
		sim_remap(sim, 1);
		SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)packet));
		if (i % 10 == 0)
			sim_run(sim, 100 * SECOND, SIM_EVER);
	}
	sim_destroy(sim);
}

/* A packet a second until one arrives: two handshakes in one moment may cost what is in flight. */
static void gets_through(struct sim *sim, unsigned from, unsigned to)
{
	unsigned s = 0;

	while (!sim_run(sim, SECOND, (int64_t)sim_send(sim, from, to, 64)))
		SIM_ENSURE(sim, s++ < 5);
}

static void follows_a_host_that_moves(void **state)
{
	struct sim *sim = two_hosts(__func__);

	(void)state;
	establish(sim, 0, 1);
	for (unsigned i = 0; i < 40; i++) {
		unsigned moves = i % 2;

		sim_move(sim, moves);
		sim_run(sim, i * SECOND, SIM_EVER);
		gets_through(sim, moves, !moves);
		gets_through(sim, !moves, moves);
		SIM_ENSURE(sim, endpoint_same_remote(&sim_peer(sim, !moves, moves)->endpoint,
					&sim->hosts[moves].address));
	}
	sim_destroy(sim);
}

/* The stamps themselves are checked whenever an initiation leaves: sim_check_stamp(). */
static void a_clock_that_goes_back_does_no_harm(void **state)
{
	static const int64_t skews[] = {-3600, -86400, -86400 * 365, 3600, 0, -1};
	struct sim *sim = two_hosts(__func__);

	(void)state;
	establish(sim, 0, 1);
	for (size_t i = 0; i < sizeof(skews) / sizeof(skews[0]); i++) {
		sim->hosts[0].wall_skew_s = skews[i];
		for (unsigned round = 0; round < 3; round++) {
			sim_run(sim, 200 * SECOND, SIM_EVER);
			SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 0, 1, 64)));
		}
		sim_run(sim, 200 * SECOND, SIM_EVER);
		SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 1, 0, 64)));
	}
	sim_destroy(sim);
}

/* Through 13 minutes without a packet, both ways, at every interval. */
static void persistent_keepalives_go_on_for_ever(void **state)
{
	static const uint16_t intervals[] = {1, 3, 5, 6, 25, 120, 200, 700};

	(void)state;
	for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
		struct sim *sim = two_hosts(__func__);
		uint64_t interval_ms = intervals[i] * (uint64_t)SECOND, before;

		device_set_persistent(
			sim->hosts[0].device, sim_slot(sim, 0, 1), intervals[i], sim->now);
		for (uint64_t ms = 0; ms < 1500 * SECOND; ms += interval_ms) {
			before = sim_peer(sim, 1, 0)->received_bytes;
			sim_run(sim, interval_ms + 400, SIM_EVER);
			SIM_ENSURE(sim, sim_peer(sim, 1, 0)->received_bytes > before);
		}
		sim_destroy(sim);
	}
}

/* Bytes of UDP payload, as people read them in a status line. */
static void counts_bytes_at_both_ends(void **state)
{
	struct sim *sim = two_hosts(__func__);
	const struct peer *ours = sim_peer(sim, 0, 1), *theirs = sim_peer(sim, 1, 0);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 0, 1, 84)));
		SIM_ENSURE(sim, sim_run(sim, SECOND, (int64_t)sim_send(sim, 1, 0, 84)));
	}
	SIM_ENSURE(sim, ours->sent_bytes == 148 + 10 * 128);
	SIM_ENSURE(sim, ours->received_bytes == 92 + 10 * 128);
	SIM_ENSURE(sim, theirs->sent_bytes == ours->received_bytes);
	SIM_ENSURE(sim, theirs->received_bytes == ours->sent_bytes);
	SIM_ENSURE(sim, ours->last_handshake.sec > 0 && theirs->last_handshake.sec > 0);
	sim_destroy(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_hour_of_traffic_loses_nothing),
		cmocka_unit_test(two_that_began_together_lose_nothing),
		cmocka_unit_test(the_initiator_renews_on_send),
		cmocka_unit_test(the_initiator_renews_on_receive),
		cmocka_unit_test(the_responder_renews_an_expired_key),
		cmocka_unit_test(silence_wipes_all_keys),
		cmocka_unit_test(recovers_from_a_blackout),
		cmocka_unit_test(gives_up_after_twenty_initiations),
		cmocka_unit_test(asks_anew_when_nothing_comes_back),
		cmocka_unit_test(survives_a_restart_of_the_peer),
		cmocka_unit_test(wakes_from_sleep_and_goes_on),
		cmocka_unit_test(goes_on_in_other_memory),
		cmocka_unit_test(follows_a_host_that_moves),
		cmocka_unit_test(a_clock_that_goes_back_does_no_harm),
		cmocka_unit_test(persistent_keepalives_go_on_for_ever),
		cmocka_unit_test(counts_bytes_at_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

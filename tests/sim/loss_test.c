/* Bad networks: loss, handshakes that cross, and thousands of random histories. */
#include "sim.h"
#include <stdlib.h>
#include "lifecycle.h"
#include "wire.h"

enum {
	SECOND = 1000,
	CROSSINGS = 200,
	HISTORIES = 2000,
	HISTORY_STEPS = 10,
};

static void packets_get_through_heavy_loss(void **state)
{
	struct seeded seeds = seeded_start(__func__);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct sim *sim = sim_create(seeded_next(&seeds), 2);
		unsigned s = 0;

		sim_join(sim, 0, 1, false);
		sim->network = (struct sim_network){
			.loss = i % 2 ? 20 : 50, .delay_min = 5, .delay_max = 200, .job_max = 2};
		while (sim->delivered_count < 50) {
			sim_send(sim, s % 2, 1 - s % 2, 64);
			sim_run(sim, SECOND, SIM_EVER);
			SIM_ENSURE(sim, s++ < 600);
		}
		sim_destroy(sim);
	}
}

/* One packet only, nobody sends another: the handshake is tried until it succeeds. */
static void a_single_packet_gets_its_handshake(void **state)
{
	struct seeded seeds = seeded_start(__func__);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct sim *sim = sim_create(seeded_next(&seeds), 2);

		sim_join(sim, 0, 1, false);
		sim->network = (struct sim_network){
			.loss = 20, .delay_min = 5, .delay_max = 200, .job_max = 2};
		sim_send(sim, 0, 1, 64);
		sim_run(sim, 100 * SECOND, SIM_EVER);
		SIM_ENSURE(sim, sim_peer(sim, 0, 1)->keyring.current != SESSION_NONE);
		sim_destroy(sim);
	}
}

static bool drop_data(const struct sim_datagram *datagram, void *arg)
{
	unsigned *left = arg;

	return wire_classify(datagram->bytes, datagram->len) == MESSAGE_DATA && *left > 0 &&
	       (*left)--;
}

/*
 * We answered, and the other end's first packet is lost: it has a key, so it does not ask again,
 * and we may not use ours. Our packet waits 5 s at most.
 */
static void a_lost_confirmation_does_not_strand_packets(void **state)
{
	struct seeded seeds = seeded_start(__func__);

	(void)state;
	for (unsigned i = 1; i < 50; i++) {
		struct sim *sim = sim_create(seeded_next(&seeds), 2);
		unsigned left = 1;

		sim_join(sim, 0, 1, false);
		sim->network = (struct sim_network){.delay_min = 5,
			.delay_max = 50,
			.job_max = 2,
			.drop = drop_data,
			.drop_arg = &left};
		sim_send(sim, 0, 1, 64);
		sim_run(sim, 100 * i, SIM_EVER);
		SIM_ENSURE(sim, sim_run(sim, 6 * SECOND, (int64_t)sim_send(sim, 1, 0, 64)));
		sim_destroy(sim);
	}
}

/* Both ends start at once, two hundred times in a row, without jitter to help them. */
static void two_hundred_crossing_initiations_settle(void **state)
{
	struct seeded seeds = seeded_start(__func__);
	struct sim *sim = sim_create(seeded_next(&seeds), 2);

	(void)state;
	sim_join(sim, 0, 1, true);
	for (unsigned i = 0; i < CROSSINGS; i++) {
		size_t there, back;

		sim->network.delay_min = sim->network.delay_max = 1 + 2 * i;
		there = sim_send(sim, 0, 1, 64);
		back = sim_send(sim, 1, 0, 64);
		sim_run(sim, 6 * SECOND, SIM_EVER);
		SIM_ENSURE(sim, sim_arrived(sim, there) && sim_arrived(sim, back));
		/* Until both have wiped their keys. */
		sim_run(sim, 600 * SECOND, SIM_EVER);
		SIM_ENSURE(sim, sim_peer(sim, 0, 1)->keyring.current == SESSION_NONE);
		SIM_ENSURE(sim, sim_peer(sim, 1, 0)->keyring.current == SESSION_NONE);
	}
	sim_destroy(sim);
}

static void random_network(struct sim *sim)
{
	struct seeded *r = &sim->random;

	sim->network = (struct sim_network){
		.loss = seeded_below(r, 60),
		.twice = seeded_below(r, 50),
		.corrupt = seeded_below(r, 20),
		.cut = seeded_below(r, 20),
		.replayed = seeded_below(r, 20),
		.delay_min = 1,
		.delay_max =
			1 + (seeded_below(r, 3) ? seeded_below(r, 100) : seeded_below(r, 8000)),
		.job_max = 1 + seeded_below(r, 300),
	};
}

/* No private key for a moment: sessions do not send any more. */
static void lose_key(struct sim *sim, unsigned host)
{
	const struct private_key none = {{0}};

	device_set_private_key(sim->hosts[host].device, &none);
	sim_run(sim, seeded_below(&sim->random, 3000), SIM_EVER);
	device_set_private_key(sim->hosts[host].device, &sim->hosts[host].private_key);
}

/* Host 1 stays where it is, so that host 0 finds it when all is over. */
static void random_action(struct sim *sim)
{
	struct seeded *r = &sim->random;

	switch (seeded_below(r, 18)) {
	case 0:
		sim_move(sim, 0);
		break;
	case 1:
		sim_set_up(sim, seeded_below(r, 2), false);
		break;
	case 2:
		sim->hosts[0].wall_skew_s = (int64_t)seeded_below(r, 100000) - 50000;
		break;
	case 3:
		sim->hosts[seeded_below(r, 2)].is_busy ^= true;
		break;
	case 4:
		random_network(sim);
		break;
	case 5:
		sim_run(sim, seeded_below(r, 400 * SECOND), SIM_EVER);
		break;
	case 6:
		lose_key(sim, seeded_below(r, 2));
		break;
	case 7:
		sim_sleep(sim, seeded_below(r, 2), seeded_below(r, 300 * SECOND));
		break;
	case 8:
		sim_rejoin(sim, 1, 0);
		break;
	case 9:
		sim_remap(sim, seeded_below(r, 2));
		break;
	default:
		sim_send(sim, 0, 1, 32 + seeded_below(r, 200));
		if (seeded_below(r, 2))
			sim_send(sim, 1, 0, 32 + seeded_below(r, 200));
		break;
	}
	for (unsigned i = 0; i < 2; i++)
		if (!sim->hosts[i].device->is_up && seeded_below(r, 2))
			sim_set_up(sim, i, true);
	sim_run(sim, seeded_below(r, 3) ? seeded_below(r, 300) : seeded_below(r, 7000), SIM_EVER);
}

static void random_history(uint64_t seed)
{
	struct sim *sim = sim_create(seed, 2);

	sim_join(sim, 0, 1, seed % 2);
	random_network(sim);
	for (unsigned n = 0; n < HISTORY_STEPS; n++)
		random_action(sim);
	sim_heal(sim);
	sim_destroy(sim);
}

/*
 * The invariants are looked at after every event; see sim_check.c. CULVERT_SIM_HISTORY takes the
 * seed of one history, as a failure prints it; CULVERT_SIM_HISTORIES how many to try.
 */
static void random_histories_heal(void **state)
{
	struct seeded seeds = seeded_start(__func__);
	const char *one = getenv("CULVERT_SIM_HISTORY"), *count = getenv("CULVERT_SIM_HISTORIES");

	(void)state;
	if (one) {
		random_history(strtoull(one, NULL, 0));
		return;
	}
	for (unsigned i = 0; i < (count ? (unsigned)atoi(count) : HISTORIES); i++)
		random_history(seeded_next(&seeds));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_get_through_heavy_loss),
		cmocka_unit_test(a_single_packet_gets_its_handshake),
		cmocka_unit_test(a_lost_confirmation_does_not_strand_packets),
		cmocka_unit_test(two_hundred_crossing_initiations_settle),
		cmocka_unit_test(random_histories_heal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

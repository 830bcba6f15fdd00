/*
 * Any bytes as a history of three hosts on an adversary's network: what people send, which datagram
 * is lost, late, doubled, cut, damaged, forged, repeated or diverted, how clocks jump. After every
 * event the invariants of the simulation hold (sim_check.c: no packet accepted twice or from a
 * wrong source, no key used after its end, no counter twice), and when the network is good again
 * each host gets through to each.
 */
#include "sim.h"
#include <string.h>
#include "cookie.h"
#include "lifecycle.h"
#include "wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	HOSTS = 3,
	KEPT = 16,
	ACTIONS_MAX = 300,
	SECOND = 1000,
	/* Virtual time of one history: keys enough for the table of sim_check.c. */
	HISTORY_MS_MAX = 6000 * SECOND,
};

struct history {
	struct sim *sim;
	uint64_t left_ms;
	/* What passed last, to be repeated and altered. */
	struct sim_datagram kept[KEPT];
	unsigned kept_count;
	bool is_diverted;
};

static bool keep(const struct sim_datagram *datagram, void *arg)
{
	struct history *h = arg;

	h->kept[h->kept_count++ % KEPT] = *datagram;
	return false;
}

static void transmit(struct history *h, const struct sim_datagram *datagram)
{
	sim_transmit(h->sim, &datagram->source, &datagram->destination, datagram->ecn,
		datagram->bytes, datagram->len);
}

/* One of those kept, or of no bytes at all. */
static struct sim_datagram choose_kept(struct history *h)
{
	unsigned count = h->kept_count < KEPT ? h->kept_count : KEPT;

	if (count == 0)
		return (struct sim_datagram){.source = h->sim->hosts[0].address,
			.destination = h->sim->hosts[1].address};
	return h->kept[sim_below(h->sim, count)];
}

static unsigned other_than(struct history *h, unsigned host)
{
	return (host + 1 + sim_below(h->sim, HOSTS - 1)) % HOSTS;
}

static void let_pass(struct history *h, uint32_t ms_max)
{
	uint64_t ms = sim_below(h->sim, ms_max);

	if (ms > h->left_ms)
		ms = h->left_ms;
	h->left_ms -= ms;
	sim_run(h->sim, ms, SIM_EVER);
}

/* Each choice a statement of its own, so that every compiler makes them in the same order. */
static void act_send(struct history *h)
{
	unsigned from = sim_below(h->sim, HOSTS);
	unsigned to = other_than(h, from);

	sim_send(h->sim, from, to, 32 + sim_below(h->sim, 256));
}

static void act_send_many(struct history *h)
{
	unsigned from = sim_below(h->sim, HOSTS);
	unsigned to = other_than(h, from);

	for (unsigned n = sim_below(h->sim, 20); n > 0; n--)
		sim_send(h->sim, from, to, 64);
}

/* With the inner address of somebody else. */
static void act_spoof(struct history *h)
{
	unsigned from = sim_below(h->sim, HOSTS);
	unsigned to = other_than(h, from);
	unsigned source = other_than(h, from);

	sim_send_as(h->sim, from, source, to, 64);
}

static void act_wait_little(struct history *h)
{
	let_pass(h, 256);
}

static void act_wait(struct history *h)
{
	let_pass(h, 16 * SECOND);
}

static void act_wait_long(struct history *h)
{
	let_pass(h, 700 * SECOND);
}

static void act_change_network(struct history *h)
{
	struct sim_network *net = &h->sim->network;

	net->loss = sim_below(h->sim, 101);
	net->twice = sim_below(h->sim, 50);
	net->corrupt = sim_below(h->sim, 50);
	net->cut = sim_below(h->sim, 30);
	net->replayed = sim_below(h->sim, 30);
	net->delay_max = 1 + sim_below(h->sim, 8000);
	net->job_max = 1 + sim_below(h->sim, 256);
}

static void act_calm_network(struct history *h)
{
	struct sim_network calm = {.delay_min = 1, .delay_max = 1, .job_max = 1};

	calm.drop = keep;
	calm.drop_arg = h;
	h->sim->network = calm;
}

static void act_move(struct history *h)
{
	sim_move(h->sim, 0);
}

/* A millisecond later: two tries of one instant could not be told apart. */
static void act_up_or_down(struct history *h)
{
	unsigned host = sim_below(h->sim, HOSTS);

	sim_set_up(h->sim, host, !h->sim->hosts[host].device->is_up);
	sim_run(h->sim, 1, SIM_EVER);
}

/*
 * Up to 50 years, either way: host 2's, which remembers the stamps that it sent. Who forgets them,
 * too, is not heard until its clock has caught up; so it is with the protocol.
 */
static void act_turn_clock(struct history *h)
{
	int64_t by = (int64_t)sim_below(h->sim, 1 << 16) - (1 << 15);

	h->sim->hosts[HOSTS - 1].wall_skew_s = by * (sim_below(h->sim, 2) ? 50000 : 1);
}

static void act_busy(struct history *h)
{
	h->sim->hosts[sim_below(h->sim, HOSTS)].is_busy ^= true;
}

/* Its clock jumps by as much: it neither hears nor looks meanwhile. */
static void act_sleep(struct history *h)
{
	unsigned host = sim_below(h->sim, HOSTS);

	sim_sleep(h->sim, host, sim_below(h->sim, 700 * SECOND));
}

static void act_lose_key(struct history *h)
{
	const struct private_key none = {{0}};
	struct sim_host *host = &h->sim->hosts[sim_below(h->sim, HOSTS)];

	device_set_private_key(host->device, &none);
	let_pass(h, 4 * SECOND);
	device_set_private_key(host->device, &host->private_key);
}

static void act_forget_peer(struct history *h)
{
	unsigned at = sim_below(h->sim, HOSTS - 1);

	sim_rejoin(h->sim, at, other_than(h, at));
}

static void act_remap(struct history *h)
{
	sim_remap(h->sim, sim_below(h->sim, HOSTS));
}

static void act_keepalive(struct history *h)
{
	unsigned at = sim_below(h->sim, HOSTS);
	uint32_t slot = sim_slot(h->sim, at, other_than(h, at));

	device_set_persistent(
		h->sim->hosts[at].device, slot, (uint16_t)sim_below(h->sim, 256), h->sim->now);
}

static void act_repeat(struct history *h)
{
	struct sim_datagram datagram = choose_kept(h);

	transmit(h, &datagram);
}

static void act_repeat_to_another(struct history *h)
{
	struct sim_datagram datagram = choose_kept(h);

	datagram.destination = h->sim->hosts[sim_below(h->sim, HOSTS)].address;
	transmit(h, &datagram);
}

static void act_divert(struct history *h)
{
	struct sim_datagram datagram = choose_kept(h);

	datagram.source.addr.b[3] = 200;
	h->is_diverted = true;
	transmit(h, &datagram);
}

/* Bytes that stand in the open are known to all, and so is how to make mac1 of a public key. */
static void stamp(struct history *h, struct sim_datagram *datagram)
{
	struct cookie_maker maker;

	if (datagram->len != INITIATION_LEN && datagram->len != RESPONSE_LEN)
		return;
	for (unsigned i = 0; i < HOSTS; i++)
		if (endpoint_same_remote(&h->sim->hosts[i].address, &datagram->destination)) {
			cookie_maker_init(&maker, &h->sim->hosts[i].public_key);
			cookie_stamp(&maker, datagram->bytes, datagram->len, h->sim->now);
		}
}

static void act_forge(struct history *h)
{
	struct sim_datagram datagram = choose_kept(h);

	for (unsigned n = 1 + sim_below(h->sim, 4); n > 0 && datagram.len > 0; n--) {
		uint32_t at = sim_below(h->sim, (uint32_t)datagram.len);

		datagram.bytes[at] = (uint8_t)sim_below(h->sim, 256);
	}
	if (sim_below(h->sim, 4))
		stamp(h, &datagram);
	transmit(h, &datagram);
}

static void act_change_length(struct history *h)
{
	struct sim_datagram datagram = choose_kept(h);

	datagram.len = sim_below(h->sim, SIM_DATAGRAM_MAX + 1);
	transmit(h, &datagram);
}

static void (*const actions[])(struct history *h) = {
	act_send,
	act_send,
	act_send_many,
	act_spoof,
	act_wait_little,
	act_wait,
	act_wait_long,
	act_change_network,
	act_calm_network,
	act_move,
	act_up_or_down,
	act_turn_clock,
	act_busy,
	act_sleep,
	act_lose_key,
	act_forget_peer,
	act_remap,
	act_keepalive,
	act_repeat,
	act_repeat_to_another,
	act_divert,
	act_forge,
	act_forge,
	act_change_length,
};

/* Who was led astray by a diverted datagram does not find back alone: its user says the place. */
static void show_the_way(struct sim *sim)
{
	for (unsigned a = 0; a < HOSTS; a++)
		for (unsigned b = a + 1; b < HOSTS; b++)
			sim_peer(sim, a, b)->endpoint = sim->hosts[b].address;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct history h = {.sim = sim_create(1, HOSTS), .left_ms = HISTORY_MS_MAX};

	for (unsigned a = 0; a < HOSTS; a++)
		for (unsigned b = a + 1; b < HOSTS; b++)
			sim_join(h.sim, a, b, a == 0);
	act_calm_network(&h);
	h.sim->script = (struct sim_script){data, size};
	for (unsigned n = 0; n < ACTIONS_MAX && h.sim->script.left > 0; n++)
		actions[sim_below(h.sim, sizeof(actions) / sizeof(actions[0]))](&h);
	h.sim->script.left = 0;
	/* First what is still under way, which may lead astray, too. */
	act_calm_network(&h);
	sim_drop_late(h.sim);
	sim_run(h.sim, 10 * SECOND, SIM_EVER);
	if (h.is_diverted)
		show_the_way(h.sim);
	sim_heal(h.sim);
	sim_destroy(h.sim);
	return 0;
}

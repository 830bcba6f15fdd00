/* The world of a simulation: time, the network, and the packets that people send. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include "lifecycle.h"
#include "members.h"
#include "tick.h"
#include "x25519.h"

enum {
	PORT = 51820,
	WALL_START_S = 1700000000,
	INNER_HEADER = 20,
	INNER_MIN = 32,
	REPLAYED_MS_MAX = 200000,
};

static const struct device_limits limits = {
	.peers_max = SIM_HOSTS, .prefixes_max = 4 * SIM_HOSTS, .sources_max = 16};

static void random_bytes(struct sim *sim, void *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)seeded_next(&sim->random);
}

void sim_chance(struct sim *sim, struct chance *chance)
{
	random_bytes(sim, chance, sizeof(*chance));
}

static void host_init(struct sim *sim, unsigned number)
{
	struct sim_host *host = &sim->hosts[number];
	size_t size = device_size(&limits);
	struct chance chance;

	host->memory = aligned_alloc(64, size);
	SIM_ENSURE(sim, host->memory != NULL);
	memset(host->memory, 0, size);
	host->queues = calloc(sim->hosts_count, sizeof(*host->queues));
	SIM_ENSURE(sim, host->queues != NULL);
	sim_chance(sim, &chance);
	host->device = device_init(host->memory, &limits, &chance);
	random_bytes(sim, &host->private_key, sizeof(host->private_key));
	device_set_private_key(host->device, &host->private_key);
	host->public_key = host->device->identity.public_key;
	device_set_up(host->device, true, sim->now);
	host->address.addr.family = IP_V4;
	memcpy(host->address.addr.b, (uint8_t[]){192, 0, 2, (uint8_t)number}, 4);
	host->address.port = PORT;
}

struct sim *sim_create(uint64_t seed, unsigned hosts)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	assert_non_null(sim);
	sim->seed = seed;
	sim->random.state = seed;
	sim->now = (struct instant){1000 * NS_PER_S};
	sim->network = (struct sim_network){.delay_min = 1, .delay_max = 1, .job_max = 1};
	sim->engine = bulk_create(BULK_OPENSSL);
	assert_non_null(sim->engine);
	sim->hosts_count = hosts;
	for (unsigned i = 0; i < hosts; i++)
		host_init(sim, i);
	return sim;
}

void sim_destroy(struct sim *sim)
{
	for (unsigned i = 0; i < sim->hosts_count; i++) {
		device_fini(sim->hosts[i].device);
		free(sim->hosts[i].memory);
		free(sim->hosts[i].queues);
	}
	bulk_destroy(sim->engine);
	free(sim->flying);
	free(sim->packets);
	free(sim);
}

static void inner_address(unsigned host, uint8_t out[4])
{
	memcpy(out, (uint8_t[]){10, 0, 0, (uint8_t)host}, 4);
}

static void join_one_way(
	struct sim *sim, unsigned at, unsigned other, const struct preshared_key *psk)
{
	struct device *device = sim->hosts[at].device;
	struct ip_prefix prefix = {.addr = {.family = IP_V4}, .bits = 32};
	uint32_t slot;

	slot = device_add_peer(device, &sim->hosts[other].public_key);
	SIM_ENSURE(sim, slot != PEER_NONE);
	device_peer(device, slot)->psk = *psk;
	device_peer(device, slot)->endpoint = sim->hosts[other].address;
	inner_address(other, prefix.addr.b);
	SIM_ENSURE(sim, device_add_allowed_ip(device, slot, &prefix));
}

void sim_join(struct sim *sim, unsigned a, unsigned b, bool has_psk)
{
	struct preshared_key psk = {0};

	if (has_psk)
		random_bytes(sim, &psk, sizeof(psk));
	join_one_way(sim, a, b, &psk);
	join_one_way(sim, b, a, &psk);
}

uint32_t sim_slot(struct sim *sim, unsigned from, unsigned to)
{
	uint32_t slot = device_find_peer(sim->hosts[from].device, &sim->hosts[to].public_key);

	SIM_ENSURE(sim, slot != PEER_NONE);
	return slot;
}

struct peer *sim_peer(struct sim *sim, unsigned from, unsigned to)
{
	return device_peer(sim->hosts[from].device, sim_slot(sim, from, to));
}

struct moment sim_moment(const struct sim *sim, const struct sim_host *host)
{
	return (struct moment){
		.at = sim->now,
		.wall =
			{
				.sec = (uint64_t)(WALL_START_S + (int64_t)(sim->now.ns / NS_PER_S) +
						  host->wall_skew_s),
				.nsec = (uint32_t)(sim->now.ns % NS_PER_S),
			},
	};
}

static size_t packet_new(struct sim *sim, unsigned from, unsigned to)
{
	if (sim->packets_count == sim->packets_max) {
		sim->packets_max = sim->packets_max ? 2 * sim->packets_max : 64;
		sim->packets = realloc(sim->packets, sim->packets_max * sizeof(*sim->packets));
		SIM_ENSURE(sim, sim->packets != NULL);
	}
	sim->packets[sim->packets_count] =
		(struct sim_packet){.from = (uint8_t)from, .to = (uint8_t)to, .sent = sim->now};
	return sim->packets_count++;
}

size_t sim_send_as(struct sim *sim, unsigned from, unsigned source, unsigned to, size_t len)
{
	uint8_t packet[SIM_DATAGRAM_MAX] = {0x45};
	size_t number = packet_new(sim, source, to);
	struct be16 total = be16_store((uint16_t)len);
	struct be64 id = be64_store(number);

	SIM_ENSURE(sim, len >= INNER_MIN && len <= SIM_DATAGRAM_MAX - DATA_OVERHEAD);
	memcpy(packet + 2, &total, sizeof(total));
	inner_address(source, packet + 12);
	inner_address(to, packet + 16);
	memcpy(packet + INNER_HEADER, &id, sizeof(id));
	sim_host_packet(sim, &sim->hosts[from], packet, len);
	sim_check(sim);
	return number;
}

size_t sim_send(struct sim *sim, unsigned from, unsigned to, size_t len)
{
	return sim_send_as(sim, from, from, to, len);
}

bool sim_arrived(const struct sim *sim, size_t packet)
{
	return sim->packets[packet].is_delivered;
}

uint32_t sim_below(struct sim *sim, uint32_t n)
{
	struct sim_script *script = &sim->script;
	uint32_t choice = 0;

	if (script->left == 0)
		return seeded_below(&sim->random, n);
	for (uint32_t range = 1; range < n && script->left > 0; range <<= 8) {
		choice = choice << 8 | *script->bytes++;
		script->left--;
		if (range > n >> 8)
			break;
	}
	return choice % n;
}

static bool happens(struct sim *sim, unsigned percent)
{
	return percent > 0 && sim_below(sim, 100) < percent;
}

static void damage(struct sim *sim, struct sim_datagram *datagram)
{
	uint32_t at = sim_below(sim, (uint32_t)datagram->len);

	datagram->bytes[at] ^= (uint8_t)(1u << sim_below(sim, 8));
}

static void fly(struct sim *sim, const struct sim_datagram *datagram, uint32_t late_ms)
{
	const struct sim_network *net = &sim->network;
	uint32_t range_us = (net->delay_max - net->delay_min) * 1000 + 1;
	struct sim_datagram *copy;

	/* A network, too, has only so much room. */
	if (sim->flying_count == SIM_FLYING_MAX)
		return;
	if (sim->flying_count == sim->flying_room) {
		sim->flying_room = sim->flying_room ? 2 * sim->flying_room : 64;
		sim->flying = realloc(sim->flying, sim->flying_room * sizeof(*sim->flying));
		SIM_ENSURE(sim, sim->flying != NULL);
	}
	copy = &sim->flying[sim->flying_count++];
	*copy = *datagram;
	copy->arrives = instant_after(sim->now,
		(net->delay_min + late_ms) * NS_PER_MS + sim_below(sim, range_us) * 1000ULL);
	if (copy->len > 0 && happens(sim, net->corrupt))
		damage(sim, copy);
	if (copy->len > 0 && happens(sim, net->cut))
		copy->len = sim_below(sim, (uint32_t)copy->len);
}

void sim_transmit(struct sim *sim, const struct endpoint *source,
	const struct endpoint *destination, uint8_t ecn, const void *bytes, size_t len)
{
	struct sim_datagram datagram = {
		.source = *source, .destination = *destination, .ecn = ecn, .len = len};

	SIM_ENSURE(sim, len <= SIM_DATAGRAM_MAX);
	memcpy(datagram.bytes, bytes, len);
	if (sim->network.drop && sim->network.drop(&datagram, sim->network.drop_arg))
		return;
	if (happens(sim, sim->network.loss))
		return;
	fly(sim, &datagram, 0);
	if (happens(sim, sim->network.twice))
		fly(sim, &datagram, 0);
	if (happens(sim, sim->network.replayed))
		fly(sim, &datagram, sim_below(sim, REPLAYED_MS_MAX));
}

void sim_move(struct sim *sim, unsigned host)
{
	sim->hosts[host].address.addr.b[2] ^= 1;
	sim->hosts[host].address.port++;
}

void sim_set_up(struct sim *sim, unsigned host, bool is_up)
{
	device_set_up(sim->hosts[host].device, is_up, sim->now);
	for (unsigned i = 0; i < sim->hosts_count; i++)
		sim->hosts[host].queues[i].count = 0;
	sim_check(sim);
}

void sim_sleep(struct sim *sim, unsigned host, uint64_t ms)
{
	sim->hosts[host].asleep_until = instant_after(sim->now, ms * NS_PER_MS);
}

void sim_remap(struct sim *sim, unsigned number)
{
	struct sim_host *host = &sim->hosts[number];
	size_t size = device_size(&limits);
	void *memory = aligned_alloc(64, size);

	SIM_ENSURE(sim, memory != NULL);
	memcpy(memory, host->memory, size);
	memset(host->memory, 0xa5, size);
	free(host->memory);
	host->memory = memory;
	host->device = memory;
	sim_check(sim);
}

void sim_rejoin(struct sim *sim, unsigned at, unsigned other)
{
	uint32_t slot = sim_slot(sim, at, other);
	const struct peer *peer = device_peer(sim->hosts[at].device, slot);
	struct preshared_key psk = peer->psk;
	struct endpoint endpoint = peer->endpoint;

	device_remove_peer(sim->hosts[at].device, slot);
	sim->hosts[at].queues[slot].count = 0;
	memset(&sim->hosts[at].stamps[slot], 0, sizeof(sim->hosts[at].stamps[slot]));
	join_one_way(sim, at, other, &psk);
	sim_peer(sim, at, other)->endpoint = endpoint;
	sim_check(sim);
}

void sim_drop_late(struct sim *sim)
{
	struct instant last = instant_after(sim->now, sim->network.delay_max * NS_PER_MS);
	unsigned kept = 0;

	for (unsigned i = 0; i < sim->flying_count; i++)
		if (sim->flying[i].arrives.ns <= last.ns)
			sim->flying[kept++] = sim->flying[i];
	sim->flying_count = kept;
}

static bool is_awake(const struct sim *sim, const struct sim_host *host)
{
	return instant_reached(sim->now, host->asleep_until);
}

static void deliver(struct sim *sim, unsigned i)
{
	struct sim_datagram datagram = sim->flying[i];

	sim->flying[i] = sim->flying[--sim->flying_count];
	for (unsigned h = 0; h < sim->hosts_count; h++)
		if (endpoint_same_remote(&sim->hosts[h].address, &datagram.destination) &&
			sim->hosts[h].device->is_up && is_awake(sim, &sim->hosts[h]))
			sim_host_receive(sim, &sim->hosts[h], &datagram);
}

static void finish_job(struct sim *sim, unsigned i)
{
	struct sim_job done = sim->jobs[i];

	sim->jobs[i] = sim->jobs[--sim->jobs_count];
	handshake_run(&done.job);
	sim_host_finish(sim, &sim->hosts[done.host], &done.job);
	handshake_job_fini(&done.job);
}

/* When the host's clock asks for something, or it wakes to see that it did. */
static struct instant host_when(const struct sim_host *host)
{
	struct instant when = tick_when(host->device);

	return when.ns < host->asleep_until.ns ? host->asleep_until : when;
}

/* Does the earliest thing that is due at or before end; false: nothing is. */
static bool step(struct sim *sim, struct instant end)
{
	enum { NOTHING, DATAGRAM, JOB, CLOCK } what = NOTHING;
	struct instant first = end;
	unsigned which = 0;

	for (unsigned i = 0; i < sim->flying_count; i++)
		if (sim->flying[i].arrives.ns <= first.ns) {
			first = sim->flying[i].arrives;
			what = DATAGRAM;
			which = i;
		}
	for (unsigned i = 0; i < sim->jobs_count; i++)
		if (sim->jobs[i].done.ns <= first.ns) {
			first = sim->jobs[i].done;
			what = JOB;
			which = i;
		}
	for (unsigned i = 0; i < sim->hosts_count; i++)
		if (host_when(&sim->hosts[i]).ns <= first.ns) {
			first = host_when(&sim->hosts[i]);
			what = CLOCK;
			which = i;
		}
	if (first.ns > sim->now.ns)
		sim->now = first;
	if (what == DATAGRAM)
		deliver(sim, which);
	else if (what == JOB)
		finish_job(sim, which);
	else if (what == CLOCK)
		sim_host_tick(sim, &sim->hosts[which]);
	sim_check(sim);
	return what != NOTHING;
}

bool sim_run(struct sim *sim, uint64_t ms, int64_t packet)
{
	struct instant end = instant_after(sim->now, ms * NS_PER_MS);

	for (;;) {
		if (packet != SIM_EVER && sim_arrived(sim, (size_t)packet))
			return true;
		if (!step(sim, end))
			return false;
	}
}

/* A peer that forgot our key says nothing: 15 s without an answer and we ask for a new one. */
static void gets_through(struct sim *sim, unsigned from, unsigned to)
{
	enum { SECONDS_MAX = 22 };
	unsigned s = 0;

	while (!sim_run(sim, 1000, (int64_t)sim_send(sim, from, to, 64)))
		SIM_ENSURE(sim, s++ < SECONDS_MAX);
}

/*
 * Not what was held back for longer: an answer 100 s late is genuine, and lets a host that waits
 * for one wait another 15 s.
 */
void sim_heal(struct sim *sim)
{
	sim->network = (struct sim_network){.delay_min = 1, .delay_max = 20, .job_max = 1};
	for (unsigned i = 0; i < sim->hosts_count; i++) {
		sim->hosts[i].is_busy = false;
		sim->hosts[i].asleep_until = sim->now;
		sim_set_up(sim, i, true);
	}
	sim_run(sim, 10000, SIM_EVER);
	sim_drop_late(sim);
	for (unsigned a = 0; a < sim->hosts_count; a++)
		for (unsigned b = a + 1; b < sim->hosts_count; b++) {
			gets_through(sim, a, b);
			gets_through(sim, b, a);
			/*
			 * Without silence behind them now. Both may just have asked for a new session:
			 * two of them, in less time than a packet flies, leave none for that packet.
			 */
			SIM_ENSURE(
				sim, sim_run(sim, 1000, (int64_t)sim_send(sim, a, b, 64)) ||
					     sim_run(sim, 1000, (int64_t)sim_send(sim, a, b, 64)));
		}
}

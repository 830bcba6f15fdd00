/*
 * Hosts in one process, on virtual time, joined by a network that loses, delays, reorders, doubles
 * and corrupts by a seed, or as a script of bytes (a fuzzer's) says. A host does with its device what a daemon does: it lets packets wait,
 * runs handshake jobs (which take time), obeys effects and asks the clock. After every event the
 * invariants of sim_check.c must hold. A failure prints the seed.
 */
#ifndef CULVERT_TESTS_SIM_H
#define CULVERT_TESTS_SIM_H

#include "unit.h"
#include <stdbool.h>
#include <stdint.h>
#include "bulk.h"
#include "device.h"
#include "handshake.h"
#include "limits.h"
#include "seeded.h"

enum {
	SIM_HOSTS = 4,
	SIM_DATAGRAM_MAX = 512,
	SIM_FLYING_MAX = 4096,
	SIM_JOBS_MAX = 256,
	SIM_KEYS = 4096, /* a power of two */
	SIM_EVER = -1,
};

struct sim_datagram {
	struct instant arrives;
	struct endpoint source, destination;
	uint8_t ecn;
	size_t len;
	uint8_t bytes[SIM_DATAGRAM_MAX];
};

/* Each chance in percent, each time in milliseconds. */
struct sim_network {
	unsigned loss, twice, corrupt;
	unsigned cut;      /* loses its end */
	unsigned replayed; /* comes once more up to 200 s later */
	uint32_t delay_min, delay_max;
	uint32_t job_max; /* how long a handshake computation takes, at most */
	/* Drops what it returns true for; NULL: nothing. */
	bool (*drop)(const struct sim_datagram *datagram, void *arg);
	void *drop_arg;
};

struct sim_staged {
	size_t len;
	uint8_t bytes[SIM_DATAGRAM_MAX];
};

/* The packets that wait for a key to one peer, oldest first. */
struct sim_queue {
	unsigned count;
	struct sim_staged packets[STAGED_PACKETS_MAX];
};

struct sim_job {
	uint8_t host;
	struct instant done;
	struct handshake_job job;
};

/* Peers of a host have the slots in which sim_join() added them. */
struct sim_host {
	struct device *device;
	void *memory;
	struct private_key private_key;
	struct public_key public_key;
	struct endpoint address;
	int64_t wall_skew_s;             /* its clock against the others' */
	bool is_busy;                    /* pretends that many handshakes wait */
	struct instant asleep_until;     /* neither hears nor looks at its clock */
	struct sim_queue *queues;        /* one for each host */
	struct tai64n stamps[SIM_HOSTS]; /* the last one sent to each */
	uint64_t sent[5];                /* datagrams by type */
	unsigned given_up, refused_inner;
};

/* An inner packet, found again by its number. */
struct sim_packet {
	uint8_t from, to;
	bool is_delivered;
	struct instant sent, delivered;
};

/* What is left of the bytes that make choices in the place of chance. */
struct sim_script {
	const uint8_t *bytes;
	size_t left;
};

/* A sending key and the next counter that it may use. */
struct sim_key {
	struct symmetric_key key;
	uint64_t next;
};

struct sim {
	uint64_t seed;
	struct seeded random;
	struct sim_script script; /* empty: all is chance */
	struct instant now;
	struct sim_network network;
	struct bulk_engine *engine;
	unsigned hosts_count;
	struct sim_host hosts[SIM_HOSTS];
	unsigned flying_count, flying_room, jobs_count;
	struct sim_datagram *flying;
	struct sim_job jobs[SIM_JOBS_MAX];
	struct sim_key keys[SIM_KEYS];
	size_t packets_count, packets_max, delivered_count;
	struct sim_packet *packets;
};

/* Fails the test and says which seed brings it back. */
#define SIM_ENSURE(sim, condition)                                                                 \
	((condition) ? (void)0 : sim_failed(sim, __FILE__, __LINE__, #condition))

_Noreturn void sim_failed(const struct sim *sim, const char *file, int line, const char *condition);

/* Hosts that are up, each with a key and an address, none knowing another. */
struct sim *sim_create(uint64_t seed, unsigned hosts);
void sim_destroy(struct sim *sim);

/* Makes a and b each other's peers, at their addresses of now; with a preshared key or not. */
void sim_join(struct sim *sim, unsigned a, unsigned b, bool has_psk);

/* The slot of host `to` at host `from`. */
uint32_t sim_slot(struct sim *sim, unsigned from, unsigned to);
struct peer *sim_peer(struct sim *sim, unsigned from, unsigned to);

/* Host `from` sends an inner packet of len bytes (at least 32) to `to`; returns its number. */
size_t sim_send(struct sim *sim, unsigned from, unsigned to, size_t len);

/* An inner packet with host `source`'s address, sent by `from`: to be refused. */
size_t sim_send_as(struct sim *sim, unsigned from, unsigned source, unsigned to, size_t len);

bool sim_arrived(const struct sim *sim, size_t packet);

/* Lets time pass; ends early, returning true, when packet arrived. SIM_EVER: no packet. */
bool sim_run(struct sim *sim, uint64_t ms, int64_t packet);

/* The next choice, a number below n: the script's, or chance when there is none left. */
uint32_t sim_below(struct sim *sim, uint32_t n);

/* The host's clock as a daemon reads it. */
struct moment sim_moment(const struct sim *sim, const struct sim_host *host);
void sim_chance(struct sim *sim, struct chance *chance);

/* The network lets go of what it held back for longer than it delays now. */
void sim_drop_late(struct sim *sim);

/*
 * The network is good and all hosts are up: what is under way arrives (but for what was held back
 * longer), and then each gets through to each. Host 0 may be somewhere else.
 */
void sim_heal(struct sim *sim);

/* The host is somewhere else now: another address and port. */
void sim_move(struct sim *sim, unsigned host);

void sim_set_up(struct sim *sim, unsigned host, bool is_up);

/* The host is suspended for so long; its clock counts that. */
void sim_sleep(struct sim *sim, unsigned host, uint64_t ms);

/* The host's device goes on in other memory, as after a live upgrade. */
void sim_remap(struct sim *sim, unsigned host);

/* Host `at` forgets `other` and learns it anew: all but its keys and place is lost. */
void sim_rejoin(struct sim *sim, unsigned at, unsigned other);

/* Puts a datagram on its way; for tests that forge or repeat one. */
void sim_transmit(struct sim *sim, const struct endpoint *source,
	const struct endpoint *destination, uint8_t ecn, const void *bytes, size_t len);

/* sim_host.c: what arrives at a host, and what its clock asks for. */
void sim_host_receive(struct sim *sim, struct sim_host *host, struct sim_datagram *datagram);
void sim_host_packet(struct sim *sim, struct sim_host *host, const uint8_t *packet, size_t len);
void sim_host_finish(struct sim *sim, struct sim_host *host, struct handshake_job *job);
void sim_host_tick(struct sim *sim, struct sim_host *host);
void sim_host_obey(struct sim *sim, struct sim_host *host, uint32_t slot, unsigned effects);

/* sim_check.c: what must hold after every event, and when a datagram is sealed or accepted. */
void sim_check(struct sim *sim);
void sim_check_sealing(struct sim *sim, struct sim_host *host, uint32_t slot,
	const struct symmetric_key *key, uint64_t counter);
void sim_check_stamp(
	struct sim *sim, struct sim_host *host, uint32_t slot, const struct tai64n *stamp);
void sim_check_accepted(
	struct sim *sim, struct sim_host *host, uint32_t slot, const uint8_t *packet, size_t len);

#endif

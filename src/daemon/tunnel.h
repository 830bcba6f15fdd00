/*
 * The tunnel: the protocol's device and the system's two ends of it, and the memory in which
 * packets move between them. Everything here belongs to the loop's thread.
 */
#ifndef CULVERT_DAEMON_TUNNEL_H
#define CULVERT_DAEMON_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "bulk.h"
#include "device.h"
#include "event.h"
#include "handshaker.h"
#include "known.h"
#include "log.h"
#include "pool.h"
#include "rtnl.h"
#include "staging.h"
#include "thinner.h"
#include "tun.h"
#include "udp.h"

enum {
	TUNNEL_PEERS_MAX = 131072,
	TUNNEL_PREFIXES_MAX = 1048576,
	TUNNEL_JITTER_POOL = 64,
};

/* What a daemon has room for; pages that are not used cost nothing. */
extern const struct device_limits tunnel_limits;

struct chronicle;
struct egress;
struct ingress;

struct tunnel {
	struct log log;
	struct event_loop loop;
	struct tun tun;
	struct udp_pair udp;    /* closed while the interface is down */
	struct thinner thinner; /* of what comes in by them */
	struct known known;     /* to the thinner; none while it is not at work */
	uint16_t listen_port;   /* as configured or once got; 0: any */
	uint32_t fwmark;
	size_t mtu;
	bool is_wanted_up; /* the interface is up; device->is_up: and there are sockets */
	bool is_deleted;   /* the TUN device is gone */
	bool watches_room; /* of the sockets: a full one holds packets back */

	struct arena device_memory, staging_memory, sources_memory;
	/* Whether a peer's local address was looked at since the routes changed: see sources.h. */
	uint32_t *sources_checked; /* by slot */
	uint32_t routes_epoch;
	struct rtnl routes;
	struct device *device;
	struct staging *staging;
	struct bulk_engine *engine;  /* the loop's */
	uint64_t sessions_forgotten; /* of device->sessions_wiped, by the engine */
	struct pool *pool;
	struct handshaker *handshaker;
	struct chronicle *chronicle;
	struct egress *egress;
	struct ingress *ingress;

	uint32_t jitter[TUNNEL_JITTER_POOL];
	unsigned jitter_left;
};

/*
 * Takes memory and descriptors; tun is open already and owned by the tunnel from here on. 0; or
 * -errno, and all is closed and freed again. Sockets come with tunnel_set_up().
 */
int tunnel_init(struct tunnel *tunnel, const struct tun *tun, const struct device_limits *limits,
	const struct log *log);

/*
 * Starts the handshake worker and, for threads above 1, so many less one in the pool. Once, before
 * anything moves. -errno: tunnel_fini() is all that may follow.
 */
int tunnel_start(struct tunnel *tunnel, unsigned threads);

/* Wipes and frees everything; closes the TUN device. */
void tunnel_fini(struct tunnel *tunnel);

/*
 * The interface went up or down: sockets and sessions follow. -errno when going up fails for the
 * sockets; the tunnel then counts as down until another port or mark is configured.
 */
int tunnel_set_up(struct tunnel *tunnel, bool is_up, struct instant now);

/* New outer sockets in place of the old ones; the loop watches them for reading. */
void tunnel_use_sockets(struct tunnel *tunnel, const struct udp_pair *udp);
void tunnel_close_sockets(struct tunnel *tunnel);

/* Finishes the handshakes that the worker is done with and gives it new ones. */
void tunnel_handshakes(struct tunnel *tunnel, struct moment now);

/* While a socket is full the sockets are watched for room; the TUN device waits by itself. */
void tunnel_watch_room(struct tunnel *tunnel);

/* Lets in less or more of what strangers send; rested: when the loop had nothing to do last. */
void tunnel_thin(struct tunnel *tunnel, struct instant rested, struct instant now);

/* Lets all of it in, for whoever reads these sockets next. */
void tunnel_thin_no_more(struct tunnel *tunnel);

/* Obeys every timer that is due. */
void tunnel_tick(struct tunnel *tunnel, struct moment now);

/*
 * When sessions have been wiped and no batch is under way, wipes what the engines and their threads'
 * stacks still hold of the keys. Once a turn of the loop, not for each session.
 */
void tunnel_forget_keys(struct tunnel *tunnel);

/* The peer leaves: what waits for it is dropped too. */
void tunnel_remove_peer(struct tunnel *tunnel, uint32_t slot);

struct moment tunnel_now(void);

#endif

/*
 * Life of the tunnel, and obeying the core: the one place where effects become deeds.
 */
#include "tunnel.h"

#include <errno.h>
#include <string.h>
#include "chronicle.h"
#include "clock.h"
#include "effects.h"
#include "egress.h"
#include "ensure.h"
#include "entropy.h"
#include "ingress.h"
#include "lifecycle.h"
#include "limits.h"
#include "members.h"
#include "notes.h"
#include "sources.h"
#include "tags.h"
#include "tick.h"
#include "wipe.h"
#include "wire.h"

/* DSCP AF41, as every WireGuard marks handshakes; ECN 00. */
enum { HANDSHAKE_DS = 0x88 };

struct moment tunnel_now(void)
{
	return (struct moment){.at = clock_now(), .wall = clock_wall()};
}

const struct device_limits tunnel_limits = {
	.peers_max = TUNNEL_PEERS_MAX,
	.prefixes_max = TUNNEL_PREFIXES_MAX,
	.sources_max = RATE_SOURCES_MAX,
};

static int reserve_memory(struct tunnel *tunnel, const struct device_limits *limits)
{
	struct chance chance;
	int err = arena_reserve(
		&tunnel->device_memory, device_size(limits), ARENA_PRIVATE | ARENA_LOCKED);

	if (err < 0)
		return err;
	err = arena_reserve(
		&tunnel->staging_memory, staging_size(limits->peers_max), ARENA_PRIVATE);
	if (err < 0)
		return err;
	err = arena_reserve(&tunnel->sources_memory, limits->peers_max * sizeof(uint32_t), 0);
	if (err < 0)
		return err;
	tunnel->sources_checked = tunnel->sources_memory.base;
	entropy_fill(&chance, sizeof(chance));
	tunnel->device = device_init(tunnel->device_memory.base, limits, &chance);
	tunnel->staging = staging_init(tunnel->staging_memory.base, limits->peers_max);
	wipe(&chance, sizeof(chance));
	return 0;
}

int tunnel_init(struct tunnel *tunnel, const struct tun *tun, const struct device_limits *limits,
	const struct log *log)
{
	int err;

	ENSURE(limits->peers_max <= TUNNEL_PEERS_MAX);
	*tunnel = (struct tunnel){
		.tun = *tun, .log = *log, .mtu = MTU_DEFAULT, .udp = {.fd4 = -1, .fd6 = -1}};
	err = event_open(&tunnel->loop);
	if (err < 0) {
		tun_close(&tunnel->tun);
		return err;
	}
	err = reserve_memory(tunnel, limits);
	if (err < 0)
		goto fail;
	err = chronicle_create(&tunnel->chronicle, limits->peers_max, log, clock_now());
	if (err < 0)
		goto fail;
	err = rtnl_open(&tunnel->routes);
	if (err < 0)
		goto fail;
	tunnel->engine = bulk_create(BULK_BEST);
	err = tunnel->engine ? 0 : -ENOMEM;
	if (err < 0)
		goto fail;
	err = event_add(&tunnel->loop, tun->fd, EVENT_READ | EVENT_EDGE, TAG_TUN);
	if (err < 0)
		goto fail;
	return 0;
fail:
	tunnel_fini(tunnel);
	return err;
}

int tunnel_start(struct tunnel *tunnel, unsigned threads)
{
	int err = pool_create(&tunnel->pool, threads - 1, &tunnel->loop);

	if (err == 0)
		err = egress_create(&tunnel->egress, threads - 1);
	if (err == 0)
		err = ingress_create(&tunnel->ingress, tunnel->tun.offloads, threads - 1);
	if (err == 0)
		err = handshaker_create(
			&tunnel->handshaker, tunnel->device->limits.peers_max, &tunnel->loop);
	return err;
}

void tunnel_close_sockets(struct tunnel *tunnel)
{
	if (tunnel->udp.fd4 >= 0)
		event_remove(&tunnel->loop, tunnel->udp.fd4);
	if (tunnel->udp.fd6 >= 0)
		event_remove(&tunnel->loop, tunnel->udp.fd6);
	/* Before: a thread may be sending by them. */
	if (tunnel->egress)
		egress_discard(tunnel);
	udp_close(&tunnel->udp);
	tunnel->udp = (struct udp_pair){.fd4 = -1, .fd6 = -1};
}

void tunnel_fini(struct tunnel *tunnel)
{
	handshaker_destroy(tunnel->handshaker);
	pool_destroy(tunnel->pool);
	tunnel_close_sockets(tunnel);
	if (tunnel->device)
		device_fini(tunnel->device);
	ingress_destroy(tunnel->ingress);
	egress_destroy(tunnel->egress);
	bulk_destroy(tunnel->engine);
	chronicle_destroy(tunnel->chronicle);
	rtnl_close(&tunnel->routes);
	arena_release(&tunnel->sources_memory);
	arena_release(&tunnel->staging_memory);
	arena_release(&tunnel->device_memory);
	event_close(&tunnel->loop);
	tun_close(&tunnel->tun);
	wipe(tunnel, sizeof(*tunnel));
}

void tunnel_use_sockets(struct tunnel *tunnel, const struct udp_pair *udp)
{
	tunnel_close_sockets(tunnel);
	tunnel->udp = *udp;
	tunnel->thinner = (struct thinner){.data = 0};
	tunnel->known.count = 0;
	tunnel->listen_port = udp->port;
	tunnel->watches_room = false;
	if (udp->fd4 >= 0)
		event_add(&tunnel->loop, udp->fd4, EVENT_READ | EVENT_EDGE, TAG_UDP4);
	if (udp->fd6 >= 0)
		event_add(&tunnel->loop, udp->fd6, EVENT_READ | EVENT_EDGE, TAG_UDP6);
}

void tunnel_watch_room(struct tunnel *tunnel)
{
	bool is_blocked = egress_is_blocked(tunnel);
	unsigned wanted = EVENT_EDGE | EVENT_READ | (is_blocked ? EVENT_WRITE : 0);

	if (is_blocked == tunnel->watches_room)
		return;
	tunnel->watches_room = is_blocked;
	if (tunnel->udp.fd4 >= 0)
		event_change(&tunnel->loop, tunnel->udp.fd4, wanted, TAG_UDP4);
	if (tunnel->udp.fd6 >= 0)
		event_change(&tunnel->loop, tunnel->udp.fd6, wanted, TAG_UDP6);
}

static void tell_sockets(struct tunnel *tunnel, struct instant now)
{
	static const struct udp_named named[] = {
		{MESSAGE_RESPONSE, RESPONSE_RECEIVER_AT},
		{MESSAGE_COOKIE_REPLY, OTHER_RECEIVER_AT},
		{MESSAGE_DATA, OTHER_RECEIVER_AT},
	};
	const struct thinner_class *classes = tunnel->thinner.classes;

	tunnel->known.count = 0;
	if (thinner_is_at_work(&tunnel->thinner))
		known_find(&tunnel->known, tunnel->device, now);
	udp_thin(&tunnel->udp, &(struct udp_thinning){
				       .named = named,
				       .named_count = sizeof(named) / sizeof(named[0]),
				       .mark = tunnel->device->mark,
				       .known = tunnel->known.addresses,
				       .known_count = tunnel->known.count,
				       .claim = MESSAGE_INITIATION,
				       .claim_at = THINNER_COOKIE_AT,
				       .level = classes[THINNER_FIRST].level,
				       .named_level = classes[THINNER_ASTRAY].level,
				       .known_level = classes[THINNER_KNOWN].level,
				       .claim_level = classes[THINNER_WITH_COOKIE].level,
			       });
}

void tunnel_thin(struct tunnel *tunnel, struct instant rested, struct instant now)
{
	bool was_at_work = thinner_is_at_work(&tunnel->thinner);

	if (!thinner_judge(&tunnel->thinner, rested, now))
		return;
	if (!was_at_work)
		chronicle_note(tunnel->chronicle, &(struct note){.reason = REASON_FLOOD}, now);
	tell_sockets(tunnel, now);
}

void tunnel_thin_no_more(struct tunnel *tunnel)
{
	if (!thinner_is_at_work(&tunnel->thinner))
		return;
	tunnel->thinner = (struct thinner){.data = 0};
	tunnel->known.count = 0;
	udp_thin(&tunnel->udp, &(struct udp_thinning){.level = 0});
}

int tunnel_set_up(struct tunnel *tunnel, bool is_up, struct instant now)
{
	struct udp_pair udp;
	int err;

	tunnel->is_wanted_up = is_up;
	if (is_up == tunnel->device->is_up)
		return 0;
	if (is_up) {
		err = udp_open(&udp, tunnel->listen_port, tunnel->fwmark);
		if (err < 0)
			return err;
		tunnel_use_sockets(tunnel, &udp);
	} else {
		tunnel_close_sockets(tunnel);
		for (uint32_t slot = tunnel->device->first_peer; slot != PEER_NONE;
			slot = device_peer(tunnel->device, slot)->next) {
			staging_drop(tunnel->staging, slot);
			handshaker_forget(tunnel->handshaker, slot);
		}
	}
	device_set_up(tunnel->device, is_up, now);
	return 0;
}

void tunnel_forget_keys(struct tunnel *tunnel)
{
	if (tunnel->sessions_forgotten == tunnel->device->sessions_wiped)
		return;
	/* Batches under way hold keys of their own. */
	if (!egress_is_idle(tunnel) || !ingress_is_idle(tunnel))
		return;
	bulk_forget(tunnel->engine);
	pool_forget(tunnel->pool);
	tunnel->sessions_forgotten = tunnel->device->sessions_wiped;
}

void tunnel_remove_peer(struct tunnel *tunnel, uint32_t slot)
{
	staging_drop(tunnel->staging, slot);
	handshaker_forget(tunnel->handshaker, slot);
	device_remove_peer(tunnel->device, slot);
}

static void finish_job(struct tunnel *tunnel, struct handshake_job *job, struct moment now)
{
	struct endpoint before = notes_endpoint(tunnel, job);
	struct chance chance;
	enum verdict verdict;
	unsigned effects;

	entropy_fill(&chance, sizeof(chance));
	verdict = handshake_finish(tunnel->device, job, now, &chance, &effects);
	wipe(&chance, sizeof(chance));
	notes_handshake(tunnel, job, verdict, effects, &before, now.at);
	if (effects & EFFECT_RUN_AGAIN) {
		handshaker_run_again(tunnel->handshaker, job);
		return;
	}
	if (effects & EFFECT_SEND) {
		sources_check(tunnel, job->peer.slot);
		egress_datagram(tunnel, &job->peer,
			&device_peer(tunnel->device, job->peer.slot)->endpoint, job->datagram,
			job->datagram_len, HANDSHAKE_DS);
	}
	if (effects != EFFECT_NONE)
		effects_obey(tunnel, job->peer.slot, effects, now);
	handshaker_release(tunnel->handshaker, job);
}

void tunnel_handshakes(struct tunnel *tunnel, struct moment now)
{
	struct handshake_job *job;

	while ((job = handshaker_take_done(tunnel->handshaker)) != NULL)
		finish_job(tunnel, job, now);
	handshaker_feed(tunnel->handshaker, tunnel->device, tunnel->chronicle, now);
	egress_flush(tunnel);
}

void tunnel_tick(struct tunnel *tunnel, struct moment now)
{
	uint32_t slot;
	unsigned effects;

	while (tick_next(tunnel->device, now.at, &slot, &effects))
		effects_obey(tunnel, slot, effects, now);
	egress_flush(tunnel);
}

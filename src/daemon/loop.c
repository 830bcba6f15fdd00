/*
 * Waiting and handing out. Data goes first and in rounds, both directions in turn, until nothing
 * is pending; no timer makes a batch wait.
 */
#include "loop.h"

#include <string.h>
#include <unistd.h>
#include "egress.h"
#include "ensure.h"
#include "ingress.h"
#include "limits.h"
#include "routewatch.h"
#include "signals.h"
#include "sources.h"
#include "tags.h"
#include "tick.h"
#include "usage.h"

enum {
	/* Rounds of data before anything else gets a look. */
	DATA_ROUNDS = 16,
	/* Batches out in a round, while what comes in gathers to fuller messages. */
	ROUND_BATCHES_OUT = 4,
};

/* So long replies may keep a daemon waiting that wants the tunnel. */
#define CUT_REPLIES_AFTER_NS NS_PER_S

/* So often an interface that is up without sockets asks for its port again. */
#define LISTEN_AGAIN_NS (2 * NS_PER_S)

/* Without rest for so long, a loop does not keep up. So often it looks whether it is disturbed. */
#define HAND_OVER_AFTER_NS NS_PER_MS

/* What one wait found. */
struct found {
	bool has_tun, has_udp4, has_udp6;
	bool is_over;
};

/* As many segments as fit one UDP message, so that no super-packet leaves a crumb behind. */
static void limit_super_packets(struct loop *loop)
{
	struct tunnel *tunnel = loop->tunnel;
	size_t datagram_len = tunnel->mtu + DATA_OVERHEAD;
	size_t segments = UDP_SEGMENTED_MAX / datagram_len;

	/* Where it has moved to it keeps the limit it had. */
	if (!tunnel->tun.has_header || segments == 0 || loop->link->nsid != NSID_OWN)
		return;
	if (segments > UDP_SEGMENTS_MAX)
		segments = UDP_SEGMENTS_MAX;
	/* A kernel that refuses hands over longer ones, which are cut all the same. */
	link_set_gso_max(
		&loop->link->rtnl, loop->link->state.ifindex, (uint32_t)segments, TUN_PACKET_MAX);
}

/*
 * The interface is not where it was any more: deleted, or moved to another network namespace, where
 * it is still ours and watched from here on. The sockets stay in the namespace they were made in.
 */
static void follow_away(struct loop *loop)
{
	struct tunnel *tunnel = loop->tunnel;
	int fd, err;

	tunnel->is_deleted = tun_refresh(&tunnel->tun) < 0;
	if (tunnel->is_deleted)
		return;
	fd = tun_namespace(&tunnel->tun);
	err = fd < 0 ? fd : linkwatch_follow(loop->link, fd, tunnel->tun.name);
	if (err < 0)
		log_error(&tunnel->log, "Following the interface to another network namespace: %s",
			strerror(-err));
	if (fd >= 0)
		close(fd);
}

/*
 * Whoever has the port may let it go, as a daemon does that is being replaced by hand: it is asked for
 * again until it is there, another is set, or the interface goes down.
 */
static void set_up(struct loop *loop, bool is_up, struct moment now)
{
	struct tunnel *tunnel = loop->tunnel;
	bool was_refused = loop->listen_at.ns != INSTANT_NEVER.ns;
	int err = tunnel_set_up(tunnel, is_up, now.at);

	loop->listen_at = err < 0 ? instant_after(now.at, LISTEN_AGAIN_NS) : INSTANT_NEVER;
	if (err < 0 && !was_refused)
		log_error(&tunnel->log,
			"Listening on port %u: %s. It is tried again until it works",
			tunnel->listen_port, strerror(-err));
	else if (err == 0 && was_refused && is_up)
		log_error(&tunnel->log, "Listening on port %u: it works now", tunnel->udp.port);
}

static void follow_link(struct loop *loop, struct moment now)
{
	struct tunnel *tunnel = loop->tunnel;
	const struct link_state *state = &loop->link->state;

	if (!state->exists)
		follow_away(loop);
	if (!state->exists)
		return;
	if (tunnel->mtu != state->mtu) {
		tunnel->mtu = state->mtu;
		limit_super_packets(loop);
	}
	set_up(loop, state->is_up, now);
	tunnel_tick(tunnel, now);
}

static void take_event(
	struct loop *loop, const struct event *event, struct moment now, struct found *found)
{
	struct tunnel *tunnel = loop->tunnel;

	if (event->tag == EVENT_TAG_WAKE)
		return;
	if (event->tag >= TAG_PUBLIC_CONNECTION) {
		control_ready(loop->public_control, (unsigned)(event->tag - TAG_PUBLIC_CONNECTION),
			event->ready, now);
		return;
	}
	if (event->tag >= TAG_CONNECTION) {
		control_ready(
			loop->control, (unsigned)(event->tag - TAG_CONNECTION), event->ready, now);
		return;
	}
	switch ((enum tag)event->tag) {
	case TAG_TUN:
		found->has_tun = true;
		/* It is not read while a socket is full, so its end is looked at here. */
		if (event->ready & EVENT_ERROR)
			tunnel->is_deleted = tun_refresh(&tunnel->tun) < 0;
		break;
	case TAG_UDP4:
		found->has_udp4 = true;
		break;
	case TAG_UDP6:
		found->has_udp6 = true;
		break;
	case TAG_SIGNAL:
		found->is_over = signals_read(loop->signals) != 0 || found->is_over;
		break;
	case TAG_LINK:
		if (linkwatch_read(loop->link) != 0)
			follow_link(loop, now);
		break;
	case TAG_ROUTES:
		if (routewatch_read(loop->routes)) {
			sources_doubt(tunnel);
			egress_forget_paths(tunnel);
		}
		break;
	case TAG_SOCKET_FILE:
		found->is_over = sockwatch_check(loop->socket_file) || found->is_over;
		break;
	case TAG_LISTENER:
		control_accept(loop->control);
		break;
	case TAG_PUBLIC_LISTENER:
		control_accept(loop->public_control);
		break;
	case TAG_CONNECTION:
	case TAG_PUBLIC_CONNECTION:
		break;
	}
}

/* True when there is something that can be done at once. */
static bool is_pending(const struct tunnel *tunnel, const struct found *found)
{
	return ((found->has_udp4 || found->has_udp6) && ingress_has_room(tunnel)) ||
	       (found->has_tun && egress_has_room(tunnel) && !egress_is_blocked(tunnel));
}

/* True for a loop that has not come to rest for a while: the pool can take the way out. */
static bool is_busy(const struct loop *loop, struct instant now)
{
	return instant_age(now, loop->rested) >= HAND_OVER_AFTER_NS;
}

/*
 * True when the loop had a processor all the time. Where others take it there is none for the pool, and to
 * wake it for the cipher alone would only cost.
 */
static bool is_undisturbed(struct loop *loop, struct instant now)
{
	if (instant_age(now, loop->looked) >= HAND_OVER_AFTER_NS) {
		long preemptions = usage_preemptions();

		loop->is_undisturbed = preemptions == loop->preemptions;
		loop->preemptions = preemptions;
		loop->looked = now;
	}
	return loop->is_undisturbed;
}

/*
 * Moves data both ways until nothing is pending or it is the others' turn. When the loop does not
 * keep up the pool's threads share the computing, and the loop computes with them when all batches
 * are theirs.
 */
static void move_data(struct loop *loop, struct found *found)
{
	struct tunnel *tunnel = loop->tunnel;

	for (unsigned round = 0; round < DATA_ROUNDS; round++) {
		struct moment now = tunnel_now();
		bool helps_out = is_busy(loop, now.at);
		bool helps_in = helps_out && is_undisturbed(loop, now.at);

		ingress_deliver(tunnel, now);
		if (found->has_udp4)
			found->has_udp4 = tunnel->udp.fd4 >= 0 &&
					  ingress_run(tunnel, tunnel->udp.fd4, helps_in, now);
		if (found->has_udp6)
			found->has_udp6 = tunnel->udp.fd6 >= 0 &&
					  ingress_run(tunnel, tunnel->udp.fd6, helps_in, now);
		for (unsigned i = 0; i < ROUND_BATCHES_OUT && found->has_tun; i++)
			found->has_tun = egress_run(tunnel, helps_out, now);
		if (!is_pending(tunnel, found) && !pool_help(tunnel->pool, tunnel->engine))
			return;
	}
}

/*
 * Another daemon is ready to go on: gives it the tunnel as soon as no client of the control socket is
 * in the middle of something, which replies may be for a while only.
 */
static void offer_tunnel(struct loop *loop, struct found *found, struct instant now)
{
	struct tunnel *tunnel = loop->tunnel;
	int taker;

	if (!control_has_taker(loop->control)) {
		loop->cut_at = INSTANT_NEVER;
		return;
	}
	if (loop->cut_at.ns == INSTANT_NEVER.ns)
		loop->cut_at = instant_after(now, CUT_REPLIES_AFTER_NS);
	taker = control_taker(loop->control, instant_reached(now, loop->cut_at));
	if (taker < 0)
		return;
	loop->is_replaced = handover_give(tunnel, taker, &loop->duties);
	control_end_taking(loop->control);
	if (loop->is_replaced)
		return;
	log_error(&tunnel->log, "Another daemon asked for the tunnel and did not take it");
	/* What became readable meanwhile was not told twice. */
	found->has_tun = found->has_udp4 = found->has_udp6 = true;
}

static int add_watches(struct loop *loop)
{
	struct event_loop *events = &loop->tunnel->loop;
	int err = event_add(events, loop->signals, EVENT_READ, TAG_SIGNAL);

	if (err == 0)
		err = event_add(events, loop->link->fd, EVENT_READ, TAG_LINK);
	if (err == 0 && loop->routes >= 0)
		err = event_add(events, loop->routes, EVENT_READ, TAG_ROUTES);
	if (err == 0 && loop->socket_file)
		err = event_add(events, loop->socket_file->fd, EVENT_READ, TAG_SOCKET_FILE);
	return err;
}

/* When there is something to do although nothing comes. */
static struct instant when_due(const struct loop *loop)
{
	const struct tunnel *tunnel = loop->tunnel;
	struct instant own = instant_min(loop->cut_at, loop->listen_at);
	struct instant others =
		instant_min(service_when(loop->service), thinner_when(&tunnel->thinner));

	return instant_min(tick_when(tunnel->device), instant_min(own, others));
}

int loop_run(struct loop *loop)
{
	struct tunnel *tunnel = loop->tunnel;
	struct found found = {.is_over = false};
	int err = add_watches(loop);

	if (err < 0)
		return err;
	loop->cut_at = loop->listen_at = INSTANT_NEVER;
	limit_super_packets(loop);
	follow_link(loop, tunnel_now());
	while (!found.is_over && !tunnel->is_deleted && !loop->is_replaced) {
		struct event events[EVENT_BATCH_MAX];
		bool may_rest = !is_pending(tunnel, &found);
		struct instant due = when_due(loop);
		int count = event_wait(&tunnel->loop, may_rest ? due : (struct instant){0}, events,
			EVENT_BATCH_MAX);
		struct moment now = tunnel_now();

		if (count < 0)
			return count;
		service_live(loop->service, now.at);
		if (may_rest)
			loop->rested = now.at;
		for (int i = 0; i < count; i++)
			take_event(loop, &events[i], now, &found);
		if (instant_reached(now.at, loop->listen_at))
			set_up(loop, tunnel->is_wanted_up, now);
		move_data(loop, &found);
		tunnel_handshakes(tunnel, tunnel_now());
		tunnel_tick(tunnel, tunnel_now());
		tunnel_handshakes(tunnel, tunnel_now());
		tunnel_watch_room(tunnel);
		tunnel_thin(tunnel, loop->rested, now.at);
		tunnel_forget_keys(tunnel);
		offer_tunnel(loop, &found, tunnel_now().at);
	}
	return 0;
}

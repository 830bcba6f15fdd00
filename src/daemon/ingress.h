/*
 * Datagrams in, in three stages a batch: gather (the loop: receive, find the keys; handshakes go to
 * the handshaker), open (the loop, or a thread of the pool), deliver (the loop, in the order of
 * gathering: replay window, source check, coalescing, the TUN device).
 */
#ifndef CULVERT_DAEMON_INGRESS_H
#define CULVERT_DAEMON_INGRESS_H

#include <stdbool.h>
#include "instant.h"
#include "tunnel.h"

/* offloads: what the TUN device takes; threads: of the pool. */
int ingress_create(struct ingress **ingress, unsigned offloads, unsigned threads);
void ingress_destroy(struct ingress *ingress);

/*
 * Gathers one batch from fd, a socket of the tunnel's, and sees it on its way. may_hand_over: the
 * pool's threads may open it. True when there may be more to receive.
 */
bool ingress_run(struct tunnel *tunnel, int fd, bool may_hand_over, struct moment now);

/* False while the pool has all batches. */
bool ingress_has_room(const struct tunnel *tunnel);

/* True when no batch is under way. */
bool ingress_is_idle(const struct tunnel *tunnel);

/* Delivers the batches that are open, in their order. */
void ingress_deliver(struct tunnel *tunnel, struct moment now);

#endif

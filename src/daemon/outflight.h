/*
 * Batches out that are under way, in the order in which they were gathered. They are sealed by the
 * loop or by threads of the pool, any number at once, and sent by whoever has sealed the one whose turn
 * it is: so the way out has a thread of its own as soon as the pool helps. What the kernel did not simply
 * take is the loop's.
 */
#ifndef CULVERT_DAEMON_OUTFLIGHT_H
#define CULVERT_DAEMON_OUTFLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include "outbatch.h"
#include "outsend.h"
#include "tunnel.h"

enum { OUTFLIGHT_MAX = 16 };

struct outflight {
	/* Whose turn it is to send, and what a sending thread uses. */
	pthread_mutex_t sending;
	struct outcall *call;
	unsigned turn; /* the place in the ring */
	bool is_held;  /* the batch there was not taken as a whole: the loop goes on with it */
	/* The loop's. A ring: from `first` on, `in_flight` batches. */
	unsigned batches_count, first, in_flight;
	struct outbatch *batches[OUTFLIGHT_MAX];
};

/* Empty; its batches (batches_count of them) are filled in and initialised by the caller before. */
void outflight_init(struct outflight *flight, struct outcall *call);
void outflight_fini(struct outflight *flight);

/* Where the next packets may be gathered, empty; NULL: all batches are under way. */
struct outbatch *outflight_next(struct outflight *flight, size_t mtu);

/* What was gathered there is under way from here on. With a pool, that seals it; else it is sealed now. */
void outflight_begin(struct outflight *flight, struct outsend *outsend, struct tunnel *tunnel,
	struct pool *pool);

/*
 * Sends what is sealed and nobody else sends, and counts what is sent. False: a full socket left
 * something.
 */
bool outflight_advance(struct outflight *flight, struct outsend *outsend, struct tunnel *tunnel);

/* The sockets are about to be closed: what is sealed is forgotten, and nothing is sent by them any more. */
void outflight_discard(struct outflight *flight);

#endif

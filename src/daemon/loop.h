/*
 * The event loop: everything that culvertd waits for, and who deals with it.
 */
#ifndef CULVERT_DAEMON_LOOP_H
#define CULVERT_DAEMON_LOOP_H

#include "control.h"
#include "handover.h"
#include "linkwatch.h"
#include "service.h"
#include "sockwatch.h"
#include "tunnel.h"

struct loop {
	struct tunnel *tunnel;
	struct control *control;
	struct control *public_control; /* NULL: there is none */
	struct linkwatch *link;
	struct sockwatch *socket_file; /* NULL: the socket has no file of ours */
	struct service *service;
	int signals;
	int routes; /* -1: not watched */
	struct handover_duties duties;
	bool is_replaced;      /* out: another daemon runs the tunnel now, and this one must not */
	struct instant rested; /* when nothing was pending last */
	/* Whether others took the loop's processor between the last two looks. */
	struct instant looked;
	long preemptions;
	bool is_undisturbed;
	struct instant cut_at;    /* a daemon that wants the tunnel waits for replies no longer */
	struct instant listen_at; /* when to ask again for a port that was refused */
};

/*
 * Runs until a signal, the device's deletion, the socket file's, or another daemon has the tunnel; 0
 * then, or -errno.
 */
int loop_run(struct loop *loop);

#endif

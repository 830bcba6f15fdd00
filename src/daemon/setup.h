/*
 * What runs: opened in order, with all the rights the daemon is started with, and taken down again.
 */
#ifndef CULVERT_DAEMON_SETUP_H
#define CULVERT_DAEMON_SETUP_H

#include <stdbool.h>
#include "arguments.h"
#include "control.h"
#include "daemonize.h"
#include "handover.h"
#include "linkwatch.h"
#include "log.h"
#include "service.h"
#include "sockwatch.h"
#include "tunnel.h"

/* In the order in which it is set up; what is not there yet is not taken down. */
struct daemon {
	struct log log;
	int signals;
	struct service service;
	struct tun tun;           /* until the tunnel has it */
	bool is_new;              /* the interface was not there before */
	struct handover handover; /* with the daemon whose tunnel this one takes */
	bool is_persistent;       /* the interface: stays when the daemon dies */
	bool has_files;           /* those of the sockets are ours to remove */
	bool is_given;            /* by WG_TUN_FD: how long it stays is the giver's affair */
	int listener;
	char socket_path[UNIXSOCK_PATH_MAX];
	struct sockwatch socket_file;
	bool has_socket_file;
	struct linkwatch link;
	bool has_link;
	int routes; /* -1: not watched */
	struct tunnel tunnel;
	bool has_tunnel;
	struct control *control;
	int public_listener; /* -1: everybody is told nothing */
	char public_path[UNIXSOCK_PATH_MAX];
	struct control *public_control;
	char complaint[DAEMONIZE_MESSAGE_MAX]; /* why it does not start, or ended */
};

/* Of a daemon that is not set up: there is nothing to be taken down. */
#define SETUP_NOTHING                                                                              \
	((struct daemon){.signals = -1,                                                            \
		.service = SERVICE_NONE,                                                           \
		.tun = {.fd = -1},                                                                 \
		.handover = {.fd = -1},                                                            \
		.listener = -1,                                                                    \
		.public_listener = -1,                                                             \
		.routes = -1})

/* 0 when all but the threads is there; or -errno, which is complained of. */
int setup_open(struct daemon *daemon, const struct arguments *arguments);

/* Also after setup_open() has failed half-way. */
void setup_close(struct daemon *daemon);

/* Keeps what failed for the last word, with a hint where there is one. Returns err. */
int setup_complain(struct daemon *daemon, const char *what, int err);

#endif

/*
 * What a service manager hears of the daemon (systemd's notification protocol): that it is ready or
 * ending, that its loop still turns, and which descriptor to keep for the next one.
 */
#ifndef CULVERT_DAEMON_SERVICE_H
#define CULVERT_DAEMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "instant.h"

struct service {
	int fd;            /* -1: nobody listens */
	bool is_successor; /* of which service_succeed() tells in another process */
	uint64_t every_ns; /* between signs of life; 0: none are wanted */
	struct instant next;
};

/* Of one to whom nobody listens: nothing is ever due. */
#define SERVICE_NONE ((struct service){.fd = -1, .next = INSTANT_NEVER})

/* Whom NOTIFY_SOCKET names, and what WATCHDOG_USEC asks for. -errno: there is none to be reached. */
int service_open(struct service *service);
void service_close(struct service *service);

/*
 * A process that the manager has started, and that is not the main one, has a child that goes on for that
 * which is. Before that one ends: then the manager takes the child for it.
 */
void service_succeed(pid_t child, const char *interface);

/* tun_fd: the manager keeps it when this process dies, and with it interface, addresses and routes. */
void service_ready(struct service *service, const char *interface, int tun_fd, struct instant now);
void service_stopping(struct service *service);

/* A sign of life when one is due; to be called by the loop itself, so that its hanging shows. */
void service_live(struct service *service, struct instant now);

/* When the next is due. */
struct instant service_when(const struct service *service);

#endif

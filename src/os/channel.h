/*
 * Exchanging bytes and descriptors with another process over a stream socket, blocking or not, each
 * time with a bound: for few, short talks in which one waits for the other.
 */
#ifndef CULVERT_OS_CHANNEL_H
#define CULVERT_OS_CHANNEL_H

#include <stddef.h>
#include "instant.h"

enum { CHANNEL_FDS_MAX = 4 };

/*
 * All of the bytes (at least one), and with the first of them copies of the descriptors. -ETIMEDOUT:
 * the deadline came first; -EPIPE: the other end is gone.
 */
int channel_send(int fd, const void *bytes, size_t len, const int *fds, unsigned fds_count,
	struct instant deadline);

/*
 * Exactly len bytes. fds (may be NULL): fds_max places; those that came are close-on-exec and the
 * caller's, the other places are -1. None that is too many stays open. Also when the call fails,
 * fds is as said. -EPIPE: the other end closed before.
 */
int channel_receive(
	int fd, void *bytes, size_t len, int *fds, unsigned fds_max, struct instant deadline);

/*
 * Whatever the other end sends from here on fails there, with -EPIPE; what it has sent before can still
 * be received. Each of its messages is one or the other, as the kernel decides under one lock.
 */
void channel_hear_no_more(int fd);

#endif

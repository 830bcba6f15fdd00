/*
 * Streams of bytes that mean nothing, over TCP: as many as go in a time. For measuring what a path
 * carries. All descriptors are close-on-exec.
 */
#ifndef CULVERT_OS_STREAM_H
#define CULVERT_OS_STREAM_H

#include <stddef.h>
#include "addr.h"
#include "instant.h"

/* Of both families, on all addresses; a descriptor or -errno. */
int stream_listen(uint16_t port);

/* Waits for a connection, or until stop_fd is readable (-ECANCELED). source may be NULL. */
int stream_accept(int listen_fd, int stop_fd, struct endpoint *source);

/*
 * interface: to leave by, or NULL; mark: of the packets, 0 for none. A descriptor, -ETIMEDOUT or
 * -errno.
 */
int stream_connect(
	const struct endpoint *to, const char *interface, uint32_t mark, struct instant deadline);

/*
 * Sends until the deadline, or takes until it or the other end's end; how many bytes are in *bytes.
 * The other end going away ends it without an error.
 */
int stream_push(int fd, struct instant deadline, uint64_t *bytes);
int stream_pull(int fd, struct instant deadline, uint64_t *bytes);

/* Exactly len bytes; -EPIPE: the other end went away; -ETIMEDOUT. */
int stream_write(int fd, const void *bytes, size_t len, struct instant deadline);
int stream_read(int fd, void *bytes, size_t len, struct instant deadline);

/* No more will be sent. */
void stream_end(int fd);

#endif

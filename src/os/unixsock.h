/*
 * Control sockets: stream sockets DIRECTORY/NAME.sock, readable by their owner only, and beside them
 * DIRECTORY/NAME.events for everybody. Which words go over them is not known here. All descriptors
 * are close-on-exec.
 */
#ifndef CULVERT_OS_UNIXSOCK_H
#define CULVERT_OS_UNIXSOCK_H

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

#define UNIXSOCK_DIRECTORY "/var/run/wireguard"

enum {
	UNIXSOCK_PATH_MAX = 108, /* with its NUL: what an address holds */
	UNIXSOCK_NAME_MAX = 15,
};

/* -ENAMETOOLONG, or -EINVAL for an empty name or one with a slash. */
int unixsock_path(char path[UNIXSOCK_PATH_MAX], const char *directory, const char *name);

/*
 * Makes the directory (0755) where missing, removes a socket nobody listens on and listens;
 * returns a non-blocking descriptor. -EADDRINUSE: somebody does listen.
 */
int unixsock_listen(const char *directory, const char *name);

/* The same for everybody's socket. */
int unixsock_listen_public(const char *directory, const char *name);

/* Where that is. */
int unixsock_path_public(char path[UNIXSOCK_PATH_MAX], const char *directory, const char *name);

/* Takes over a listening descriptor: checks it, makes it non-blocking. -EINVAL: not one. */
int unixsock_adopt(int fd);

/* Returns a non-blocking connection; -EAGAIN: none is waiting. */
int unixsock_accept(int listen_fd);

/*
 * Returns a blocking connection. -ENOENT: no such socket; -ECONNREFUSED: nobody listened on it,
 * and it is removed (as far as the caller may).
 */
int unixsock_connect(const char *directory, const char *name);
int unixsock_connect_public(const char *directory, const char *name);

/* Up to len bytes; 0: the other end has closed; -EAGAIN: not now. */
ssize_t unixsock_read(int fd, void *buffer, size_t len);

/* Up to len bytes; -EPIPE, without a signal, when the other end is gone; -EAGAIN: not now. */
ssize_t unixsock_write(int fd, const void *bytes, size_t len);

/* All of them, waiting as it must: for blocking descriptors. */
int unixsock_write_all(int fd, const void *bytes, size_t len);

/* Who is at the other end; pid 0: a process of a namespace we do not see. */
int unixsock_peer(int fd, uid_t *uid, pid_t *pid);

/* A walk over the names of sockets that somebody listens on, in the directory's order. */
struct unixsock_list {
	const char *directory; /* the caller's string */
	DIR *stream;           /* NULL: there is no directory, so no names */
};

int unixsock_list_open(struct unixsock_list *list, const char *directory);
/*
 * 1 and a name; 0 at the end; -errno. Sockets that nobody listens on are removed on the way, those
 * that the caller may not connect to count.
 */
int unixsock_list_next(struct unixsock_list *list, char name[UNIXSOCK_NAME_MAX + 1]);
void unixsock_list_close(struct unixsock_list *list);

#endif

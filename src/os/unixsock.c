/* Control sockets. */
#include "unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections waiting to be accepted: as many as the system lets, since a full queue refuses. */
#define BACKLOG SOMAXCONN

#define SUFFIX        ".sock"
#define PUBLIC_SUFFIX ".events"

/* The name a socket is bound to before it is ready to be seen. */
#define NEW_SUFFIX ".new"

_Static_assert(UNIXSOCK_PATH_MAX == sizeof((struct sockaddr_un){0}.sun_path), "path");

static int make_directory(const char *directory);
static int listen_at(const char *path, mode_t mode);
static int bind_and_move(int fd, const char *path, mode_t mode);
static int connect_to(const char *path, int flags);
static bool is_socket(const char *path);
static int probe(const char *path);
static bool name_of(const char *file, char name[UNIXSOCK_NAME_MAX + 1]);

static int make_path(
	char path[UNIXSOCK_PATH_MAX], const char *directory, const char *name, const char *suffix)
{
	int len;

	if (name[0] == '\0' || strchr(name, '/'))
		return -EINVAL;
	len = snprintf(path, UNIXSOCK_PATH_MAX, "%s/%s%s", directory, name, suffix);
	return len < 0 || len >= UNIXSOCK_PATH_MAX ? -ENAMETOOLONG : 0;
}

int unixsock_path(char path[UNIXSOCK_PATH_MAX], const char *directory, const char *name)
{
	return make_path(path, directory, name, SUFFIX);
}

int unixsock_path_public(char path[UNIXSOCK_PATH_MAX], const char *directory, const char *name)
{
	return make_path(path, directory, name, PUBLIC_SUFFIX);
}

static int listen_as(const char *directory, const char *name, const char *suffix, mode_t mode)
{
	char path[UNIXSOCK_PATH_MAX];
	int err = make_path(path, directory, name, suffix);

	if (!err)
		err = make_directory(directory);
	if (err)
		return err;
	err = probe(path);
	if (err == 0)
		return -EADDRINUSE;
	return err == -ENOENT || err == -ECONNREFUSED ? listen_at(path, mode) : err;
}

int unixsock_listen(const char *directory, const char *name)
{
	return listen_as(directory, name, SUFFIX, 0600);
}

int unixsock_listen_public(const char *directory, const char *name)
{
	return listen_as(directory, name, PUBLIC_SUFFIX, 0666);
}

/* One that was there before is left as it is. */
static int make_directory(const char *directory)
{
	if (mkdir(directory, 0755) == 0)
		return chmod(directory, 0755) < 0 ? -errno : 0; /* whatever the umask was */
	return errno == EEXIST ? 0 : -errno;
}

static int listen_at(const char *path, mode_t mode)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = bind_and_move(fd, path, mode);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/*
 * The socket gets its name when it listens: a client that meets one which does not removes it. The
 * mode set before is the one it is bound with, less the umask, which belongs to the whole process;
 * so what others may do is added after.
 */
static int bind_and_move(int fd, const char *path, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s" NEW_SUFFIX, path);
	int err;

	if (len < 0 || (size_t)len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (unlink(address.sun_path) < 0 && errno != ENOENT)
		return -errno;
	if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (chmod(address.sun_path, mode) == 0 && listen(fd, BACKLOG) == 0 &&
		rename(address.sun_path, path) == 0)
		return 0;
	err = -errno;
	unlink(address.sun_path);
	return err;
}

int unixsock_adopt(int fd)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address), int_len = sizeof(int);
	int status = fcntl(fd, F_GETFL), is_listening = 0;

	if (status < 0)
		return -errno;
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &int_len) < 0 ||
		address.sun_family != AF_UNIX || !is_listening)
		return -EINVAL;
	if (fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int unixsock_accept(int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int connect_as(const char *directory, const char *name, const char *suffix)
{
	char path[UNIXSOCK_PATH_MAX];
	int fd = make_path(path, directory, name, suffix);

	if (fd == 0)
		fd = connect_to(path, 0);
	if (fd == -ECONNREFUSED && is_socket(path))
		unlink(path);
	return fd;
}

int unixsock_connect(const char *directory, const char *name)
{
	return connect_as(directory, name, SUFFIX);
}

int unixsock_connect_public(const char *directory, const char *name)
{
	return connect_as(directory, name, PUBLIC_SUFFIX);
}

static int connect_to(const char *path, int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int err, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path, path, strlen(path));
	do {
		err = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	} while (err == -EINTR);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* The kernel refuses a connection to any other kind of file in the same words. */
static bool is_socket(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

/* 0 when somebody listens there; never waits. */
static int probe(const char *path)
{
	int fd = connect_to(path, SOCK_NONBLOCK);

	if (fd >= 0)
		close(fd);
	if (fd == -ECONNREFUSED && !is_socket(path))
		return -ENOTSOCK;
	return fd >= 0 || fd == -EAGAIN ? 0 : fd; /* EAGAIN: so many are waiting already */
}

ssize_t unixsock_read(int fd, void *buffer, size_t len)
{
	ssize_t got;

	do {
		got = read(fd, buffer, len);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t unixsock_write(int fd, const void *bytes, size_t len)
{
	ssize_t done;

	do {
		done = send(fd, bytes, len, MSG_NOSIGNAL);
	} while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : done;
}

int unixsock_write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t done = unixsock_write(fd, at, len);

		if (done < 0)
			return (int)done;
		at += done;
		len -= (size_t)done;
	}
	return 0;
}

int unixsock_peer(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return -errno;
	*uid = who.uid;
	*pid = who.pid;
	return 0;
}

int unixsock_list_open(struct unixsock_list *list, const char *directory)
{
	list->directory = directory;
	list->stream = opendir(directory);
	return list->stream || errno == ENOENT ? 0 : -errno;
}

int unixsock_list_next(struct unixsock_list *list, char name[UNIXSOCK_NAME_MAX + 1])
{
	struct dirent *entry;

	while (list->stream) {
		int fd;

		errno = 0;
		entry = readdir(list->stream);
		if (!entry)
			return -errno;
		if (!name_of(entry->d_name, name))
			continue;
		fd = unixsock_connect(list->directory, name);
		if (fd >= 0) {
			close(fd);
			return 1;
		}
		/* Whether anybody listens is not for us to know; what uses the name will be told. */
		if (fd == -EACCES)
			return 1;
	}
	return 0;
}

/* Takes the suffix off; false when this is not the name of a control socket. */
static bool name_of(const char *file, char name[UNIXSOCK_NAME_MAX + 1])
{
	size_t len = strlen(file), suffix_len = sizeof(SUFFIX) - 1;

	if (len <= suffix_len || len - suffix_len > UNIXSOCK_NAME_MAX ||
		strcmp(file + len - suffix_len, SUFFIX) != 0)
		return false;
	memcpy(name, file, len - suffix_len);
	name[len - suffix_len] = '\0';
	return true;
}

void unixsock_list_close(struct unixsock_list *list)
{
	if (list->stream)
		closedir(list->stream);
	list->stream = NULL;
}

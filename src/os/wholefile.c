/* Whole files: read to the end, replaced by rename. */
#include "wholefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "wipe.h"

enum { READ_ROOM_MIN = 4096 };

void wholefile_free(char *bytes, size_t len)
{
	if (bytes)
		wipe(bytes, len);
	free(bytes);
}

/* Twice the room, the bytes moved, the old place wiped. */
static int grow(char **bytes, size_t len, size_t *room)
{
	char *more;

	if (*room >= WHOLEFILE_LEN_MAX)
		return -EFBIG;
	more = malloc(2 * *room + 1);
	if (!more)
		return -ENOMEM;
	memcpy(more, *bytes, len);
	wholefile_free(*bytes, len);
	*bytes = more;
	*room *= 2;
	return 0;
}

static int read_to_end(int fd, char **bytes, size_t *len)
{
	size_t room = READ_ROOM_MIN;
	int err = 0;

	*len = 0;
	*bytes = malloc(room + 1);
	if (!*bytes)
		return -ENOMEM;
	for (;;) {
		ssize_t got = read(fd, *bytes + *len, room - *len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		*len += (size_t)got;
		if (*len == room)
			err = grow(bytes, *len, &room);
		if (err)
			return err;
	}
	(*bytes)[*len] = '\0';
	return 0;
}

int wholefile_read(const char *path, char **bytes, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	*bytes = NULL;
	*len = 0;
	if (fd < 0)
		return -errno;
	err = read_to_end(fd, bytes, len);
	close(fd);
	if (err) {
		wholefile_free(*bytes, *len);
		*bytes = NULL;
		*len = 0;
	}
	return err;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t put = write(fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

/* Content, owner and mode of the new file, down to the disk. */
static int fill(int fd, const char *target, const void *bytes, size_t len, mode_t mode)
{
	struct stat old;
	int err = write_all(fd, bytes, len);

	if (err)
		return err;
	/* Only root may give a file away; a user's own file has the right owner already. */
	if (stat(target, &old) == 0 && fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
		return -errno;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* Makes a rename in the directory of path last. */
static int sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, err = 0;

	if (slash)
		snprintf(directory, sizeof(directory), "%.*s", (int)(slash - path) + 1, path);
	else
		snprintf(directory, sizeof(directory), ".");
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Where path leads through links; path itself when nothing is there yet. */
static int follow(const char *path, char target[PATH_MAX])
{
	if (realpath(path, target))
		return 0;
	if (errno != ENOENT)
		return -errno;
	return snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int wholefile_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char target[PATH_MAX], beside[PATH_MAX];
	int err = follow(path, target), fd;

	if (err)
		return err;
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", target) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = fill(fd, target, bytes, len, mode);
	close(fd);
	if (!err && rename(beside, target) < 0)
		err = -errno;
	if (err) {
		unlink(beside);
		return err;
	}
	return sync_directory(target);
}

/* Small files and sysctls. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "grow.h"
#include "smallfile.h"

enum { FILE_MAX = 1 << 20 };

static int read_all(int fd, char **text)
{
	size_t len = 0, room = 0;

	for (;;) {
		char *bytes = grow_array(*text, len + 1, &room, 1);
		ssize_t part;

		if (!bytes)
			return -ENOMEM;
		*text = bytes;
		part = read(fd, bytes + len, room - len - 1);
		if (part < 0 && errno != EINTR)
			return -errno;
		if (part == 0) {
			bytes[len] = 0;
			return 0;
		}
		len += part > 0 ? (size_t)part : 0;
		if (len > FILE_MAX)
			return -EFBIG;
	}
}

int smallfile_read(const char *path, char **text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	*text = NULL;
	if (fd < 0)
		return -errno;
	error = read_all(fd, text);
	close(fd);
	if (error) {
		free(*text);
		*text = NULL;
	}
	return error;
}

int smallfile_write(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t len = strlen(text);
	ssize_t written;
	int error = 0;

	if (fd < 0)
		return -errno;
	written = write(fd, text, len);
	if (written < 0)
		error = -errno;
	else if ((size_t)written < len)
		error = -ENOSPC;
	if (close(fd) < 0 && !error)
		error = -errno;
	return error;
}

static int sysctl_path(const char *name, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "/proc/sys/%s", name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int smallfile_read_sysctl(const char *name)
{
	char path[PATH_MAX], *text;
	int error = sysctl_path(name, path), value;

	if (!error)
		error = smallfile_read(path, &text);
	if (error)
		return error;
	value = (int)strtol(text, NULL, 10);
	free(text);
	return value;
}

int smallfile_write_sysctl(const char *name, int value)
{
	char path[PATH_MAX], text[16];
	int error = sysctl_path(name, path);

	snprintf(text, sizeof(text), "%d\n", value);
	return error ? error : smallfile_write(path, text, 0644);
}

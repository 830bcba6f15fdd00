/* Small files and sysctls. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "smallfile.h"
#include "wholefile.h"

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
	size_t len;

	if (!error)
		error = wholefile_read(path, &text, &len);
	if (error)
		return error;
	value = (int)strtol(text, NULL, 10);
	wholefile_free(text, len);
	return value;
}

int smallfile_write_sysctl(const char *name, int value)
{
	char path[PATH_MAX], text[16];
	int error = sysctl_path(name, path);

	snprintf(text, sizeof(text), "%d\n", value);
	return error ? error : smallfile_write(path, text, 0644);
}

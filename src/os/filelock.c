/* flock(2), waiting. */
#include "filelock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int filelock_take(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX) < 0 && !error)
		if (errno != EINTR)
			error = -errno;
	if (error)
		close(fd);
	return error ? error : fd;
}

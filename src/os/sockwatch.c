/* Watching a control socket's file, by inotify. */
#include "sockwatch.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

static int watch_file(struct sockwatch *watch);

int sockwatch_open(struct sockwatch *watch, const char *path)
{
	int err;

	if (strlen(path) >= sizeof(watch->path))
		return -ENAMETOOLONG;
	strcpy(watch->path, path);
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return -errno;
	err = watch_file(watch);
	if (err)
		sockwatch_close(watch);
	return err;
}

void sockwatch_close(struct sockwatch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
}

/* A listening socket keeps its inode alive, so its removal shows as a change of the link count. */
static int watch_file(struct sockwatch *watch)
{
	struct stat info;

	if (inotify_add_watch(watch->fd, watch->path, IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) <
		0)
		return -errno;
	if (stat(watch->path, &info) < 0)
		return -errno;
	watch->dev = info.st_dev;
	watch->ino = info.st_ino;
	return 0;
}

bool sockwatch_check(struct sockwatch *watch)
{
	char events[1024];
	struct stat info;

	while (read(watch->fd, events, sizeof(events)) > 0)
		continue;
	if (stat(watch->path, &info) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	return info.st_dev != watch->dev || info.st_ino != watch->ino;
}

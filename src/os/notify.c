/* The line to a service manager, by a datagram socket. */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int notify_open(const char *address)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(address);
	int fd;

	if ((address[0] != '/' && address[0] != '@') || len < 2 || len >= sizeof(to.sun_path))
		return -EINVAL;
	memcpy(to.sun_path, address, len);
	if (address[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* An abstract name ends with the address, a path with its NUL. */
	len += offsetof(struct sockaddr_un, sun_path) + (address[0] == '/');
	if (connect(fd, (struct sockaddr *)&to, (socklen_t)len) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int notify_send(int fd, const char *text, int passed)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec piece = {.iov_len = strlen(text)};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

	memcpy(&piece.iov_base, &text, sizeof(text)); /* sending does not change it */
	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

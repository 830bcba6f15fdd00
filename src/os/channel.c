/* sendmsg(), recvmsg() and poll(). */
#include "channel.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "ensure.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
};

/* 0 when the descriptor is ready. */
static int wait_ready(int fd, short wanted, struct instant deadline)
{
	struct pollfd poll_fd = {.fd = fd, .events = wanted};

	for (;;) {
		struct instant now = clock_now();
		uint64_t left = instant_age(deadline, now);
		int ready;

		if (instant_reached(now, deadline))
			return -ETIMEDOUT;
		left = left / NS_PER_MS + 1;
		ready = poll(&poll_fd, 1, left > INT_MAX ? INT_MAX : (int)left);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

static void attach(
	struct msghdr *message, union control *control, const int *fds, unsigned fds_count)
{
	struct cmsghdr *header;

	ENSURE(fds_count <= CHANNEL_FDS_MAX);
	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(fds_count * sizeof(int));
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(fds_count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, fds_count * sizeof(int));
}

int channel_send(int fd, const void *bytes, size_t len, const int *fds, unsigned fds_count,
	struct instant deadline)
{
	struct iovec piece = {(void *)(uintptr_t)bytes, len};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
	union control control;

	if (fds_count > 0)
		attach(&message, &control, fds, fds_count);
	while (piece.iov_len > 0) {
		ssize_t done = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		int err = done < 0 ? -errno : 0;

		if (err == -EAGAIN)
			err = wait_ready(fd, POLLOUT, deadline);
		if (err < 0 && err != -EINTR)
			return err;
		if (done <= 0)
			continue;
		piece.iov_base = (char *)piece.iov_base + done;
		piece.iov_len -= (size_t)done;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	}
	return 0;
}

/* Keeps the descriptors of the message as far as there are places, closes the others. */
static void detach(const struct msghdr *message, int *fds, unsigned fds_max, unsigned *got)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
		c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (*got < fds_max)
				fds[(*got)++] = fd;
			else
				close(fd);
		}
	}
}

void channel_hear_no_more(int fd)
{
	int err = shutdown(fd, SHUT_RD);

	ENSURE(err == 0);
}

int channel_receive(
	int fd, void *bytes, size_t len, int *fds, unsigned fds_max, struct instant deadline)
{
	struct iovec piece = {bytes, len};
	unsigned got = 0;

	for (unsigned i = 0; i < fds_max; i++)
		fds[i] = -1;
	while (piece.iov_len > 0) {
		union control control;
		struct msghdr message = {.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = control.bytes,
			.msg_controllen = sizeof(control.bytes)};
		ssize_t done = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		int err = done < 0 ? -errno : done == 0 ? -EPIPE : 0;

		if (done >= 0)
			detach(&message, fds, fds_max, &got);
		if (err == -EAGAIN)
			err = wait_ready(fd, POLLIN, deadline);
		if (err < 0 && err != -EINTR)
			return err;
		if (done > 0) {
			piece.iov_base = (char *)piece.iov_base + done;
			piece.iov_len -= (size_t)done;
		}
	}
	return 0;
}

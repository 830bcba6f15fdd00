/* Non-blocking sockets, and waiting with a deadline. */
#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "fdwait.h"
#include "sockaddress.h"

enum { CHUNK_LEN = 256 << 10, BACKLOG = 4 };

int stream_listen(uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1, no = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0 ||
		bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, BACKLOG) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

/* IPv4 comes as a mapped address here. */
static void take_source(struct endpoint *source, const struct sockaddr_in6 *from)
{
	bool is_v4 = IN6_IS_ADDR_V4MAPPED(&from->sin6_addr);

	*source = (struct endpoint){.port = ntohs(from->sin6_port)};
	source->addr.family = is_v4 ? IP_V4 : IP_V6;
	memcpy(source->addr.b, from->sin6_addr.s6_addr + (is_v4 ? 12 : 0),
		ip_bytes(source->addr.family));
}

int stream_accept(int listen_fd, int stop_fd, struct endpoint *source)
{
	struct pollfd wait[] = {
		{.fd = listen_fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};

	for (;;) {
		struct sockaddr_in6 from = {0};
		socklen_t from_len = sizeof(from);
		int fd = accept4(listen_fd, (struct sockaddr *)&from, &from_len,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0 && source)
			take_source(source, &from);
		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return -errno;
		if (poll(wait, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (wait[1].revents)
			return -ECANCELED;
	}
}

static int choose_way(int fd, const char *interface, uint32_t mark)
{
	if (interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
				 (socklen_t)strlen(interface)) < 0)
		return -errno;
	if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -errno;
	return 0;
}

static int start_connect(int fd, const struct endpoint *to, struct instant deadline)
{
	union sockaddress address;
	socklen_t len = sockaddress_store(&address, to), error_len = sizeof(int);
	int error = 0;

	if (connect(fd, &address.any, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	error = fdwait(fd, POLLOUT, deadline);
	/* Ready, or the time is over: a socket that is neither has no error yet. */
	if (!error && instant_reached(clock_now(), deadline))
		error = -ETIMEDOUT;
	if (!error && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0)
		error = -error;
	return error;
}

int stream_connect(
	const struct endpoint *to, const char *interface, uint32_t mark, struct instant deadline)
{
	int fd = socket(to->addr.family == IP_V4 ? AF_INET : AF_INET6,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	error = choose_way(fd, interface, mark);
	if (!error)
		error = start_connect(fd, to, deadline);
	if (error)
		close(fd);
	return error ? error : fd;
}

static bool is_gone(int error)
{
	return error == EPIPE || error == ECONNRESET;
}

int stream_push(int fd, struct instant deadline, uint64_t *bytes)
{
	char *chunk = calloc(1, CHUNK_LEN);
	int error = chunk ? 0 : -ENOMEM;

	*bytes = 0;
	while (!error && !instant_reached(clock_now(), deadline)) {
		ssize_t put = send(fd, chunk, CHUNK_LEN, MSG_NOSIGNAL);

		if (put >= 0)
			*bytes += (uint64_t)put;
		else if (is_gone(errno))
			break;
		else if (errno == EAGAIN)
			error = fdwait(fd, POLLOUT, deadline);
		else if (errno != EINTR)
			error = -errno;
	}
	free(chunk);
	return error == -ETIMEDOUT ? 0 : error;
}

int stream_pull(int fd, struct instant deadline, uint64_t *bytes)
{
	char *chunk = malloc(CHUNK_LEN);
	int error = chunk ? 0 : -ENOMEM;

	*bytes = 0;
	while (!error && !instant_reached(clock_now(), deadline)) {
		ssize_t got = recv(fd, chunk, CHUNK_LEN, 0);

		if (got > 0)
			*bytes += (uint64_t)got;
		else if (got == 0 || is_gone(errno))
			break;
		else if (errno == EAGAIN)
			error = fdwait(fd, POLLIN, deadline);
		else if (errno != EINTR)
			error = -errno;
	}
	free(chunk);
	return error == -ETIMEDOUT ? 0 : error;
}

int stream_write(int fd, const void *bytes, size_t len, struct instant deadline)
{
	const char *from = bytes;
	int error = 0;

	while (!error && len) {
		ssize_t put = send(fd, from, len, MSG_NOSIGNAL);

		if (put >= 0) {
			from += put;
			len -= (size_t)put;
		} else if (errno == EAGAIN) {
			error = fdwait(fd, POLLOUT, deadline);
		} else if (errno != EINTR) {
			error = is_gone(errno) ? -EPIPE : -errno;
		}
	}
	return error;
}

int stream_read(int fd, void *bytes, size_t len, struct instant deadline)
{
	char *to = bytes;
	int error = 0;

	while (!error && len) {
		ssize_t got = recv(fd, to, len, 0);

		if (got > 0) {
			to += got;
			len -= (size_t)got;
		} else if (got == 0 || is_gone(errno)) {
			error = -EPIPE;
		} else if (errno == EAGAIN) {
			error = fdwait(fd, POLLIN, deadline);
		} else if (errno != EINTR) {
			error = -errno;
		}
	}
	return error;
}

void stream_end(int fd)
{
	shutdown(fd, SHUT_WR);
}

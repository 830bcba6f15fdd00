/* Echo requests on raw sockets. */
#include "echo.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bytes.h"
#include "clock.h"
#include "entropy.h"
#include "fdwait.h"
#include "sockaddress.h"

enum { HEADER_LEN = 8 };

/* Both families have the same eight bytes. */
struct echo_header {
	uint8_t type, code;
	struct be16 checksum, id, number;
};

_Static_assert(sizeof(struct echo_header) == HEADER_LEN, "RFC 792, RFC 4443");

static int set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Never cut, and no remembered path MTU heeded: that is what is being asked for. */
static int forbid_fragments(const struct echo *echo)
{
	int error;

	if (echo->family == IP_V4)
		return set_option(echo->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	error = set_option(echo->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
	return error ? error : set_option(echo->fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

int echo_open(struct echo *echo, uint8_t family, const char *interface, uint32_t mark)
{
	bool is_v4 = family == IP_V4;
	int error;

	*echo = (struct echo){.family = family,
		.fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			is_v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6)};
	if (echo->fd < 0)
		return -errno;
	entropy_fill(&echo->id, sizeof(echo->id));
	error = forbid_fragments(echo);
	if (!error && interface &&
		setsockopt(echo->fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
			(socklen_t)strlen(interface)) < 0)
		error = -errno;
	if (!error && mark)
		error = set_option(echo->fd, SOL_SOCKET, SO_MARK, (int)mark);
	return error;
}

void echo_close(struct echo *echo)
{
	if (echo->fd >= 0)
		close(echo->fd);
	echo->fd = -1;
}

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t ip_header_len(uint8_t family)
{
	return family == IP_V4 ? ECHO_LEN_MIN_V4 - HEADER_LEN : ECHO_LEN_MIN_V6 - HEADER_LEN;
}

int echo_send(struct echo *echo, const struct ip_addr *to, uint16_t number, size_t packet_len)
{
	static const uint8_t zeros[ECHO_LEN_MAX];
	struct echo_header header = {
		.type = echo->family == IP_V4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		.id = be16_store(echo->id),
		.number = be16_store(number),
	};
	union sockaddress address;
	size_t len = packet_len - ip_header_len(echo->family) - HEADER_LEN;
	struct iovec parts[] = {{&header, sizeof(header)}, {(void *)(uintptr_t)zeros, len}};
	struct msghdr message = {.msg_name = &address,
		.msg_namelen = sockaddress_store(&address, &(struct endpoint){.addr = *to}),
		.msg_iov = parts,
		.msg_iovlen = 2};

	/* Zeros add nothing to the sum; of IPv6 the kernel makes it. */
	if (echo->family == IP_V4)
		header.checksum = be16_store(checksum((const uint8_t *)&header, sizeof(header)));
	return sendmsg(echo->fd, &message, 0) < 0 ? -errno : 0;
}

/* Is it an answer to us? bytes: with the IPv4 header. */
static bool is_answer(const struct echo *echo, const uint8_t *bytes, size_t len, uint16_t *number)
{
	bool is_v4 = echo->family == IP_V4;
	size_t skip = is_v4 && len ? (size_t)(bytes[0] & 0xf) * 4 : 0;
	struct echo_header header;

	if (len < skip + sizeof(header))
		return false;
	memcpy(&header, bytes + skip, sizeof(header));
	*number = be16_load(header.number);
	return header.type == (is_v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	       be16_load(header.id) == echo->id;
}

int echo_take(struct echo *echo, struct ip_addr *from, uint16_t *number)
{
	/* The headers are enough; what is longer is cut. */
	uint8_t bytes[128];
	union sockaddress source;
	socklen_t source_len = sizeof(source);
	ssize_t len = recvfrom(echo->fd, bytes, sizeof(bytes), 0, &source.any, &source_len);

	if (len < 0)
		return errno == EAGAIN ? -EAGAIN : -EBADMSG;
	*from = sockaddress_load(&source).addr;
	return is_answer(echo, bytes, (size_t)len, number) ? 0 : -EBADMSG;
}

int echo_receive(
	struct echo *echo, const struct ip_addr *from, struct instant deadline, uint16_t *number)
{
	struct ip_addr answered;
	int error = 0;

	while (!error) {
		int taken = echo_take(echo, &answered, number);

		if (taken == 0 && ip_addr_equal(&answered, from))
			return 0;
		if (taken == -EAGAIN)
			error = fdwait(echo->fd, POLLIN, deadline);
		else if (instant_reached(clock_now(), deadline))
			error = -ETIMEDOUT;
	}
	return error;
}

/*
 * ICMP echo of both families: asking an address for an answer, with a packet of any size that nobody
 * may cut on the way.
 */
#ifndef CULVERT_OS_ECHO_H
#define CULVERT_OS_ECHO_H

#include <stddef.h>
#include "addr.h"
#include "instant.h"

enum { ECHO_LEN_MAX = 65535, ECHO_LEN_MIN_V4 = 28, ECHO_LEN_MIN_V6 = 48 };

struct echo {
	int fd;
	uint8_t family;
	uint16_t id;
};

/*
 * interface: the one that requests leave by, or NULL. mark: of the packets, for policy routing; 0:
 * none. -EPERM without the right to raw sockets. close always.
 */
int echo_open(struct echo *echo, uint8_t family, const char *interface, uint32_t mark);
void echo_close(struct echo *echo);

/*
 * A request of packet_len bytes with its IP header, at least ECHO_LEN_MIN_..., not to be fragmented.
 * -EMSGSIZE: more than the interface's MTU.
 */
int echo_send(struct echo *echo, const struct ip_addr *to, uint16_t number, size_t packet_len);

/*
 * What has come, without waiting: 0, and who answered which request of ours; -EAGAIN: nothing (more);
 * -EBADMSG: something else, or an error of the path, which only means that an answer is missing.
 */
int echo_take(struct echo *echo, struct ip_addr *from, uint16_t *number);

/* Waits for an answer to one of our requests, and tells which. 0; -ETIMEDOUT; -errno. */
int echo_receive(
	struct echo *echo, const struct ip_addr *from, struct instant deadline, uint16_t *number);

#endif

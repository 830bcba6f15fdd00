/*
 * The answer to one netlink request, one message or a dump: told from what else lies in the socket
 * by its sequence number, and always read to its end, whatever goes wrong on the way, since the
 * kernel takes no other dump before. Any netlink family.
 */
#ifndef CULVERT_OS_NLANSWER_H
#define CULVERT_OS_NLANSWER_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlanswer {
	uint32_t seq; /* of the request */
	mnl_cb_t
		see; /* given each message until it returns MNL_CB_ERROR, with errno set; NULL: none */
	void *context;
	int err;       /* the first thing that went wrong, -errno */
	bool is_whole; /* the end was seen */
};

/*
 * Sends the request and reads its answer into buffer, which must have room for the largest message
 * of it. Anything but a dump is asked to be acknowledged. 0; what see() or the kernel said. -EINTR:
 * things changed while the kernel dumped them, so ask again.
 */
int nlanswer_query(struct mnl_socket *socket, struct nlmsghdr *request, void *buffer, size_t room,
	mnl_cb_t see, void *context);

/* What one datagram adds to the answer. */
void nlanswer_take(struct nlanswer *answer, const void *datagram, size_t len);

#endif

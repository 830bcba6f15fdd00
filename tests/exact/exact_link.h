/* A tunnel's interface from the kernel's side: packets with virtio headers in and out, unchanged. */
#ifndef CULVERT_TESTS_EXACT_LINK_H
#define CULVERT_TESTS_EXACT_LINK_H

#include <linux/virtio_net.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { EXACT_LINK_ROOM = 1 << 17 };

struct exact_link {
	int fd, ifindex;
};

/* In a namespace under /run/netns; returns -errno. What comes from the tunnel is seen from now on. */
int exact_link_open(struct exact_link *link, const char *netns, const char *interface);
void exact_link_close(struct exact_link *link);

/* 0 or -errno; -ENOBUFS: the queue in front of the interface dropped something. */
int exact_link_send(const struct exact_link *link, const struct virtio_net_hdr *header,
	const uint8_t *bytes, size_t len);

/* A packet's length, EXACT_LINK_ROOM bytes at most, or -errno; -EAGAIN: there is none. */
ssize_t exact_link_receive(
	const struct exact_link *link, struct virtio_net_hdr *header, uint8_t *bytes);

/* How many packets this side itself failed to take; counts anew with each call. */
unsigned exact_link_dropped(const struct exact_link *link);

#endif

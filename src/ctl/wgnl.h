/*
 * The messages of the kernel's generic netlink family "wireguard", encoded and decoded. Neither
 * sends nor receives. What does not fit into one message goes on in the next.
 */
#ifndef CULVERT_WGNL_H
#define CULVERT_WGNL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "settings.h"

/* Asks for a dump of the device of this name. room: bytes at buffer. */
struct nlmsghdr *wgnl_encode_get(void *buffer, size_t room, uint16_t family, const char *name);

/* How far into a change the messages are; all zero at the start. */
struct wgnl_progress {
	bool is_begun;
	size_t peer; /* the next to be said */
	size_t ip;   /* its next allowed IP; more than 0: the peer has begun */
	bool is_done;
};

/*
 * The next message of the change; sets progress->is_done with the last. Every message has room
 * for one allowed IP at least, when room is WGNL_ROOM_MIN or more.
 */
enum { WGNL_ROOM_MIN = 512 };
struct nlmsghdr *wgnl_encode_set(void *buffer, size_t room, uint16_t family,
	const struct device_settings *device, struct wgnl_progress *progress);

/*
 * Adds one message of a dump to device (settings_init()ed before the first): a peer that goes on
 * from the message before is joined to it. 0, -EPROTO for a malformed message, -ENOMEM.
 */
int wgnl_decode_get(const struct nlmsghdr *message, struct device_settings *device);

#endif

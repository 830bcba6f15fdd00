/*
 * The TUN device: where inner packets enter and leave. With a vnet header a read may give a
 * super-packet of up to 64 KiB (TSO, USO) whose checksum is still to be finished, and a write may
 * hand one in. All descriptors are non-blocking and close-on-exec. Addresses, MTU and link state
 * are link.h's.
 */
#ifndef CULVERT_OS_TUN_H
#define CULVERT_OS_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
	TUN_NAME_MAX = 15,
	TUN_PACKET_MAX = 65535, /* no packet or super-packet is longer */
	TUN_ROOM = TUN_PACKET_MAX + 1,
};

/* What the kernel may hand us unfinished; each bit needs TUN_CHECKSUM. */
enum tun_offload {
	TUN_CHECKSUM = 1 << 0,
	TUN_TSO4 = 1 << 1,
	TUN_TSO6 = 1 << 2,
	TUN_USO = 1 << 3, /* UDP segmentation, both families; Linux 6.2 */
};

#define TUN_OFFLOAD_ALL (TUN_CHECKSUM | TUN_TSO4 | TUN_TSO6 | TUN_USO)

enum tun_header_flag {
	TUN_NEEDS_CHECKSUM = 1, /* sum from checksum_start on, store checksum_offset behind it */
	TUN_CHECKSUM_VALID = 2,
};

enum tun_gso {
	TUN_GSO_NONE = 0,
	TUN_GSO_TCP4 = 1,
	TUN_GSO_TCP6 = 4,
	TUN_GSO_UDP = 5,    /* virtio's UDP_L4: datagrams of gso_size payload bytes each */
	TUN_GSO_ECN = 0x80, /* or'ed in: the first segment has CWR */
};

/* virtio's legacy header as it stands before each packet; integers in host byte order. */
struct tun_header {
	uint8_t flags;            /* enum tun_header_flag */
	uint8_t gso;              /* enum tun_gso */
	uint16_t header_len;      /* bytes of headers before the payload; a hint, do not trust it */
	uint16_t gso_size;        /* payload bytes a segment */
	uint16_t checksum_start;  /* from the packet's first byte */
	uint16_t checksum_offset; /* from checksum_start */
};

struct tun {
	int fd; /* -1: closed */
	char name[TUN_NAME_MAX + 1];
	bool has_header; /* packets carry a struct tun_header; else none, and no offloads */
	bool is_multi_queue;
	unsigned offloads; /* enum tun_offload: what the kernel may hand us */
};

/* True for 1 to TUN_NAME_MAX bytes that may name an interface, its socket and its file. */
bool tun_name_valid(const char *name);

/*
 * Creates the device, or attaches to one that persists, with vnet headers. is_multi_queue: more
 * calls with this name add queues. No offloads yet. -EINVAL: no good name, or a device of another
 * kind has it; -EBUSY: somebody is attached; -ENOENT, -EPERM: no /dev/net/tun, no right to it.
 */
int tun_open(struct tun *tun, const char *name, bool is_multi_queue);

/*
 * Takes over an open, attached descriptor, with or without vnet headers; tun owns it when 0 is
 * returned. It must have been made with IFF_NO_PI, which the kernel does not tell (its bit has
 * another meaning in the answer). -EINVAL: not a TUN; -EBADFD: not attached to a device.
 */
int tun_adopt(struct tun *tun, int fd);

void tun_close(struct tun *tun);

/*
 * Asks for offloads (enum tun_offload), gives up what the kernel does not know, USO first;
 * tun->offloads says what was got. All queues of a device share them.
 */
int tun_set_offloads(struct tun *tun, unsigned wanted);

/* The device stays when its last descriptor is closed, or not. */
int tun_set_persistent(const struct tun *tun, bool is_persistent);

/*
 * Reads the device's name again (it may have been renamed). -EBADFD: the device is deleted; when
 * 0, it exists, perhaps in another network namespace.
 */
int tun_refresh(struct tun *tun);

/* A new descriptor of the network namespace that the device is in now, or -errno. */
int tun_namespace(const struct tun *tun);

/*
 * Reads one packet into packet, less than room bytes of it, and returns its length; with room for
 * TUN_ROOM bytes none is too long. Without vnet headers *header is all zero.
 * -EAGAIN: none is waiting; -EBADFD: the device is deleted; -EMSGSIZE: too long, and lost.
 */
ssize_t tun_read(const struct tun *tun, struct tun_header *header, void *packet, size_t room);

/*
 * Writes one packet, or one coalesced super-packet, without copying it together: its pieces are
 * pieces[1] to pieces[count - 1]; pieces[0] is overwritten with the header. count counts
 * pieces[0], at most 1024. *header must be all zero when the device has no vnet headers. 0, or
 * -errno and nothing is written: -EIO: the interface is down; -EINVAL: header and packet do not
 * agree; -EBADFD: the device is deleted.
 */
int tun_write(
	const struct tun *tun, const struct tun_header *header, struct iovec *pieces, int count);

#endif

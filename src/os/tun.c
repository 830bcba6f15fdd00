/* The TUN device, by /dev/net/tun. */
#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "ensure.h"

/* Linux 6.2's <linux/if_tun.h>; the kernel wants both or none. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

/* Linux 5.3's. */
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)
#endif

_Static_assert(sizeof(struct tun_header) == sizeof(struct virtio_net_hdr), "vnet header");
_Static_assert(offsetof(struct tun_header, gso_size) == offsetof(struct virtio_net_hdr, gso_size),
	"vnet header");
_Static_assert(offsetof(struct tun_header, checksum_offset) ==
		       offsetof(struct virtio_net_hdr, csum_offset),
	"vnet header");
_Static_assert(TUN_NAME_MAX + 1 == IFNAMSIZ, "names");

static const struct {
	unsigned offload, flag;
} offload_flags[] = {
	{TUN_CHECKSUM, TUN_F_CSUM},
	{TUN_TSO4, TUN_F_TSO4},
	{TUN_TSO6, TUN_F_TSO6},
	{TUN_USO, TUN_F_USO4 | TUN_F_USO6},
};

/* What is still asked for after one refusal more. */
static const unsigned offload_steps[] = {
	TUN_OFFLOAD_ALL,
	TUN_CHECKSUM | TUN_TSO4 | TUN_TSO6,
	TUN_CHECKSUM,
	0,
};

static int attach(struct tun *tun, int fd, short flags, const char *name);
static int take_over(struct tun *tun, int fd);
static unsigned tun_flags_of(unsigned offloads);

bool tun_name_valid(const char *name)
{
	size_t len = strnlen(name, TUN_NAME_MAX + 1);

	if (len == 0 || len > TUN_NAME_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		/* The kernel would put a number in place of "%d". */
		if (name[i] <= ' ' || name[i] > '~' || strchr("/:%", name[i]))
			return false;
	}
	return true;
}

int tun_open(struct tun *tun, const char *name, bool is_multi_queue)
{
	int flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | (is_multi_queue ? IFF_MULTI_QUEUE : 0);
	int fd, err;

	tun->fd = -1;
	if (!tun_name_valid(name))
		return -EINVAL;
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = attach(tun, fd, (short)flags, name);
	if (err < 0)
		close(fd);
	return err;
}

static int attach(struct tun *tun, int fd, short flags, const char *name)
{
	struct ifreq request = {.ifr_flags = flags};

	strcpy(request.ifr_name, name);
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return -errno;
	return take_over(tun, fd);
}

int tun_adopt(struct tun *tun, int fd)
{
	int status = fcntl(fd, F_GETFL);

	tun->fd = -1;
	if (status < 0 || fcntl(fd, F_SETFL, status | O_NONBLOCK) < 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return take_over(tun, fd);
}

/* Reads what kind of device is attached to fd, and brings header and offloads to a known state. */
static int take_over(struct tun *tun, int fd)
{
	struct tun found = {.fd = fd};
	struct ifreq request = {0};
	int header_len = sizeof(struct tun_header);
	int kind;

	if (ioctl(fd, TUNGETIFF, &request) < 0)
		return errno == ENOTTY ? -EINVAL : -errno;
	kind = (unsigned short)request.ifr_flags;
	if (!(kind & IFF_TUN))
		return -EINVAL;
	memcpy(found.name, request.ifr_name, TUN_NAME_MAX);
	found.has_header = kind & IFF_VNET_HDR;
	found.is_multi_queue = kind & IFF_MULTI_QUEUE;
	if (found.has_header && ioctl(fd, TUNSETVNETHDRSZ, &header_len) < 0)
		return -errno;
	if (ioctl(fd, TUNSETOFFLOAD, 0UL) < 0)
		return -errno;
	*tun = found;
	return 0;
}

void tun_close(struct tun *tun)
{
	if (tun->fd >= 0)
		close(tun->fd);
	tun->fd = -1;
}

int tun_set_offloads(struct tun *tun, unsigned wanted)
{
	if (!tun->has_header || !(wanted & TUN_CHECKSUM))
		wanted = 0;
	for (size_t i = 0; i < sizeof(offload_steps) / sizeof(offload_steps[0]); i++) {
		unsigned offloads = wanted & offload_steps[i];

		if (ioctl(tun->fd, TUNSETOFFLOAD, (unsigned long)tun_flags_of(offloads)) == 0) {
			tun->offloads = offloads;
			return 0;
		}
		if (errno != EINVAL)
			break;
	}
	return -errno;
}

static unsigned tun_flags_of(unsigned offloads)
{
	unsigned flags = 0;

	for (size_t i = 0; i < sizeof(offload_flags) / sizeof(offload_flags[0]); i++) {
		if (offloads & offload_flags[i].offload)
			flags |= offload_flags[i].flag;
	}
	return flags;
}

int tun_set_persistent(const struct tun *tun, bool is_persistent)
{
	return ioctl(tun->fd, TUNSETPERSIST, is_persistent ? 1UL : 0UL) < 0 ? -errno : 0;
}

int tun_refresh(struct tun *tun)
{
	struct ifreq request = {0};

	if (ioctl(tun->fd, TUNGETIFF, &request) < 0)
		return -errno;
	memcpy(tun->name, request.ifr_name, TUN_NAME_MAX);
	return 0;
}

int tun_namespace(const struct tun *tun)
{
	int fd = ioctl(tun->fd, TUNGETDEVNETNS);

	return fd < 0 ? -errno : fd;
}

ssize_t tun_read(const struct tun *tun, struct tun_header *header, void *packet, size_t room)
{
	struct iovec pieces[] = {{header, sizeof(*header)}, {packet, room}};
	ssize_t got, before = tun->has_header ? (ssize_t)sizeof(*header) : 0;

	if (before)
		got = readv(tun->fd, pieces, 2);
	else
		got = read(tun->fd, packet, room);
	if (got < 0)
		return -errno;
	if (got < before)
		return -EIO;
	if (!before)
		*header = (struct tun_header){0};
	/* The kernel cuts a packet to what there is room for, and does not say so. */
	return (size_t)(got - before) == room ? -EMSGSIZE : got - before;
}

int tun_write(
	const struct tun *tun, const struct tun_header *header, struct iovec *pieces, int count)
{
	static const struct tun_header plain;
	struct tun_header copy = *header;
	ssize_t done;

	ENSURE(count > 1);
	if (tun->has_header) {
		pieces[0] = (struct iovec){&copy, sizeof(copy)};
		done = writev(tun->fd, pieces, count);
	} else {
		ENSURE(memcmp(&copy, &plain, sizeof(copy)) == 0);
		done = writev(tun->fd, pieces + 1, count - 1);
	}
	return done < 0 ? -errno : 0;
}

/* The outer sockets: batches of datagrams, by recvmmsg() and sendmmsg(). */
#include "udp.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include "ensure.h"

/* What of a control buffer is used, at most: source, DS byte, segment length. */
_Static_assert(UDP_CONTROL_LEN >= CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
					  CMSG_SPACE(sizeof(int)),
	"control");
_Static_assert(UDP_CONTROL_LEN % _Alignof(struct cmsghdr) == 0, "control");
_Static_assert(_Alignof(union udp_control) >= _Alignof(struct cmsghdr), "control");

static void prepare_in(const struct udp_in *in, struct udp_scratch *scratch, unsigned i);
static void finish_in(struct udp_in *in, struct mmsghdr *header);
static void load_control(struct udp_in *in, const struct cmsghdr *control);
static unsigned gather(
	struct udp_out *out, unsigned count, uint8_t family, struct udp_scratch *scratch);
static void prepare_out(const struct udp_out *out, struct udp_scratch *scratch, unsigned slot);
static void store_source(struct msghdr *message, const struct endpoint *to);
static void store_ds(struct msghdr *message, const struct udp_out *out);
static void append(struct msghdr *message, int level, int type, const void *value, size_t len);
static unsigned send_gathered(
	int fd, struct udp_out *out, struct udp_scratch *scratch, unsigned count);

int udp_receive(int fd, struct udp_in *in, unsigned count, struct udp_scratch *scratch)
{
	int got;

	ENSURE(count <= UDP_BATCH_MAX);
	for (unsigned i = 0; i < count; i++)
		prepare_in(&in[i], scratch, i);
	got = recvmmsg(fd, scratch->headers, count, MSG_DONTWAIT, NULL);
	if (got < 0)
		return -errno;
	for (int i = 0; i < got; i++)
		finish_in(&in[i], &scratch->headers[i]);
	return got;
}

static void prepare_in(const struct udp_in *in, struct udp_scratch *scratch, unsigned i)
{
	scratch->pieces[i] = (struct iovec){in->buffer, in->buffer_len};
	scratch->headers[i].msg_hdr = (struct msghdr){
		.msg_name = &scratch->addresses[i],
		.msg_namelen = sizeof(scratch->addresses[i]),
		.msg_iov = &scratch->pieces[i],
		.msg_iovlen = 1,
		.msg_control = &scratch->controls[i],
		.msg_controllen = sizeof(scratch->controls[i]),
	};
}

static void finish_in(struct udp_in *in, struct mmsghdr *header)
{
	struct msghdr *message = &header->msg_hdr;

	in->len = header->msg_len;
	in->segment_len = 0;
	in->ecn = 0;
	in->source = sockaddress_load(message->msg_name);
	/* Without its end, or its segment length, a message cannot be understood. */
	if (message->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		in->len = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
		load_control(in, c);
	if (in->segment_len >= in->len)
		in->segment_len = 0;
}

static void load_control(struct udp_in *in, const struct cmsghdr *control)
{
	const unsigned char *data = CMSG_DATA(control);

	if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, data, sizeof(info));
		in->source.local.family = IP_V4;
		memcpy(in->source.local.b, &info.ipi_spec_dst, 4);
		in->source.local_ifindex = (uint32_t)info.ipi_ifindex;
	} else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, data, sizeof(info));
		in->source.local.family = IP_V6;
		memcpy(in->source.local.b, &info.ipi6_addr, 16);
		in->source.local_ifindex = info.ipi6_ifindex;
	} else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) {
		in->ecn = data[0] & 3;
	} else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS) {
		int class;

		memcpy(&class, data, sizeof(class));
		in->ecn = class & 3;
	} else if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
		int len;

		memcpy(&len, data, sizeof(len));
		in->segment_len = (uint16_t)len;
	}
}

unsigned udp_send(const struct udp_pair *udp, struct udp_out *out, unsigned count,
	struct udp_scratch *scratch)
{
	unsigned sent;

	ENSURE(count <= UDP_BATCH_MAX);
	for (unsigned i = 0; i < count; i++)
		out[i].result = -EDESTADDRREQ;
	sent = send_gathered(udp->fd4, out, scratch, gather(out, count, IP_V4, scratch));
	sent += send_gathered(udp->fd6, out, scratch, gather(out, count, IP_V6, scratch));
	return sent;
}

/* Prepares the messages of one family side by side; returns how many. */
static unsigned gather(
	struct udp_out *out, unsigned count, uint8_t family, struct udp_scratch *scratch)
{
	unsigned slot = 0;

	for (unsigned i = 0; i < count; i++) {
		if (out[i].to->addr.family != family)
			continue;
		prepare_out(&out[i], scratch, slot);
		scratch->origins[slot++] = (uint16_t)i;
	}
	return slot;
}

static void prepare_out(const struct udp_out *out, struct udp_scratch *scratch, unsigned slot)
{
	struct msghdr *message = &scratch->headers[slot].msg_hdr;

	*message = (struct msghdr){
		.msg_name = &scratch->addresses[slot],
		.msg_namelen = sockaddress_store(&scratch->addresses[slot], out->to),
		.msg_iov = out->pieces,
		.msg_iovlen = out->pieces_count,
		.msg_control = &scratch->controls[slot],
	};
	store_source(message, out->to);
	if (out->ds)
		store_ds(message, out);
	if (out->segment_len)
		append(message, SOL_UDP, UDP_SEGMENT, &out->segment_len, sizeof(out->segment_len));
}

static void store_source(struct msghdr *message, const struct endpoint *to)
{
	if (to->local.family == IP_NONE || to->local.family != to->addr.family)
		return;
	if (to->local.family == IP_V4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, to->local.b, 4);
		append(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {0};

		memcpy(&info.ipi6_addr, to->local.b, 16);
		if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
			info.ipi6_ifindex = to->local_ifindex;
		append(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

static void store_ds(struct msghdr *message, const struct udp_out *out)
{
	int ds = out->ds;

	if (out->to->addr.family == IP_V4)
		append(message, IPPROTO_IP, IP_TOS, &ds, sizeof(ds));
	else
		append(message, IPPROTO_IPV6, IPV6_TCLASS, &ds, sizeof(ds));
}

/* Puts one more control message behind those that are there. */
static void append(struct msghdr *message, int level, int type, const void *value, size_t len)
{
	struct cmsghdr *control =
		(void *)((unsigned char *)message->msg_control + message->msg_controllen);

	control->cmsg_level = level;
	control->cmsg_type = type;
	control->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(control), value, len);
	message->msg_controllen += CMSG_SPACE(len);
}

/* What the result of one message means for the next, before that is tried; 0: nothing. */
static int error_of_next(const struct udp_out *out)
{
	switch (udp_fate(out)) {
	case UDP_BAD_SOURCE:
	case UDP_BAD_SEGMENTS:
		return -ECANCELED;
	case UDP_FULL:
	case UDP_HELD:
		return out->result;
	case UDP_SENT:
	case UDP_LOST:
		break;
	}
	/* A missing socket is missing for the next, too. */
	return out->result == -EAFNOSUPPORT ? out->result : 0;
}

/*
 * sendmmsg() stops at the first message that fails and tells why only when that message comes
 * first; so it goes on from there, and passes over what failed.
 */
static unsigned send_gathered(
	int fd, struct udp_out *out, struct udp_scratch *scratch, unsigned count)
{
	unsigned at = 0, sent = 0;
	int err = fd < 0 ? -EAFNOSUPPORT : 0;

	while (at < count) {
		int done = -1;

		if (!err) {
			done = sendmmsg(fd, scratch->headers + at, count - at, MSG_DONTWAIT);
			err = done < 0 ? -errno : 0;
		}
		for (int i = 0; i < done; i++)
			out[scratch->origins[at++]].result = 0;
		if (done > 0)
			sent += (unsigned)done;
		else
			out[scratch->origins[at++]].result = err;
		err = error_of_next(&out[scratch->origins[at - 1]]);
	}
	return sent;
}

enum udp_fate udp_fate(const struct udp_out *out)
{
	bool has_source = out->to->local.family != IP_NONE;

	switch (-out->result) {
	case 0:
		return UDP_SENT;
	case EAGAIN:
		return UDP_FULL;
	case ECANCELED:
		return UDP_HELD;
	case EINVAL: /* not our address; or segments that the route's MTU does not hold */
		return has_source ? UDP_BAD_SOURCE : out->segment_len ? UDP_BAD_SEGMENTS : UDP_LOST;
	case EADDRNOTAVAIL:
	case ENODEV:
	case ENETUNREACH:
		return has_source ? UDP_BAD_SOURCE : UDP_LOST;
	case EIO: /* no checksum offload or IPsec on the way */
	case EMSGSIZE:
		return out->segment_len ? UDP_BAD_SEGMENTS : UDP_LOST;
	default:
		return UDP_LOST;
	}
}

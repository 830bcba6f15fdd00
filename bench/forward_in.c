/*
 * The limit's way in: UDP, open, join, TUN. Joining knows one open group only and believes what
 * was decrypted: it looks at what a super-packet needs to be right for an honest sender, no more.
 */
#include "forward.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include "checksum.h"
#include "fields.h"
#include "udp.h"
#include "wire.h"

enum {
	BATCH = 16,
	BUFFER_LEN = 65536,
	PACKETS_MAX = 64,
};

struct forward_in {
	const struct forward *forward;
	struct bulk_engine *engine;
	struct mmsghdr headers[BATCH];
	struct iovec pieces[BATCH];
	union udp_control controls[BATCH];
	/* The group: piece 0 is its header, piece 1 the first packet, the others are payloads. */
	struct iovec group[1 + PACKETS_MAX];
	int count;
	size_t len, ip_len, header_len, segment_len;
	uint8_t protocol;
	bool is_open; /* it may still grow */
	uint32_t next_sequence;
	uint8_t buffers[BATCH][BUFFER_LEN];
};

struct forward_in *forward_in_create(const struct forward *forward)
{
	struct forward_in *in = calloc(1, sizeof(*in));

	if (!in)
		forward_die("memory");
	in->forward = forward;
	in->engine = bulk_create(forward->cipher);
	if (!in->engine)
		forward_die("cipher");
	return in;
}

/* Lengths, checksums and segment size of a group of more than one packet. */
static void finish_group(const struct forward_in *in, struct tun_header *header)
{
	uint8_t *packet = in->group[1].iov_base;
	bool is_v4 = in->ip_len == V4_HEADER_LEN, is_udp = in->protocol == IPPROTO_UDP;
	size_t transport_len = in->len - in->ip_len;
	size_t sum_at = is_udp ? UDP_CHECKSUM_AT : TCP_CHECKSUM_AT;

	if (is_v4) {
		field_store_16(packet + V4_LENGTH_AT, (uint16_t)in->len);
		field_store_16(packet + V4_CHECKSUM_AT, 0);
		field_store_16(packet + V4_CHECKSUM_AT,
			(uint16_t)~checksum_fold(checksum_add(0, packet, in->ip_len)));
	} else {
		field_store_16(packet + V6_LENGTH_AT, (uint16_t)transport_len);
	}
	if (is_udp)
		field_store_16(packet + in->ip_len + UDP_LENGTH_AT, (uint16_t)transport_len);
	field_store_16(packet + in->ip_len + sum_at,
		checksum_fold(checksum_pseudo(packet, in->protocol, transport_len)));
	*header = (struct tun_header){
		.flags = TUN_NEEDS_CHECKSUM,
		.gso = is_udp  ? TUN_GSO_UDP
		       : is_v4 ? TUN_GSO_TCP4
			       : TUN_GSO_TCP6,
		.header_len = (uint16_t)in->header_len,
		.gso_size = (uint16_t)in->segment_len,
		.checksum_start = (uint16_t)in->ip_len,
		.checksum_offset = (uint16_t)sum_at,
	};
}

static void write_group(struct forward_in *in)
{
	struct tun_header header = {0};

	if (in->count == 0)
		return;
	if (in->count > 2)
		finish_group(in, &header);
	in->group[0] = (struct iovec){&header, sizeof(header)};
	/* Until the interface is up, packets are lost. */
	if (writev(in->forward->tun.fd, in->group, in->count) < 0 && errno != EIO)
		forward_die("writing the TUN device");
	in->count = 0;
}

/* Starts a group; it stays closed unless the packet is TCP or UDP that may be joined. */
static void start_group(struct forward_in *in, uint8_t *packet, size_t len)
{
	bool is_v4 = packet[0] == 0x45;
	const uint8_t *transport;

	write_group(in);
	in->group[1] = (struct iovec){packet, len};
	in->count = 2;
	in->len = len;
	in->is_open = false;
	in->ip_len = is_v4 ? V4_HEADER_LEN : V6_HEADER_LEN;
	if (len <= in->ip_len + TCP_HEADER_LEN)
		return;
	in->protocol = packet[is_v4 ? V4_PROTOCOL_AT : V6_NEXT_AT];
	transport = packet + in->ip_len;
	if (in->protocol == IPPROTO_TCP)
		in->header_len = in->ip_len + (size_t)(transport[TCP_DATA_OFFSET_AT] >> 4) * 4;
	else
		in->header_len = in->ip_len + UDP_HEADER_LEN;
	in->segment_len = len - in->header_len;
	in->next_sequence = field_load_32(transport + TCP_SEQUENCE_AT) + (uint32_t)in->segment_len;
	in->is_open = len > in->header_len &&
		      ((in->protocol == IPPROTO_UDP && in->forward->tun.offloads & TUN_USO) ||
			      (in->protocol == IPPROTO_TCP && transport[TCP_FLAGS_AT] == TCP_ACK));
}

/* The same flow, and in TCP its next bytes under the same header. */
static bool goes_on(const struct forward_in *in, const uint8_t *packet, size_t len)
{
	const uint8_t *first = in->group[1].iov_base, *tcp = packet + in->ip_len;
	const uint8_t *tcp_first = first + in->ip_len;
	size_t at = in->ip_len == V4_HEADER_LEN ? V4_ADDRESSES_AT : V6_ADDRESSES_AT;
	size_t options_len = in->header_len - in->ip_len - TCP_HEADER_LEN;

	if (!in->is_open || in->count == 1 + PACKETS_MAX || packet[0] != first[0] ||
		len <= in->header_len || len - in->header_len > in->segment_len ||
		in->len + len > TUN_PACKET_MAX ||
		packet[in->ip_len == V4_HEADER_LEN ? V4_PROTOCOL_AT : V6_NEXT_AT] != in->protocol ||
		memcmp(first + at, packet + at, in->ip_len + 4 - at) != 0)
		return false;
	if (in->protocol == IPPROTO_UDP)
		return true;
	return field_load_32(tcp + TCP_SEQUENCE_AT) == in->next_sequence &&
	       memcmp(tcp_first + TCP_ACKNOWLEDGED_AT, tcp + TCP_ACKNOWLEDGED_AT, 5) == 0 &&
	       (tcp[TCP_FLAGS_AT] & ~TCP_PSH) == TCP_ACK &&
	       memcmp(tcp_first + TCP_WINDOW_AT, tcp + TCP_WINDOW_AT, 2) == 0 &&
	       memcmp(tcp_first + TCP_HEADER_LEN, tcp + TCP_HEADER_LEN, options_len) == 0;
}

static void deliver(struct forward_in *in, uint8_t *packet, size_t len)
{
	uint8_t *first = in->group[1].iov_base;
	size_t payload_len = len - in->header_len;

	if (in->count == 0 || !goes_on(in, packet, len)) {
		start_group(in, packet, len);
		return;
	}
	in->group[in->count++] = (struct iovec){packet + in->header_len, payload_len};
	in->len += payload_len;
	in->next_sequence += (uint32_t)payload_len;
	if (in->protocol == IPPROTO_TCP && packet[in->ip_len + TCP_FLAGS_AT] & TCP_PSH) {
		first[in->ip_len + TCP_FLAGS_AT] |= TCP_PSH;
		in->is_open = false;
	}
	in->is_open &= payload_len == in->segment_len;
}

static void take_datagram(struct forward_in *in, uint8_t *datagram, size_t len)
{
	struct wire_data header;

	if (len < DATA_OVERHEAD + V4_HEADER_LEN)
		return;
	memcpy(&header, datagram, sizeof(header));
	if (le32_load(header.type) == MESSAGE_DATA &&
		bulk_open(in->engine, &forward_key, le64_load(header.counter),
			datagram + DATA_HEADER_LEN, len - DATA_OVERHEAD,
			datagram + DATA_HEADER_LEN))
		deliver(in, datagram + DATA_HEADER_LEN, len - DATA_OVERHEAD);
}

/* The length of a message's datagrams; all of it when there is one. */
static size_t segment_len(struct msghdr *message, size_t len)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		int value;

		if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&value, CMSG_DATA(c), sizeof(value));
		return (size_t)value;
	}
	return len;
}

static void take_message(struct forward_in *in, int i)
{
	size_t len = in->headers[i].msg_len, step = segment_len(&in->headers[i].msg_hdr, len);

	for (size_t at = 0; at < len; at += step)
		take_datagram(in, in->buffers[i] + at, len - at < step ? len - at : step);
}

bool forward_in_run(struct forward_in *in, bool may_wait)
{
	int count;

	for (int i = 0; i < BATCH; i++) {
		in->pieces[i] = (struct iovec){in->buffers[i], BUFFER_LEN};
		in->headers[i].msg_hdr = (struct msghdr){
			.msg_iov = &in->pieces[i],
			.msg_iovlen = 1,
			.msg_control = &in->controls[i],
			.msg_controllen = sizeof(in->controls[i]),
		};
	}
	count = recvmmsg(in->forward->udp_fd, in->headers, BATCH,
		may_wait ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	if (count < 0 && errno != EAGAIN && errno != ECONNREFUSED)
		forward_die("recvmmsg");
	for (int i = 0; i < count; i++)
		take_message(in, i);
	write_group(in);
	return count == BATCH;
}

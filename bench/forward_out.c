/* The limit's way out: TUN, cut, seal, UDP. Cutting is the daemon's own (split.h). */
#include "forward.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include "split.h"
#include "udp.h"
#include "wire.h"

enum {
	OUT_LEN = 256 * 1024,
	/* As the daemon's: a batch this full is sent while it is still in the cache. */
	OUT_FLUSH_LEN = 64 * 1024,
	RUN_PACKETS = 64,
};

struct forward_out {
	const struct forward *forward;
	union sockaddress remote;
	struct bulk_engine *engine;
	uint64_t counter;
	unsigned count;
	size_t out_len;
	struct mmsghdr headers[UDP_BATCH_MAX];
	struct iovec pieces[UDP_BATCH_MAX];
	union udp_control controls[UDP_BATCH_MAX];
	size_t segment_lens[UDP_BATCH_MAX];
	uint16_t segments[UDP_BATCH_MAX];
	uint8_t packet[TUN_ROOM + SPLIT_TAILROOM];
	uint8_t out[OUT_LEN];
};

struct forward_out *forward_out_create(const struct forward *forward)
{
	struct forward_out *out = calloc(1, sizeof(*out));

	if (!out)
		forward_die("memory");
	out->forward = forward;
	out->remote = forward->remote;
	out->engine = bulk_create(forward->cipher);
	if (!out->engine)
		forward_die("cipher");
	return out;
}

static void prepare_message(struct forward_out *out, unsigned i)
{
	struct msghdr *message = &out->headers[i].msg_hdr;
	uint16_t segment_len = (uint16_t)out->segment_lens[i];
	struct cmsghdr *control = (void *)&out->controls[i];

	*message = (struct msghdr){
		.msg_name = &out->remote,
		.msg_namelen = out->forward->remote_len,
		.msg_iov = &out->pieces[i],
		.msg_iovlen = 1,
	};
	if (out->segments[i] == 1)
		return;
	control->cmsg_level = SOL_UDP;
	control->cmsg_type = UDP_SEGMENT;
	control->cmsg_len = CMSG_LEN(sizeof(segment_len));
	memcpy(CMSG_DATA(control), &segment_len, sizeof(segment_len));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(sizeof(segment_len));
}

static void flush(struct forward_out *out)
{
	unsigned at = 0;

	for (unsigned i = 0; i < out->count; i++)
		prepare_message(out, i);
	while (at < out->count) {
		int done = sendmmsg(out->forward->udp_fd, out->headers + at, out->count - at, 0);

		/* While the other end is not there yet its datagrams are refused. */
		if (done < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
			forward_die("sendmmsg");
		at += done < 0 ? 1 : (unsigned)done;
	}
	out->count = 0;
	out->out_len = 0;
}

/* Where a datagram of len bytes goes: into the last message, while its segments are equal. */
static uint8_t *place(struct forward_out *out, size_t len)
{
	unsigned last;
	uint8_t *at;

	if (out->out_len + len > OUT_LEN)
		flush(out);
	at = out->out + out->out_len;
	last = out->count - 1;
	out->out_len += len;
	if (out->count > 0 && len <= out->segment_lens[last] &&
		out->pieces[last].iov_len % out->segment_lens[last] == 0 &&
		out->segments[last] < UDP_SEGMENTS_MAX &&
		out->pieces[last].iov_len + len <= UDP_SEGMENTED_MAX) {
		out->pieces[last].iov_len += len;
		out->segments[last]++;
		return at;
	}
	if (out->count == UDP_BATCH_MAX) {
		flush(out);
		at = out->out;
		out->out_len = len;
	}
	out->pieces[out->count] = (struct iovec){at, len};
	out->segment_lens[out->count] = len;
	out->segments[out->count++] = 1;
	return at;
}

static void seal_all(struct forward_out *out, struct split *split)
{
	struct wire_data header = {.type = le32_store(MESSAGE_DATA), .receiver = le32_store(1)};

	while (split->next < split->count) {
		size_t len = split_segment_len(split, split->next);
		uint8_t *segment = split_next(split, len);
		uint8_t *at = place(out, DATA_OVERHEAD + len);

		header.counter = le64_store(out->counter);
		memcpy(at, &header, sizeof(header));
		bulk_seal(out->engine, &forward_key, out->counter++, segment, len,
			at + DATA_HEADER_LEN);
	}
}

bool forward_out_run(struct forward_out *out, bool may_wait)
{
	bool may_have_more = true;

	for (unsigned i = 0; i < RUN_PACKETS && may_have_more; i++) {
		struct tun_header header;
		struct iovec pieces[] = {{&header, sizeof(header)}, {out->packet, TUN_ROOM}};
		struct split split;
		ssize_t got = preadv2(
			out->forward->tun.fd, pieces, 2, -1, may_wait && i == 0 ? 0 : RWF_NOWAIT);

		may_have_more = got > (ssize_t)sizeof(header);
		if (got < 0 && errno != EAGAIN)
			forward_die("reading the TUN device");
		if (may_have_more &&
			split_begin(&split, &header, out->packet, (size_t)got - sizeof(header)))
			seal_all(out, &split);
		if (out->out_len >= OUT_FLUSH_LEN)
			flush(out);
	}
	flush(out);
	return may_have_more;
}

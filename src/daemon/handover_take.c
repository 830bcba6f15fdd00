/* The new one's part. What it is sent is from a daemon that root runs, and is looked at all the same. */
#include "handover.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "channel.h"
#include "chronicle.h"
#include "clock.h"
#include "handover_wire.h"
#include "unixsock.h"
#include "wipe.h"

static struct instant patience(void)
{
	return instant_after(clock_now(), HANDOVER_PATIENCE_S * NS_PER_S);
}

static int refuse(struct handover *handover, const char *why, int err)
{
	snprintf(handover->refusal, sizeof(handover->refusal), "%s", why);
	return err;
}

/* Its first line is errno=0 when the daemon agrees; anything else is as long as it is. */
static int read_answer(struct handover *handover)
{
	static const char yes[] = "errno=0\n\n";
	char answer[sizeof(yes)] = "";
	int fds[3];
	int err = channel_receive(handover->fd, answer, sizeof(yes) - 1, fds, 3, patience());

	handover->ends = (struct handover_ends){fds[0], fds[1], fds[2]};
	if (err == 0 && strcmp(answer, yes) == 0 && fds[0] >= 0 && fds[1] >= 0)
		return 0;
	if (err == -EPIPE || err == -ECONNRESET)
		return refuse(handover, "The running daemon cannot be replaced", -EOPNOTSUPP);
	if (err < 0)
		return refuse(handover, "The running daemon does not answer", err);
	return refuse(handover,
		"The running daemon's state is of another version: start anew instead",
		-EPROTONOSUPPORT);
}

int handover_connect(struct handover *handover, const char *interface)
{
	handover->fd = unixsock_connect(UNIXSOCK_DIRECTORY, interface);
	return handover->fd < 0 ? refuse(handover, "No daemon answers there", handover->fd) : 0;
}

int handover_ask(struct handover *handover)
{
	struct textbuf request = {0};
	int err;

	handover->ends = (struct handover_ends){-1, -1, -1};
	handover_print_request(&request);
	err = textbuf_status(&request);
	if (err == 0)
		err = channel_send(handover->fd, request.text, request.len, NULL, 0, patience());
	textbuf_fini(&request);
	if (err < 0)
		return refuse(handover, "Asking the running daemon", err);
	return read_answer(handover);
}

void handover_fini(struct handover *handover)
{
	if (handover->fd >= 0)
		close(handover->fd);
	handover->fd = -1;
}

/* What is being taken, and of whom. */
struct taking {
	int fd;
	struct instant deadline;
	struct tunnel *tunnel;
	uint32_t slot; /* of the peer that came last */
	uint8_t bytes[HANDOVER_RECORD_MAX];
};

static int take_header(struct taking *taking, struct handover_duties *duties)
{
	struct tunnel *tunnel = taking->tunnel;
	struct handover_header header;
	int fds[2];
	unsigned at = 0;
	struct udp_pair udp = {.fd4 = -1, .fd6 = -1};
	int err = channel_receive(taking->fd, &header, sizeof(header), fds, 2, taking->deadline);

	if (err < 0)
		goto fail;
	if (header.has_fd4)
		udp.fd4 = fds[at++];
	if (header.has_fd6 && at < 2)
		udp.fd6 = fds[at++];
	err = -EPROTO;
	if ((header.has_fd4 && udp.fd4 < 0) || (header.has_fd6 && udp.fd6 < 0))
		goto fail;
	udp.port = header.udp_port;
	udp.has_gso = header.has_gso;
	udp.has_gro = header.has_gro;
	if (at > 0)
		tunnel_use_sockets(tunnel, &udp);
	tunnel->listen_port = header.listen_port;
	tunnel->fwmark = header.fwmark;
	tunnel->is_wanted_up = header.is_wanted_up;
	duties->is_persistent = header.is_persistent;
	duties->watchdog_ns = header.watchdog_ns;
	return 0;
fail:
	for (unsigned i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return err;
}

static bool take_allowed_ips(const struct taking *taking, size_t len)
{
	if (taking->slot == PEER_NONE || len % sizeof(struct ip_prefix) != 0)
		return false;
	for (size_t at = 0; at < len; at += sizeof(struct ip_prefix)) {
		struct ip_prefix prefix;
		uint8_t family;

		memcpy(&prefix, taking->bytes + at, sizeof(prefix));
		family = prefix.addr.family;
		if ((family != IP_V4 && family != IP_V6) || prefix.bits > ip_bits_max(family) ||
			!device_add_allowed_ip(taking->tunnel->device, taking->slot, &prefix))
			return false;
	}
	return true;
}

static bool take_packet(const struct taking *taking, size_t len)
{
	if (taking->slot == PEER_NONE || len == 0 || len > STAGING_PACKET_MAX)
		return false;
	staging_push(taking->tunnel->staging, taking->slot, taking->bytes, len);
	return true;
}

static bool take_peer_log(const struct taking *taking, size_t len)
{
	const struct tunnel *tunnel = taking->tunnel;

	return taking->slot != PEER_NONE &&
	       chronicle_load_peer(tunnel->chronicle,
		       (struct peer_id){
			       taking->slot, device_peer(tunnel->device, taking->slot)->generation},
		       taking->bytes, len);
}

static bool take_record(struct taking *taking, uint32_t type, size_t len)
{
	struct device *device = taking->tunnel->device;

	switch (type) {
	case HANDOVER_DEVICE:
		return device->peers_count == 0 && !device->is_up && !device->has_identity &&
		       carry_load_device(device, taking->bytes, len);
	case HANDOVER_PEER:
		return carry_load_peer(device, taking->bytes, len, &taking->slot);
	case HANDOVER_IPS:
		return take_allowed_ips(taking, len);
	case HANDOVER_PACKET:
		return take_packet(taking, len);
	case HANDOVER_LOG:
		return chronicle_load_device(taking->tunnel->chronicle, taking->bytes, len);
	case HANDOVER_PEER_LOG:
		return take_peer_log(taking, len);
	default:
		return false;
	}
}

/* 1: another record was taken, 0: it was the last. */
static int take_next(struct taking *taking)
{
	struct handover_record_head head;
	int err = channel_receive(taking->fd, &head, sizeof(head), NULL, 0, taking->deadline);

	if (err < 0 || head.type == HANDOVER_END)
		return err;
	if (head.len == 0 || head.len > sizeof(taking->bytes))
		return -EPROTO;
	err = channel_receive(taking->fd, taking->bytes, head.len, NULL, 0, taking->deadline);
	if (err < 0)
		return err;
	return take_record(taking, head.type, head.len) ? 1 : -EPROTO;
}

/* Sockets there are exactly while the device is up. */
static int take_state(struct taking *taking, struct handover_duties *duties)
{
	int more = take_header(taking, duties);

	if (more == 0)
		do
			more = take_next(taking);
		while (more > 0);
	if (more == 0 && taking->tunnel->device->is_up != (taking->tunnel->udp.port != 0))
		more = -EPROTO;
	return more;
}

int handover_take(struct handover *handover, struct tunnel *tunnel, struct handover_duties *duties)
{
	static const char take[] = "take=1\n\n";
	struct taking *taking = malloc(sizeof(*taking));
	int err;

	if (!taking)
		return refuse(handover, "Taking the tunnel over", -ENOMEM);
	taking->fd = handover->fd;
	taking->deadline = patience();
	taking->tunnel = tunnel;
	taking->slot = PEER_NONE;
	err = channel_send(handover->fd, take, sizeof(take) - 1, NULL, 0, taking->deadline);
	if (err == 0)
		err = take_state(taking, duties);
	/* The old one waits for this; or it does not any more, and then this fails. */
	if (err == 0)
		err = channel_send(handover->fd, HANDOVER_RUNS, strlen(HANDOVER_RUNS), NULL, 0,
			taking->deadline);
	wipe(taking, sizeof(*taking));
	free(taking);
	if (err == -EPIPE || err == -ECONNRESET)
		return refuse(handover, "The running daemon kept the tunnel", -EBUSY);
	return err < 0 ? refuse(handover, "Taking the tunnel over", err) : 0;
}

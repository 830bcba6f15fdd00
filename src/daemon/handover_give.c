/* The old one's part. */
#include "handover.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "allowedips.h"
#include "channel.h"
#include "chronicle.h"
#include "clock.h"
#include "egress.h"
#include "handover_wire.h"
#include "ingress.h"
#include "uapi.h"
#include "wipe.h"

/* One record being sent, and to whom. */
struct giving {
	int fd;
	struct {
		struct handover_record_head head;
		uint8_t bytes[HANDOVER_RECORD_MAX];
	} record;
};

bool handover_greet(
	int fd, struct span request, const struct handover_ends *ends, struct textbuf *out)
{
	static const char yes[] = "errno=0\n\n";
	const int fds[] = {ends->tun, ends->listener, ends->public_listener};
	struct textbuf wanted = {0};
	bool is_good;

	handover_print_request(&wanted);
	is_good = textbuf_status(&wanted) == 0 && span_equal(request, wanted.text);
	textbuf_fini(&wanted);
	if (is_good)
		return channel_send(fd, yes, sizeof(yes) - 1, fds,
			       ends->public_listener >= 0 ? 3 : 2,
			       instant_after(clock_now(), NS_PER_S)) == 0;
	/* What we would understand, for whoever wonders. */
	handover_print_request(out);
	textbuf_drop(out, strlen("replace=1\n"));
	out->len -= strlen("\n");
	uapi_print_errno(out, -EPROTONOSUPPORT);
	return false;
}

/* Finishes everything that was read, so that nothing of it is under way. */
static bool drain(struct tunnel *tunnel)
{
	struct instant end = instant_after(clock_now(), HANDOVER_DRAIN_MS * NS_PER_MS);

	for (;;) {
		struct event events[EVENT_BATCH_MAX];
		struct moment now = tunnel_now();

		while (pool_help(tunnel->pool, tunnel->engine))
			;
		ingress_deliver(tunnel, now);
		tunnel_handshakes(tunnel, now);
		if (ingress_is_idle(tunnel) && egress_is_idle(tunnel) &&
			!egress_is_blocked(tunnel) && handshaker_is_idle(tunnel->handshaker))
			return true;
		if (instant_reached(now.at, end))
			return false;
		event_wait(
			&tunnel->loop, instant_after(now.at, NS_PER_MS), events, EVENT_BATCH_MAX);
	}
}

/* The new one has all it needs to do the next step at once. */
static struct instant step(void)
{
	return instant_after(clock_now(), HANDOVER_STEP_MS * NS_PER_MS);
}

static int send_header(int fd, const struct tunnel *tunnel, const struct handover_duties *duties)
{
	const struct udp_pair *udp = &tunnel->udp;
	const struct handover_header header = {
		.fwmark = tunnel->fwmark,
		.listen_port = tunnel->listen_port,
		.udp_port = udp->port,
		.is_wanted_up = tunnel->is_wanted_up,
		.is_persistent = duties->is_persistent,
		.watchdog_ns = duties->watchdog_ns,
		.has_fd4 = udp->fd4 >= 0,
		.has_fd6 = udp->fd6 >= 0,
		.has_gso = udp->has_gso,
		.has_gro = udp->has_gro,
	};
	int fds[2];
	unsigned count = 0;

	if (udp->fd4 >= 0)
		fds[count++] = udp->fd4;
	if (udp->fd6 >= 0)
		fds[count++] = udp->fd6;
	return channel_send(fd, &header, sizeof(header), fds, count, step());
}

static int send_record(struct giving *giving, enum handover_record type, size_t len)
{
	giving->record.head = (struct handover_record_head){type, (uint32_t)len};
	return channel_send(
		giving->fd, &giving->record, sizeof(giving->record.head) + len, NULL, 0, step());
}

static int send_allowed_ips(
	struct giving *giving, const struct allowedips *allowed_ips, const struct peer *peer)
{
	uint32_t at = peer->allowed_ips.first;
	int err = 0;

	while (err == 0 && at != ALLOWEDIPS_NONE) {
		size_t len = 0;

		while (at != ALLOWEDIPS_NONE &&
			len < HANDOVER_PREFIXES * sizeof(struct ip_prefix)) {
			struct ip_prefix prefix;

			at = allowedips_next(allowed_ips, at, &prefix);
			memcpy(giving->record.bytes + len, &prefix, sizeof(prefix));
			len += sizeof(prefix);
		}
		err = send_record(giving, HANDOVER_IPS, len);
	}
	return err;
}

static int send_peer(struct giving *giving, struct tunnel *tunnel, uint32_t slot)
{
	const struct peer_id id = {slot, device_peer(tunnel->device, slot)->generation};
	uint32_t cursor = 0;
	size_t len;
	int err = send_record(giving, HANDOVER_PEER,
		carry_store_peer(tunnel->device, slot, giving->record.bytes));

	len = chronicle_store_peer(tunnel->chronicle, id, giving->record.bytes);
	if (err == 0 && len > 0)
		err = send_record(giving, HANDOVER_PEER_LOG, len);
	if (err == 0)
		err = send_allowed_ips(giving, device_allowed_ips(tunnel->device),
			device_peer(tunnel->device, slot));
	while (err == 0 &&
		(len = staging_peek(tunnel->staging, slot, &cursor, giving->record.bytes)) > 0)
		err = send_record(giving, HANDOVER_PACKET, len);
	return err;
}

static int send_state(struct giving *giving, struct tunnel *tunnel)
{
	struct device *device = tunnel->device;
	int err = send_record(
		giving, HANDOVER_DEVICE, carry_store_device(device, giving->record.bytes));

	if (err == 0)
		err = send_record(giving, HANDOVER_LOG,
			chronicle_store_device(tunnel->chronicle, giving->record.bytes));
	for (uint32_t slot = device->first_peer; err == 0 && slot != PEER_NONE;
		slot = device_peer(device, slot)->next)
		err = send_peer(giving, tunnel, slot);
	return err == 0 ? send_record(giving, HANDOVER_END, 0) : err;
}

/* True when the other end says its word. */
static bool hear(int fd, struct instant deadline)
{
	char text[sizeof(HANDOVER_RUNS)] = "";

	return channel_receive(fd, text, sizeof(text) - 1, NULL, 0, deadline) == 0 &&
	       strcmp(text, HANDOVER_RUNS) == 0;
}

static int give_state(struct tunnel *tunnel, int fd, const struct handover_duties *duties)
{
	struct giving *giving = malloc(sizeof(*giving));
	int err;

	if (!giving)
		return -ENOMEM;
	giving->fd = fd;
	tunnel_thin_no_more(tunnel);
	err = send_header(fd, tunnel, duties);
	if (err == 0)
		err = send_state(giving, tunnel);
	wipe(giving, sizeof(*giving));
	free(giving);
	return err;
}

bool handover_give(struct tunnel *tunnel, int fd, const struct handover_duties *duties)
{
	bool is_running;
	char nothing;

	if (!drain(tunnel) || give_state(tunnel, fd, duties) < 0)
		return false;
	is_running = hear(fd, step());
	if (!is_running) {
		/* From here on it cannot say it any more; it may have done just before. */
		channel_hear_no_more(fd);
		is_running = hear(fd, clock_now());
	}
	if (is_running)
		channel_receive(fd, &nothing, 1, NULL, 0,
			instant_after(clock_now(), HANDOVER_PATIENCE_S * NS_PER_S));
	return is_running;
}

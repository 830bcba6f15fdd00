/*
 * A tunnel to configure: with a TUN device in a network namespace of its own, or with a stand-in
 * for one where only the control socket matters. And its state as text.
 */
#ifndef CULVERT_TESTS_UNIT_DAEMON_FIXTURE_H
#define CULVERT_TESTS_UNIT_DAEMON_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include "config.h"
#include "tunnel.h"
#include "uapi_whole.h"

static const struct log fixture_log = {LOG_LEVEL_SILENT, "test"};

static inline void fixture_begin(struct tunnel *tunnel, const struct device_limits *limits)
{
	struct tun tun = {.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

	assert_int_equal(tunnel_init(tunnel, &tun, limits, &fixture_log), 0);
	assert_int_equal(tunnel_start(tunnel, 1), 0);
}

/* Device and peers as a get shows them, without counters; to be freed. */
static inline char *fixture_state(struct tunnel *tunnel)
{
	struct device_settings device;
	struct textbuf text = {0};
	uint32_t slot = tunnel->device->first_peer;

	config_read_device(tunnel, &device);
	uapi_print_device(&text, &device);
	settings_fini(&device);
	for (; slot != PEER_NONE; slot = device_peer(tunnel->device, slot)->next) {
		const struct peer *p = device_peer(tunnel->device, slot);
		struct allowed_ip ip = {.remove = false};
		struct peer_settings peer;

		config_read_peer(tunnel, slot, &peer);
		peer.has &= ~(unsigned)PEER_HAS_STATS;
		uapi_print_peer(&text, &peer);
		for (uint32_t at = p->allowed_ips.first; at != ALLOWEDIPS_NONE;) {
			at = allowedips_next(device_allowed_ips(tunnel->device), at, &ip.prefix);
			uapi_print_allowed_ip(&text, &ip);
		}
	}
	/* So that it can be compared also when there is nothing. */
	textbuf_add(&text, "");
	return text.text;
}

/* Applies "set=1\n" and lines, each with its newline, in pieces. What config_continue() says. */
static inline int fixture_set_in_pieces(
	struct tunnel *tunnel, const char *lines, size_t pieces, struct moment now)
{
	static struct config_run run;
	struct device_settings change;
	struct textbuf text = {0};
	size_t bad_line;
	int err;

	textbuf_addf(&text, "set=1\n%s\n", lines);
	assert_int_equal(
		uapi_whole_set((struct span){text.text, text.len}, SIZE_MAX, &change, &bad_line),
		0);
	config_begin(&run, tunnel, &change);
	do
		err = config_continue(&run, tunnel, pieces, now);
	while (err > 0);
	settings_fini(&change);
	textbuf_fini(&text);
	return err;
}

static inline int fixture_set(struct tunnel *tunnel, const char *lines, struct moment now)
{
	return fixture_set_in_pieces(tunnel, lines, SIZE_MAX, now);
}

#endif

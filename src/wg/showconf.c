/* `wg showconf`: a device as the configuration file that would make it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "attrs.h"
#include "command.h"
#include "interface.h"
#include "terminal.h"

/* In the order in which stock wg writes them. */
static const enum attr_id device_ids[] = {ATTR_LISTEN_PORT, ATTR_FWMARK, ATTR_PRIVATE_KEY};
static const enum attr_id peer_ids[] = {
	ATTR_PUBLIC_KEY, ATTR_PRESHARED_KEY, ATTR_ALLOWED_IPS, ATTR_ENDPOINT, ATTR_KEEPALIVE};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void add_line(struct textbuf *out, enum attr_id id, const void *record)
{
	textbuf_addf(out, "%s = ", attrs[id].file_key);
	attr_print_text(out, id, record);
	textbuf_add(out, "\n");
}

static void add_allowed_ips(struct textbuf *out, const struct peer_settings *peer)
{
	textbuf_addf(out, "%s = ", attrs[ATTR_ALLOWED_IPS].file_key);
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		textbuf_add(out, i ? ", " : "");
		value_print_prefix(out, &peer->allowed_ips[i].prefix);
	}
	textbuf_add(out, "\n");
}

static void add_peer(struct textbuf *out, const struct peer_settings *peer)
{
	textbuf_add(out, "[Peer]\n");
	for (size_t i = 0; i < COUNT(peer_ids); i++) {
		enum attr_id id = peer_ids[i];

		if (id == ATTR_ALLOWED_IPS) {
			if (peer->allowed_ips_count)
				add_allowed_ips(out, peer);
		} else if (id == ATTR_PUBLIC_KEY || !attr_is_zero(id, peer)) {
			add_line(out, id, peer);
		}
	}
}

static void add_device(struct textbuf *out, const struct device_settings *device)
{
	textbuf_add(out, "[Interface]\n");
	for (size_t i = 0; i < COUNT(device_ids); i++)
		if (!attr_is_zero(device_ids[i], device))
			add_line(out, device_ids[i], device);
	textbuf_add(out, "\n");
	for (size_t i = 0; i < device->peers_count; i++) {
		textbuf_add(out, i ? "\n" : "");
		add_peer(out, &device->peers[i]);
	}
}

enum outcome showconf_run(const struct invocation *call)
{
	struct device_settings device;
	struct textbuf out = {0};
	int err;

	if (call->count != 2)
		return BAD_USAGE;
	err = interface_read(call->words[1], &device);
	if (!err) {
		add_device(&out, &device);
		err = textbuf_status(&out);
	}
	if (err)
		fprintf(stderr, "Unable to access interface: %s\n", strerror(-err));
	else
		terminal_write(&out);
	settings_fini(&device);
	textbuf_fini(&out);
	return err ? FAILED : DONE;
}

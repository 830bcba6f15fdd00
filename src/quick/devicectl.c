/* The control layer's get and set. */
#include <errno.h>
#include "ctl.h"
#include "devicectl.h"
#include "devicediff.h"

int device_get(const char *ifname, struct device_settings *device)
{
	int error = ctl_get(ifname, device);

	if (error)
		settings_fini(device);
	return error;
}

static int apply(struct device_settings *change, bool is_whole)
{
	int error = is_whole ? ctl_set(change) : -ENOMEM;

	settings_fini(change);
	return error;
}

int device_add(const char *ifname, const struct device_settings *wanted)
{
	struct device_settings change;
	bool is_whole = true;

	device_begin_change(&change, ifname);
	change.has = wanted->has;
	change.private_key = wanted->private_key;
	change.listen_port = wanted->listen_port;
	change.fwmark = wanted->fwmark;
	for (size_t i = 0; i < wanted->peers_count && is_whole; i++) {
		struct peer_settings *peer = device_copy_peer(&change, &wanted->peers[i]);

		is_whole = peer && device_copy_allowed_ips(peer, &wanted->peers[i]);
		if (peer)
			peer->replace_allowed_ips = true;
	}
	return apply(&change, is_whole);
}

int device_sync(const char *ifname, const struct device_settings *wanted)
{
	struct device_settings there, change;
	int error = device_get(ifname, &there);

	if (error)
		return error;
	device_begin_change(&change, ifname);
	error = device_diff(&there, wanted, &change);
	if (!error && (change.has || change.peers_count))
		error = ctl_set(&change);
	settings_fini(&change);
	settings_fini(&there);
	return error;
}

int device_set_fwmark(const char *ifname, uint32_t fwmark)
{
	struct device_settings change;

	device_begin_change(&change, ifname);
	change.has = DEVICE_HAS_FWMARK;
	change.fwmark = fwmark;
	return apply(&change, true);
}

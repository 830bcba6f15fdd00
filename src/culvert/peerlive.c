/* Files and interfaces in step. */
#include "peerlive.h"

#include <errno.h>
#include <string.h>
#include "ctl.h"
#include "fault.h"

void peerlive_begin(struct device_settings *change, const struct peerfile *file)
{
	settings_init(change);
	memcpy(change->name, file->interface, sizeof(change->name));
}

static bool is_there(const void *record)
{
	if (!record)
		fault_system("peers", -ENOMEM);
	return record != NULL;
}

bool peerlive_put(struct device_settings *change, const struct peer_settings *peer)
{
	struct peer_settings *to = settings_add_peer(change);

	if (!is_there(to))
		return false;
	*to = *peer;
	to->allowed_ips = NULL;
	to->allowed_ips_count = to->allowed_ips_room = 0;
	to->replace_allowed_ips = true;
	for (size_t i = 0; i < peer->allowed_ips_count; i++) {
		struct allowed_ip *ip = settings_add_allowed_ip(to);

		if (!is_there(ip))
			return false;
		*ip = peer->allowed_ips[i];
	}
	return true;
}

bool peerlive_take(struct device_settings *change, const struct public_key *key)
{
	struct peer_settings *peer = settings_add_peer(change);

	if (!is_there(peer))
		return false;
	peer->public_key = *key;
	peer->remove = true;
	return true;
}

static bool is_not_up(int error)
{
	return error == -ENODEV || error == -EPROTONOSUPPORT || error == -ENOENT ||
	       error == -EOPNOTSUPP;
}

bool peerlive_commit(struct peerfile *file, const struct device_settings *change, bool *is_up)
{
	int error;

	if (!peerfile_write(file))
		return false;
	error = ctl_set(change);
	if (is_up)
		*is_up = !error;
	if (!error || is_not_up(error))
		return true;
	fault_system(file->interface, error);
	peerfile_write_back(file);
	fault_hint("%s is as it was.", file->path);
	return false;
}

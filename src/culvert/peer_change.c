/* culvert peer remove, disable, enable and expire: peers that are there. */
#include <stdio.h>
#include "clock.h"
#include "ctl.h"
#include "expiry.h"
#include "fault.h"
#include "peerchoice.h"
#include "peeredit.h"
#include "peerlive.h"
#include "peerverbs.h"

static int64_t now_seconds(void)
{
	return (int64_t)clock_wall().sec;
}

bool peer_read_expires(const struct peer_call *call, int64_t *expires)
{
	int64_t now = now_seconds();

	*expires = 0;
	if (!call->expires || strcmp(call->expires, "never") == 0)
		return true;
	if (expiry_parse(span_of(call->expires), now, expires) && *expires > now)
		return true;
	fault_say("--expires: `%s' is not a time to come", call->expires);
	fault_hint("For example 30d, 12h, 2027-01-31 or 2027-01-31T12:00:00Z (UTC), or never.");
	return false;
}

/* Commits the document with a peer put into the interface (is_on) or taken from it. */
static enum status commit(struct peerfile *file, size_t index, bool is_on, const char *done)
{
	const struct peer_settings *peer = &file->settings.device.peers[index];
	const char *name = file->settings.peers[index].name;
	struct device_settings change;
	bool is_done;

	peerlive_begin(&change, file);
	is_done =
		(is_on ? peerlive_put(&change, peer) : peerlive_take(&change, &peer->public_key)) &&
		peerlive_commit(file, &change, NULL);
	settings_fini(&change);
	if (is_done)
		fprintf(stderr, "%s: %s %s\n", file->interface, name[0] ? name : "a peer", done);
	return is_done ? STATUS_FINE : STATUS_FAILED;
}

/* What a verb does to the peer that was found. */
typedef enum status change_peer(const struct peer_call *call, struct peerfile *file, size_t index);

static enum status with_peer(const struct peer_call *call, change_peer *change)
{
	struct peerfile file;
	enum status status = STATUS_FAILED;
	size_t index;

	if (peerfile_open(&file, call->interface, PEERFILE_TO_CHANGE) &&
		peerfile_find_one(&file, call->name, &index))
		status = change(call, &file, index);
	peerfile_close(&file);
	return status;
}

static enum status remove_one(const struct peer_call *call, struct peerfile *file, size_t index)
{
	(void)call;
	peerfile_remove(file, index);
	return commit(file, index, false, "removed");
}

static enum status disable_one(const struct peer_call *call, struct peerfile *file, size_t index)
{
	(void)call;
	if (!peerfile_set_off(file, index, true))
		return STATUS_FAILED;
	return commit(file, index, false, "disabled");
}

static bool set_expires(const struct peer_call *call, struct peerfile *file, size_t index)
{
	int64_t expires, now = now_seconds();
	int error;

	if (!peer_read_expires(call, &expires))
		return false;
	if (call->expires) {
		error = peeredit_set_expires(file, index, expires);
		if (error)
			fault_system(file->path, error);
		return !error;
	}
	expires = peerfile_expires(file, index);
	if (!expires || expires > now)
		return true;
	fault_say("%s has expired", call->name);
	fault_hint("Say for how long it is enabled: --expires 30d, or --expires never.");
	return false;
}

static enum status enable_one(const struct peer_call *call, struct peerfile *file, size_t index)
{
	if (!set_expires(call, file, index) || !peerfile_set_off(file, index, false))
		return STATUS_FAILED;
	return commit(file, index, true, "enabled");
}

static enum status rename_one(const struct peer_call *call, struct peerfile *file, size_t index)
{
	size_t other;
	int error;

	if (!peeredit_may_name(call->new_name))
		return STATUS_FAILED;
	other = peerfile_find(file, call->new_name);
	if (other < peerfile_count(file) && other != index) {
		fault_say("%s has a peer `%s' already", file->path, call->new_name);
		return STATUS_FAILED;
	}
	error = peeredit_set_name(file, index, call->new_name);
	if (error) {
		fault_system(file->path, error);
		return STATUS_FAILED;
	}
	if (!peerfile_write(file))
		return STATUS_FAILED;
	fprintf(stderr, "%s: %s is %s now\n", file->interface, call->name, call->new_name);
	return STATUS_FINE;
}

enum status peer_rename(const struct peer_call *call)
{
	return with_peer(call, rename_one);
}

enum status peer_remove(const struct peer_call *call)
{
	return with_peer(call, remove_one);
}

enum status peer_disable(const struct peer_call *call)
{
	return with_peer(call, disable_one);
}

enum status peer_enable(const struct peer_call *call)
{
	return with_peer(call, enable_one);
}

static bool is_overdue(const struct peerfile *file, size_t peer)
{
	int64_t expires = peerfile_expires(file, peer);

	return expires && expires <= now_seconds() && !peerfile_is_off(file, peer);
}

/* All of one interface in one change. */
static bool expire_all(struct peerfile *file)
{
	struct device_settings change;
	bool is_good = true;
	size_t count = 0;

	peerlive_begin(&change, file);
	for (size_t i = 0; is_good && i < peerfile_count(file); i++) {
		if (!is_overdue(file, i))
			continue;
		fprintf(stderr, "%s: %s has expired\n", file->interface,
			file->settings.peers[i].name);
		count++;
		is_good = peerfile_set_off(file, i, true) &&
			  peerlive_take(&change, &file->settings.device.peers[i].public_key);
	}
	if (is_good && count)
		is_good = peerlive_commit(file, &change, NULL);
	settings_fini(&change);
	return is_good;
}

static bool expire_in(const char *interface)
{
	struct peerfile file;
	bool is_good = peerfile_open(&file, interface, PEERFILE_TO_CHANGE) && expire_all(&file);

	peerfile_close(&file);
	return is_good;
}

enum status peer_expire(const struct peer_call *call)
{
	struct ctl_names names = {0};
	bool is_good = true;

	if (call->interface)
		return expire_in(call->interface) ? STATUS_FINE : STATUS_FAILED;
	if (!peerchoice_list(&names))
		is_good = false;
	for (size_t i = 0; i < names.count; i++)
		is_good &= expire_in(names.list[i]);
	ctl_names_fini(&names);
	return is_good ? STATUS_FINE : STATUS_FAILED;
}

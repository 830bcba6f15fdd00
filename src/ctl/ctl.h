/*
 * The control client: which WireGuard interfaces there are, what one is set to, changing one.
 * Behind it are two backends, chosen per interface: a daemon's control socket where one answers,
 * else the kernel's generic netlink family. Each call opens and closes what it needs.
 */
#ifndef CULVERT_CTL_H
#define CULVERT_CTL_H

#include "incidents.h"
#include "settings.h"

struct ctl_names {
	char (*list)[IFNAME_LEN_MAX + 1];
	size_t count, room;
};

/*
 * The kernel's interfaces, then those of daemons. 0 or -errno; -ENOENT never: where there is
 * none the list is empty. fini always.
 */
__attribute__((warn_unused_result)) int ctl_list(struct ctl_names *names);
void ctl_names_fini(struct ctl_names *names);

/*
 * The state of an interface into device, which is initialised here and must be settings_fini()ed.
 * 0 or -errno; -EPROTONOSUPPORT: no daemon has it and the kernel knows no WireGuard. A daemon's
 * device has no public key: it follows from the private one.
 */
__attribute__((warn_unused_result)) int ctl_get(const char *name, struct device_settings *device);

/* Applies the change to the interface device->name. 0 or -errno. */
__attribute__((warn_unused_result)) int ctl_set(const struct device_settings *device);

/*
 * What happened to an interface into log, whose texts lie in *reply; both are initialised here and
 * must be fini()ed. Needs no privilege, but without it log->is_public. 0 or -errno; -ENOENT: no
 * daemon has it (the kernel may, and keeps no log); -EOPNOTSUPP: this daemon keeps none.
 */
__attribute__((warn_unused_result)) int ctl_log(
	const char *name, struct textbuf *reply, struct incident_log *log);

/*
 * Asks for a handshake with the peer of this key, as a packet for it would, but also while there is
 * a session. 0; -EOPNOTSUPP: the backend cannot be asked (the kernel, other daemons); -errno.
 */
__attribute__((warn_unused_result)) int ctl_initiate(
	const char *name, const struct public_key *key);

#endif

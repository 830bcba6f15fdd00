/* One interface to both kinds of WireGuard: asks the control socket first, then the kernel. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctlsock.h"
#include "kernel.h"
#include "unixsock.h"

static int list_sockets(struct ctl_names *names)
{
	struct unixsock_list list;
	char name[UNIXSOCK_NAME_MAX + 1];
	int more = unixsock_list_open(&list, UNIXSOCK_DIRECTORY);

	if (more < 0)
		return more;
	while ((more = unixsock_list_next(&list, name)) > 0)
		if (ctl_names_add(names, name)) {
			more = -ENOMEM;
			break;
		}
	unixsock_list_close(&list);
	return more;
}

int ctl_list(struct ctl_names *names)
{
	int err;

	*names = (struct ctl_names){0};
	err = kernel_list(names);
	return err ? err : list_sockets(names);
}

void ctl_names_fini(struct ctl_names *names)
{
	free(names->list);
	*names = (struct ctl_names){0};
}

int ctl_get(const char *name, struct device_settings *device)
{
	int fd = ctlsock_connect(name), err;

	if (fd == -ENOENT) {
		err = kernel_get(name, device);
	} else if (fd < 0) {
		settings_init(device);
		err = fd;
	} else {
		err = ctlsock_get(fd, device);
		close(fd);
	}
	if (!err)
		strncpy(device->name, name, IFNAME_LEN_MAX);
	return err;
}

int ctl_log(const char *name, struct textbuf *reply, struct incident_log *log)
{
	int fd = ctlsock_connect(name), err;

	*reply = (struct textbuf){0};
	*log = (struct incident_log){0};
	if (fd == -EACCES)
		fd = unixsock_connect_public(UNIXSOCK_DIRECTORY, name);
	/* A daemon that lets us in nowhere else has no such socket. */
	if (fd < 0)
		return fd;
	err = ctlsock_log(fd, reply, log);
	close(fd);
	return err;
}

int ctl_set(const struct device_settings *device)
{
	int fd = ctlsock_connect(device->name), err;

	if (fd == -ENOENT)
		return kernel_set(device);
	if (fd < 0)
		return fd;
	err = ctlsock_set(fd, device);
	close(fd);
	return err;
}

int ctl_initiate(const char *name, const struct public_key *key)
{
	struct device_settings change;
	struct peer_settings *peer;
	int fd = ctlsock_connect(name), err = -ENOMEM;

	if (fd < 0)
		return fd == -ENOENT ? -EOPNOTSUPP : fd;
	settings_init(&change);
	peer = settings_add_peer(&change);
	if (peer) {
		peer->public_key = *key;
		peer->update_only = true;
		peer->initiate = true;
		err = ctlsock_set(fd, &change);
	}
	settings_fini(&change);
	close(fd);
	/* What a daemon says, or does, to a word that it does not know. */
	return err == -EINVAL || err == -EPROTO || err == -EPIPE ? -EOPNOTSUPP : err;
}

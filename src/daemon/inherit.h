/*
 * Descriptors that whoever started the daemon handed down: by WireGuard's variables, or from a
 * service manager's store.
 */
#ifndef CULVERT_DAEMON_INHERIT_H
#define CULVERT_DAEMON_INHERIT_H

/* The name under which a service manager keeps the TUN device for us. */
#define INHERIT_TUN "tun"

enum { INHERIT_NONE = -1 };

/*
 * WG_TUN_FD, WG_UAPI_FD: the descriptor, INHERIT_NONE, or -EINVAL when the value is no number of one.
 * The descriptor itself is not looked at.
 */
int inherit_tun(void);
int inherit_listener(void);

/*
 * The TUN device from a service manager's store (LISTEN_FDS), or INHERIT_NONE. All others that came
 * with it are closed.
 */
int inherit_stored_tun(void);

#endif

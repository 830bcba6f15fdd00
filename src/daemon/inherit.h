/*
 * Descriptors that whoever started the daemon handed down: by WireGuard's variables, or from a
 * service manager's store.
 */
#ifndef CULVERT_DAEMON_INHERIT_H
#define CULVERT_DAEMON_INHERIT_H

/* The names by which a service manager hands over the TUN device and the two sockets. */
#define INHERIT_TUN      "tun"
#define INHERIT_LISTENER "control"
#define INHERIT_PUBLIC   "events"

enum { INHERIT_NONE = -1 };

/*
 * WG_TUN_FD, WG_UAPI_FD: the descriptor, INHERIT_NONE, or -EINVAL when the value is no number of one.
 * The descriptor itself is not looked at.
 */
int inherit_tun(void);
int inherit_listener(void);

/* From a service manager (LISTEN_FDS); INHERIT_NONE for what did not come. */
struct inherited {
	int tun, listener, public_listener;
};

/* Takes what came under our names; all others that came with it are closed. */
struct inherited inherit_managed(void);

#endif

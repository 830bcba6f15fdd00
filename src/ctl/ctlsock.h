/* One backend of ctl.h: the control socket of a daemon. */
#ifndef CULVERT_CTLSOCK_H
#define CULVERT_CTLSOCK_H

#include "incidents.h"
#include "settings.h"

/* A connection to the daemon of this interface; -ENOENT: it has none. */
int ctlsock_connect(const char *name);

/* One request over the connection, which stays the caller's. */
int ctlsock_get(int fd, struct device_settings *device);
int ctlsock_set(int fd, const struct device_settings *device);

/* The texts in log lie in reply. -EOPNOTSUPP: the daemon does not know the request. */
int ctlsock_log(int fd, struct textbuf *reply, struct incident_log *log);

#endif

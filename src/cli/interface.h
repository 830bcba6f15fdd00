/* Devices as the commands want them: completed by what the backend left out. */
#ifndef CULVERT_CLI_INTERFACE_H
#define CULVERT_CLI_INTERFACE_H

#include "settings.h"

/* ctl_get() and the public key. fini always. */
int interface_read(const char *name, struct device_settings *device);

/* True when the device has a private key that is one. */
bool interface_has_private_key(const struct device_settings *device);

#endif

/* The WireGuard side of an interface, asked and changed by the control layer. */
#ifndef CULVERT_QUICK_DEVICECTL_H
#define CULVERT_QUICK_DEVICECTL_H

#include "settings.h"

/* What the device holds; settings_fini() it. -errno: it is no WireGuard interface, say. */
int device_get(const char *ifname, struct device_settings *device);

/* Adds what `change` names to the device, as wg addconf does. */
int device_add(const char *ifname, const struct device_settings *change);

/*
 * Makes the device what `wanted` says with the least change: peers that are not in it go, the
 * sessions of those that are stay. What it does not mention (port, mark) stays as it is.
 */
int device_sync(const char *ifname, const struct device_settings *wanted);

int device_set_fwmark(const char *ifname, uint32_t fwmark);

#endif

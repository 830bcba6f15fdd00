/* One backend of ctl.h: the kernel's WireGuard, by generic netlink. */
#ifndef CULVERT_CTL_KERNEL_H
#define CULVERT_CTL_KERNEL_H

#include "ctl.h"

/* Appends the names of the kernel's WireGuard interfaces. */
int kernel_list(struct ctl_names *names);

/* -EPROTONOSUPPORT: this kernel has no WireGuard. */
int kernel_get(const char *name, struct device_settings *device);
int kernel_set(const struct device_settings *device);

/* Appends a name, cut at IFNAME_LEN_MAX. 0 or -ENOMEM. */
int ctl_names_add(struct ctl_names *names, const char *name);

#endif

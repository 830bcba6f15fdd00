/* What a daemon does not say of a device: its public key, which follows from the private one. */
#include "interface.h"

#include "ctl.h"
#include "wipe.h"
#include "x25519.h"

bool interface_has_private_key(const struct device_settings *device)
{
	return device->has & DEVICE_HAS_PRIVATE_KEY &&
	       !bytes_zero_ct(device->private_key.b, KEY_LEN);
}

int interface_read(const char *name, struct device_settings *device)
{
	int err = ctl_get(name, device);

	if (!err && !(device->has & DEVICE_HAS_PUBLIC_KEY) && interface_has_private_key(device)) {
		x25519_public(&device->private_key, &device->public_key);
		device->has |= DEVICE_HAS_PUBLIC_KEY;
	}
	return err;
}

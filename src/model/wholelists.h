/*
 * A change without removals of single allowed IPs, for whom does not know them (the kernel before
 * 6.16): instead, the list that is left replaces the peer's. Pure: values in, a change out.
 */
#ifndef CULVERT_MODEL_WHOLELISTS_H
#define CULVERT_MODEL_WHOLELISTS_H

#include "settings.h"

/* Does the change take single allowed IPs away? */
bool whole_lists_are_needed(const struct device_settings *change);

/*
 * running: the device that the change is for. Prefixes are masked. A prefix that one entry of the
 * change both adds and removes is not taken from whoever has it. whole is initialised here and
 * must be settings_fini()ed. 0 or -ENOMEM.
 */
__attribute__((warn_unused_result)) int whole_lists_make(const struct device_settings *running,
	const struct device_settings *change, struct device_settings *whole);

#endif

/*
 * The least change that brings a running device to what a configuration says, so that the
 * sessions of peers that stay as they are go on undisturbed. Pure: values in, a change out.
 */
#ifndef CULVERT_MODEL_SYNCPLAN_H
#define CULVERT_MODEL_SYNCPLAN_H

#include "settings.h"

/*
 * wanted: as a file says it. What it does not mention is taken away: private key, fwmark, peers,
 * a peer's preshared key, keepalive and allowed IPs; but a listen port and an endpoint stay. A key
 * that comes twice, or a prefix of two peers, ends as if the peers were set one after the other.
 *
 * change is initialised here and must be settings_fini()ed. It is empty (no `has`, no peers) when
 * running is as wanted. 0 or -ENOMEM.
 */
__attribute__((warn_unused_result)) int syncplan_make(const struct device_settings *running,
	const struct device_settings *wanted, struct device_settings *change);

#endif

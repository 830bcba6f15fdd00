/*
 * What the core asks for, done.
 */
#ifndef CULVERT_DAEMON_EFFECTS_H
#define CULVERT_DAEMON_EFFECTS_H

#include "tunnel.h"

/* Obeys what the core asks for one peer (enum effect); packets go to the egress batch. */
void effects_obey(struct tunnel *tunnel, uint32_t slot, unsigned effects, struct moment now);

#endif

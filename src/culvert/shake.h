/*
 * A handshake with a peer, made to happen now and timed by the interface's own clock.
 *
 * culvertd is asked for one. Where the backend cannot be asked (the kernel), the peer's persistent
 * keepalive is switched off and on and put back as it was, which makes the backend send an empty
 * packet; it shakes hands first unless there is a session that is young enough. Neither moves the
 * peer's endpoint, or its session before another is there.
 */
#ifndef CULVERT_CULVERT_SHAKE_H
#define CULVERT_CULVERT_SHAKE_H

#include "target.h"

struct shake {
	uint64_t ns;         /* from asking to the end of the handshake */
	int64_t session_age; /* -EALREADY: seconds */
};

/*
 * 0; -EALREADY: there is a young session, and the backend cannot be asked for another; -ETIMEDOUT: no
 * answer; -EDESTADDRREQ: no endpoint is known; -errno. May wait up to five seconds before it asks, as
 * WireGuard makes no handshakes closer to each other. target is as before but for the statistics.
 */
int shake_hands(struct target *target, uint64_t timeout_ms, struct shake *shake);

#endif

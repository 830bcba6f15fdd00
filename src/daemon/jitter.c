/* The pool lies in the tunnel. */
#include "jitter.h"

#include "entropy.h"

uint32_t jitter_draw(struct tunnel *tunnel)
{
	if (tunnel->jitter_left == 0) {
		entropy_fill(tunnel->jitter, sizeof(tunnel->jitter));
		tunnel->jitter_left = TUNNEL_JITTER_POOL;
	}
	return tunnel->jitter[--tunnel->jitter_left];
}

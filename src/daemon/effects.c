/* An effect is a wish for the handshaker, a packet for egress, or an end of waiting. */
#include "effects.h"

#include "egress.h"
#include "notes.h"

void effects_obey(struct tunnel *tunnel, uint32_t slot, unsigned effects, struct moment now)
{
	bool had_staged = staging_has(tunnel->staging, slot);

	if (effects & EFFECT_DROP_STAGED) {
		staging_drop(tunnel->staging, slot);
		notes_slot(tunnel, slot, REASON_GAVE_UP, now.at);
	}
	if (effects & (EFFECT_INITIATE | EFFECT_RETRY))
		handshaker_want(tunnel->handshaker, slot, !(effects & EFFECT_INITIATE));
	if (effects & (EFFECT_FLUSH | EFFECT_KEEPALIVE))
		egress_staged(tunnel, slot, now);
	if ((effects & EFFECT_KEEPALIVE) && !had_staged)
		egress_keepalive(tunnel, slot, now);
}

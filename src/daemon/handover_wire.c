/* The words with which a live upgrade begins: both ends have to say the same. */
#include "handover_wire.h"

void handover_print_request(struct textbuf *out)
{
	textbuf_addf(out, "replace=1\nversion=%d\nlayout=%016llx\n\n", HANDOVER_VERSION,
		(unsigned long long)carry_layout());
}

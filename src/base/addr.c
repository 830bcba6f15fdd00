/* Masking of prefixes: what the header does not inline. */
#include "addr.h"

void prefix_mask(struct ip_prefix *prefix)
{
	for (unsigned bit = prefix->bits; bit < 8 * sizeof(prefix->addr.b); bit++)
		prefix->addr.b[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
}

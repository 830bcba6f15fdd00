/* Each step of the scrambling can be taken back, since odd factors have an inverse modulo 2^32. */
#include "indexmark.h"

#include <byteswap.h>

/* Newton's iteration: each turn doubles the low bits that are right, of which an odd number has three. */
static uint32_t inverse(uint32_t odd)
{
	uint32_t inverse = odd;

	for (int bits = 3; bits < 32; bits *= 2)
		inverse *= 2 - odd * inverse;
	return inverse;
}

bool index_mark_is_on(const struct index_mark *mark, uint32_t index)
{
	uint32_t number = (bswap_32(index) + mark->offset) * (mark->factors[0] | 1);

	number ^= number >> INDEX_MARK_SHIFT;
	number *= mark->factors[1] | 1;
	return number >> (32 - INDEX_MARK_BITS) == 0;
}

uint32_t index_mark_put(const struct index_mark *mark, uint32_t number)
{
	number &= UINT32_MAX >> INDEX_MARK_BITS;
	number *= inverse(mark->factors[1] | 1);
	number ^= number >> INDEX_MARK_SHIFT;
	return bswap_32(number * inverse(mark->factors[0] | 1) - mark->offset);
}

/*
 * A secret mark of session indices: of all numbers of 32 bits one in 256 has it, and which these are looks
 * like chance. A device draws its indices from them, so that a few instructions of a filter in the
 * kernel tell what cannot be for a session of ours (udp_thin). That is all it is for, and it is no
 * cryptography: whoever learns it by many indices can tell that they are of one device, and has his
 * datagrams looked up in the table of indices, as all are without a filter.
 */
#ifndef CULVERT_BASE_INDEXMARK_H
#define CULVERT_BASE_INDEXMARK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	INDEX_MARK_BITS = 8,
	INDEX_MARK_SHIFT = 16,
};

/* Any numbers, drawn at random. Of a factor the lowest bit counts as set. */
struct index_mark {
	uint32_t offset, factors[2];
};

/*
 * True when the index, scrambled, begins with INDEX_MARK_BITS zeros. To scramble it, read its bytes on the
 * wire, where it is little-endian, as a big-endian number, as a filter does; add the offset, multiply by
 * the first factor, exclusive or with itself INDEX_MARK_SHIFT bits to the right, and multiply by the
 * second factor.
 */
bool index_mark_is_on(const struct index_mark *mark, uint32_t index);

/* An index with the mark: another one for each number of 32 - INDEX_MARK_BITS bits; higher ones are ignored. */
uint32_t index_mark_put(const struct index_mark *mark, uint32_t number);

#endif

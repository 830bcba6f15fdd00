/*
 * The window as a ring of words (RFC 6479): moving up clears whole words, never shifts. The word
 * that holds the highest counter may be partly unused, so the window is one word shorter than
 * the ring.
 */
#include "replay.h"

#include <string.h>

enum {
	WORD_BITS = 64,
	WORDS = REPLAY_BITS / WORD_BITS,
};

_Static_assert((WORDS & (WORDS - 1)) == 0, "the ring's length is a power of two");
_Static_assert(REPLAY_WINDOW == REPLAY_BITS - WORD_BITS, "one word is always being cleared");
_Static_assert(REJECT_AFTER_MESSAGES < UINT64_MAX - REPLAY_WINDOW, "counter sums do not wrap");

void replay_init(struct replay *replay)
{
	memset(replay, 0, sizeof(*replay));
}

/* Clears the words from the one behind the highest counter's up to the new highest's. */
static void replay_advance(struct replay *replay, uint64_t counter)
{
	uint64_t top = replay->next ? (replay->next - 1) / WORD_BITS : 0;
	uint64_t steps = counter / WORD_BITS - top;

	if (steps >= WORDS)
		memset(replay->seen, 0, sizeof(replay->seen));
	else
		for (uint64_t i = 1; i <= steps; i++)
			replay->seen[(top + i) % WORDS] = 0;
	replay->next = counter + 1;
}

bool replay_accept(struct replay *replay, uint64_t counter)
{
	uint64_t *word = &replay->seen[counter / WORD_BITS % WORDS];
	uint64_t bit = 1ULL << counter % WORD_BITS;

	if (counter >= REJECT_AFTER_MESSAGES)
		return false;
	if (counter + 1 + REPLAY_WINDOW < replay->next)
		return false;
	if (counter >= replay->next)
		replay_advance(replay, counter);
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

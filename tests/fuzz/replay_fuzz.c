/* Any counters, near each other and far apart: the window against the set of what was accepted. */
#include "bytes_in.h"
#include "ensure.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COUNTERS_MAX = 2000 };

struct set {
	size_t count;
	uint64_t highest;
	uint64_t members[COUNTERS_MAX];
};

static bool set_accept(struct set *set, uint64_t counter)
{
	if (counter >= REJECT_AFTER_MESSAGES)
		return false;
	if (set->count > 0 && set->highest > counter && set->highest - counter > REPLAY_WINDOW)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (set->members[i] == counter)
			return false;
	set->members[set->count++] = counter;
	if (set->count == 1 || counter > set->highest)
		set->highest = counter;
	return true;
}

static uint64_t next_counter(struct bytes_in *in, uint64_t highest)
{
	uint8_t how = bytes_in_8(in);

	switch (how & 7) {
	case 0:
		return bytes_in_64(in);
	case 1:
		return highest + bytes_in_32(in);
	case 2:
		return highest - bytes_in_16(in);
	case 3:
		return highest - REPLAY_WINDOW + 2 - (how >> 3);
	case 4:
		return REJECT_AFTER_MESSAGES - bytes_in_16(in);
	case 5:
		return highest + 64ULL * (how >> 3);
	case 6:
		return highest - (how >> 3);
	default:
		return highest + (how >> 3);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct set set;
	struct bytes_in in = {data, size};
	struct replay replay;

	set.count = set.highest = 0;
	replay_init(&replay);
	while (in.left > 0 && set.count < COUNTERS_MAX) {
		uint64_t counter = next_counter(&in, set.highest);

		ENSURE(replay_accept(&replay, counter) == set_accept(&set, counter));
		ENSURE(replay.next == (set.count > 0 ? set.highest + 1 : 0));
	}
	return 0;
}

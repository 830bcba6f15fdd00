/* The rule. What was dropped is known by its chance: it was so many times what came. */
#include "thinner.h"

static uint64_t a_second(uint64_t count, uint64_t age_ns)
{
	return count * NS_PER_S / age_ns;
}

/* How many are allowed a second. */
static uint64_t share_of_strangers(const struct thinner *thinner, uint64_t data, struct instant now)
{
	uint64_t of_data = data / THINNER_BUSY_DATA;

	if (instant_reached(now, thinner->busy_until))
		return THINNER_CALM_MAX;
	return of_data > THINNER_BUSY_MAX ? of_data : THINNER_BUSY_MAX;
}

/* The lowest level at which of so many no more than allowed are looked at. */
static unsigned level_for(uint64_t sent, uint64_t allowed)
{
	unsigned level = 0;

	while (level < THINNER_LEVEL_MAX && sent >> level > allowed)
		level++;
	return level;
}

bool thinner_judge(struct thinner *thinner, struct instant rested, struct instant now)
{
	uint64_t age = instant_age(now, thinner->since);
	unsigned before = thinner->level, lower;
	uint64_t sent, data, allowed;

	if (age < THINNER_WINDOW_NS)
		return false;
	data = a_second(thinner->data, age);
	sent = a_second((uint64_t)thinner->strangers << thinner->level, age);
	if (data > THINNER_DATA_FAST || instant_age(now, rested) >= THINNER_RESTLESS_NS)
		thinner->busy_until = instant_after(now, THINNER_BUSY_HOLD_NS);
	allowed = share_of_strangers(thinner, data, now);
	thinner->level = level_for(sent, allowed);
	/* Back only when there is room to spare: a steady flood is thinned steadily. */
	lower = level_for(sent, allowed / 4 * 3);
	if (thinner->level < before)
		thinner->level = lower < before ? lower : before;
	thinner->since = now;
	thinner->strangers = thinner->data = 0;
	return thinner->level != before;
}

struct instant thinner_when(const struct thinner *thinner)
{
	return thinner->level > 0 ? instant_after(thinner->since, THINNER_WINDOW_NS)
				  : INSTANT_NEVER;
}

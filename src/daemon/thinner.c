/* The rule. What was dropped is known by its chance: it was so many times what came. */
#include "thinner.h"

#include <string.h>

static uint64_t a_second(uint64_t count, uint64_t age_ns)
{
	return count * NS_PER_S / age_ns;
}

/* How many of a class are allowed a second. */
static uint64_t share_of_class(const struct thinner *thinner, uint64_t data, struct instant now)
{
	uint64_t of_data = data / THINNER_BUSY_DATA;

	if (instant_reached(now, thinner->busy_until))
		return THINNER_CALM_MAX;
	return of_data > THINNER_BUSY_MAX ? of_data : THINNER_BUSY_MAX;
}

/* The lowest level at which of so many no more than allowed are looked at, or the last. */
static unsigned level_for(uint64_t sent, uint64_t allowed)
{
	unsigned level = 0;

	while (level <= THINNER_LEVEL_LUCK && sent >> level > allowed)
		level++;
	return level <= THINNER_LEVEL_LUCK ? level : THINNER_LEVEL_MAX;
}

/* True when it has changed. */
static bool judge_class(struct thinner_class *class, uint64_t allowed, uint64_t age_ns)
{
	uint64_t sent = a_second((uint64_t) class->strangers << class->level, age_ns);
	unsigned before = class->level, lower;

	class->strangers = 0;
	class->level = level_for(sent, allowed);
	/* Back only when there is room to spare: a steady flood is thinned steadily. */
	lower = level_for(sent, allowed / 4 * 3);
	if (class->level < before)
		class->level = lower < before ? lower : before;
	return class->level != before;
}

void thinner_count(struct thinner *thinner, const uint8_t *datagram, size_t len, bool is_known)
{
	enum thinner_kind kind = THINNER_FIRST;
	uint32_t index;

	if (wire_receiver(datagram, len, &index))
		kind = THINNER_ASTRAY;
	else if (is_known)
		kind = THINNER_KNOWN;
	else if (wire_classify(datagram, len) == MESSAGE_INITIATION &&
		 memcmp(datagram + THINNER_COOKIE_AT, (uint8_t[4]){0}, 4) != 0)
		kind = THINNER_WITH_COOKIE;
	thinner->classes[kind].strangers++;
}

bool thinner_judge(struct thinner *thinner, struct instant rested, struct instant now)
{
	uint64_t age = instant_age(now, thinner->since);
	bool is_to_tell;
	uint64_t data, allowed;

	if (age < THINNER_WINDOW_NS)
		return false;
	data = a_second(thinner->data, age);
	if (data > THINNER_DATA_FAST || instant_age(now, rested) >= THINNER_RESTLESS_NS)
		thinner->busy_until = instant_after(now, THINNER_BUSY_HOLD_NS);
	allowed = share_of_class(thinner, data, now);
	is_to_tell =
		thinner_is_at_work(thinner) && instant_age(now, thinner->told) >= THINNER_KNOWN_NS;
	for (unsigned i = 0; i < THINNER_CLASSES; i++)
		is_to_tell |= judge_class(&thinner->classes[i], allowed, age);
	thinner->since = now;
	thinner->data = 0;
	if (is_to_tell)
		thinner->told = now;
	return is_to_tell;
}

bool thinner_is_at_work(const struct thinner *thinner)
{
	for (unsigned i = 0; i < THINNER_CLASSES; i++)
		if (thinner->classes[i].level > 0)
			return true;
	return false;
}

struct instant thinner_when(const struct thinner *thinner)
{
	return thinner_is_at_work(thinner) ? instant_after(thinner->since, THINNER_WINDOW_NS)
					   : INSTANT_NEVER;
}

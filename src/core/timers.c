/* The event-by-timer table of protocol and paper (section 6), and what reads it. */
#include "timers.h"

#include "ensure.h"
#include "limits.h"

enum action {
	KEEP = 0,
	CANCEL,
	ARM,
	ARM_IF_IDLE,
	ARM_OR_REMEMBER, /* already running: run once more after it fired */
};

static const uint8_t table[TIMER_EVENTS][TIMERS] = {
	[EVENT_DATA_SENT] = {[TIMER_NEW_HANDSHAKE] = ARM_IF_IDLE},
	[EVENT_DATA_RECEIVED] = {[TIMER_KEEPALIVE] = ARM_OR_REMEMBER},
	[EVENT_ANY_SENT] = {[TIMER_KEEPALIVE] = CANCEL},
	[EVENT_ANY_RECEIVED] = {[TIMER_NEW_HANDSHAKE] = CANCEL},
	[EVENT_TRAVERSAL] = {[TIMER_PERSISTENT] = ARM},
	[EVENT_INITIATION_SENT] = {[TIMER_RETRANSMIT] = ARM},
	[EVENT_INITIATION_PUT_OFF] = {[TIMER_RETRANSMIT] = ARM_IF_IDLE},
	[EVENT_HANDSHAKE_COMPLETE] = {[TIMER_RETRANSMIT] = CANCEL},
	[EVENT_SESSION_DERIVED] = {[TIMER_ZERO_KEYS] = ARM},
	[EVENT_GIVEN_UP] = {[TIMER_KEEPALIVE] = CANCEL, [TIMER_ZERO_KEYS] = ARM_IF_IDLE},
};

static const struct {
	uint64_t after_ns;
	bool has_jitter;
} spans[TIMERS] = {
	[TIMER_RETRANSMIT] = {REKEY_TIMEOUT_NS, true},
	[TIMER_KEEPALIVE] = {KEEPALIVE_TIMEOUT_NS, false},
	[TIMER_NEW_HANDSHAKE] = {NEW_HANDSHAKE_NS, true},
	[TIMER_ZERO_KEYS] = {ZERO_KEYS_AFTER_NS, false},
	[TIMER_PERSISTENT] = {0, false}, /* by configuration */
};

void timers_init(struct timers *timers)
{
	*timers = (struct timers){0};
	timers_stop(timers);
}

void timers_stop(struct timers *timers)
{
	for (unsigned i = 0; i < TIMERS; i++)
		timers->due[i] = INSTANT_NEVER;
	timers->retries = 0;
	timers->needs_another_keepalive = false;
	timers->asked_on_receive = false;
}

static bool is_armed(const struct timers *timers, enum timer timer)
{
	return timers->due[timer].ns != INSTANT_NEVER.ns;
}

static void arm(struct timers *timers, enum timer timer, struct instant now, uint32_t jitter)
{
	uint64_t after_ns = spans[timer].after_ns;

	if (spans[timer].has_jitter)
		after_ns += jitter % REKEY_JITTER_NS;
	if (timer == TIMER_PERSISTENT) {
		if (timers->persistent_s == 0)
			return;
		after_ns = timers->persistent_s * NS_PER_S;
	}
	timers->due[timer] = instant_after(now, after_ns);
}

static void apply(struct timers *timers, enum timer timer, enum action action, struct instant now,
	uint32_t jitter)
{
	switch (action) {
	case KEEP:
		break;
	case CANCEL:
		timers->due[timer] = INSTANT_NEVER;
		break;
	case ARM_IF_IDLE:
		if (is_armed(timers, timer))
			break;
		arm(timers, timer, now, jitter);
		break;
	case ARM_OR_REMEMBER:
		if (is_armed(timers, timer)) {
			timers->needs_another_keepalive = true;
			break;
		}
		arm(timers, timer, now, jitter);
		break;
	case ARM:
		arm(timers, timer, now, jitter);
		break;
	}
}

void timers_on(struct timers *timers, enum timer_event event, struct instant now, uint32_t jitter)
{
	ENSURE(event < TIMER_EVENTS);
	for (unsigned i = 0; i < TIMERS; i++)
		apply(timers, (enum timer)i, (enum action)table[event][i], now, jitter);
	if (event == EVENT_HANDSHAKE_COMPLETE) {
		timers->retries = 0;
		timers->asked_on_receive = false;
	}
}

void timers_set_persistent(struct timers *timers, uint16_t seconds, bool is_up, struct instant now)
{
	bool was_off = timers->persistent_s == 0;

	timers->persistent_s = seconds;
	if (seconds == 0)
		timers->due[TIMER_PERSISTENT] = INSTANT_NEVER;
	else if (is_up && was_off)
		timers->due[TIMER_PERSISTENT] = now;
}

void timers_start(struct timers *timers, struct instant now)
{
	if (timers->persistent_s != 0)
		timers->due[TIMER_PERSISTENT] = now;
}

struct instant timers_next(const struct timers *timers)
{
	struct instant next = INSTANT_NEVER;

	for (unsigned i = 0; i < TIMERS; i++)
		next = instant_min(next, timers->due[i]);
	return next;
}

enum timer timers_take_due(struct timers *timers, struct instant now)
{
	unsigned i = 0;

	while (i < TIMERS &&
		(!is_armed(timers, (enum timer)i) || !instant_reached(now, timers->due[i])))
		i++;
	if (i == TIMERS)
		return TIMER_NONE;
	timers->due[i] = INSTANT_NEVER;
	if (i == TIMER_KEEPALIVE && timers->needs_another_keepalive) {
		timers->needs_another_keepalive = false;
		arm(timers, TIMER_KEEPALIVE, now, 0);
	}
	/* Whatever becomes of this keepalive, the next one will be tried. */
	if (i == TIMER_PERSISTENT)
		arm(timers, TIMER_PERSISTENT, now, 0);
	return (enum timer)i;
}

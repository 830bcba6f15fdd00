/*
 * The five timers of a peer (paper, section 6) as a pure state machine: events arm and cancel
 * deadlines by one table; the clock's owner asks which is due. Timers answer, they do not act.
 */
#ifndef CULVERT_CORE_TIMERS_H
#define CULVERT_CORE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>
#include "instant.h"

enum timer {
	TIMER_RETRANSMIT,    /* initiation unanswered for 5 s */
	TIMER_KEEPALIVE,     /* received data, sent nothing for 10 s */
	TIMER_NEW_HANDSHAKE, /* sent data, received nothing for 15 s */
	TIMER_ZERO_KEYS,     /* no new session for 540 s */
	TIMER_PERSISTENT,    /* the configured keepalive */
	TIMERS,
	TIMER_NONE = TIMERS,
};

enum timer_event {
	EVENT_DATA_SENT,     /* not a keepalive */
	EVENT_DATA_RECEIVED, /* not a keepalive */
	EVENT_ANY_SENT,      /* any authenticated message: initiation, response, data, keepalive */
	EVENT_ANY_RECEIVED,
	EVENT_TRAVERSAL, /* before each ANY_SENT, after each ANY_RECEIVED */
	EVENT_INITIATION_SENT,
	EVENT_INITIATION_PUT_OFF, /* at the time of the last handshake message: too early for one */
	EVENT_HANDSHAKE_COMPLETE,
	EVENT_SESSION_DERIVED,
	EVENT_GIVEN_UP, /* the last retransmission went unanswered */
	TIMER_EVENTS,
};

struct timers {
	struct instant due[TIMERS];
	uint16_t persistent_s; /* 0: off */
	uint8_t retries;       /* of the current handshake */
	bool needs_another_keepalive;
	bool asked_on_receive; /* the last-minute rekey, once per key */
};

/* Nothing armed, no persistent keepalive. */
void timers_init(struct timers *timers);

/* Cancels everything; the persistent interval stays. */
void timers_stop(struct timers *timers);

/* jitter: any random number. */
void timers_on(struct timers *timers, enum timer_event event, struct instant now, uint32_t jitter);

/* The interval changed; when it went from off to on and the interface is up, one is due now. */
void timers_set_persistent(struct timers *timers, uint16_t seconds, bool is_up, struct instant now);

/* The interface came up: a persistent keepalive is due at once. */
void timers_start(struct timers *timers, struct instant now);

/* The earliest deadline, INSTANT_NEVER when there is none. */
struct instant timers_next(const struct timers *timers);

/*
 * Takes one due timer, disarms it and returns it, or TIMER_NONE. The keepalive timer rearms
 * itself when more data came while it ran, the persistent one always.
 */
enum timer timers_take_due(struct timers *timers, struct instant now);

#endif

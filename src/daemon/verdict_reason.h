/*
 * The core's verdicts as reasons: the core does not know the control protocol.
 */
#ifndef CULVERT_DAEMON_VERDICT_REASON_H
#define CULVERT_DAEMON_VERDICT_REASON_H

#include "reason.h"
#include "verdict.h"

/* REASON_COUNT: nothing to note. */
enum reason verdict_reason(enum verdict verdict);

#endif

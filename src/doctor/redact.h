/* Taking out of a text what says whose it is. Pure. */
#ifndef CULVERT_DOCTOR_REDACT_H
#define CULVERT_DOCTOR_REDACT_H

#include "textbuf.h"

/*
 * Appends text with keys in base64 as "[key]", addresses of the internet without their last half
 * ("203.0.x.x", "2001:db8:x"), and each of the names (may be NULL) as "[name]". Private addresses stay:
 * they tell nobody where we are, and a diagnosis needs them.
 */
void redact_add(struct textbuf *out, const char *text, const char *const *names, size_t count);

#endif

/* Findings for people and for programs. Pure: text and JSON in memory. */
#ifndef CULVERT_DOCTOR_TELL_H
#define CULVERT_DOCTOR_TELL_H

#include <jansson.h>
#include "diagnosis.h"
#include "evidence.h"
#include "textbuf.h"

/* A line a finding, and one with the sum. Coloured: see terminal.h. */
void tell_lines(
	struct textbuf *out, const struct diagnosis *diagnosis, const struct evidence *evidence);

/* A new reference: one element of "interfaces" of the document "culvert/doctor/1". */
json_t *tell_json(const struct diagnosis *diagnosis, const struct evidence *evidence);

/* "broken", "warnings", "healthy". */
const char *tell_status(const struct diagnosis *diagnosis);

#endif

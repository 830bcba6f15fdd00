/* The report for a forum. Pure. */
#ifndef CULVERT_DOCTOR_REPORT_H
#define CULVERT_DOCTOR_REPORT_H

#include "diagnosis.h"
#include "evidence.h"
#include "textbuf.h"

/*
 * What others need to help, and nothing that says who we are: peers are numbers, keys and host names
 * left out, addresses of the internet cut short.
 */
void report_print(
	struct textbuf *out, const struct diagnosis *diagnosis, const struct evidence *evidence);

#endif

/* The codes and words of the reasons. */
#include "reason.h"

static const struct {
	const char *code, *text;
} reasons[REASON_COUNT] = {
#define R(name, code, text) [REASON_##name] = {code, text},
	REASONS(R)
#undef R
};

const char *reason_code(enum reason reason)
{
	return reasons[reason].code;
}

const char *reason_text(enum reason reason)
{
	return reasons[reason].text;
}

enum reason reason_by_code(struct span code)
{
	unsigned reason = 0;

	while (reason < REASON_COUNT && !span_equal(code, reasons[reason].code))
		reason++;
	return (enum reason)reason;
}

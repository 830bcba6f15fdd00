/* The names of the verdicts. */
#include "verdict.h"

#include "ensure.h"

static const char *const names[VERDICT_COUNT] = {
#define V(name, text) [VERDICT_##name] = text,
	VERDICTS(V)
#undef V
};

const char *verdict_name(enum verdict verdict)
{
	ENSURE(verdict < VERDICT_COUNT);
	return names[verdict];
}

/* The thread's own counts: getrusage() cannot fail for RUSAGE_THREAD. */
#include "usage.h"

#include <sys/resource.h>
#include "ensure.h"

long usage_preemptions(void)
{
	struct rusage usage;

	ENSURE(getrusage(RUSAGE_THREAD, &usage) == 0);
	return usage.ru_nivcsw;
}

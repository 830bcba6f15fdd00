/* Random bytes, by getrandom(). */
#include "entropy.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include "ensure.h"

void entropy_fill(void *buffer, size_t len)
{
	uint8_t *at = buffer;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		/* A signal may come while it waits; without random bytes there is no going on. */
		ENSURE(got >= 0 || errno == EINTR);
		if (got > 0) {
			at += got;
			len -= (size_t)got;
		}
	}
}

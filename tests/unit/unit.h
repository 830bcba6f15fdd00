/* cmocka with what it wants included before it; every unit test starts with this. */
#ifndef CULVERT_TESTS_UNIT_H
#define CULVERT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Valgrind preloads objects of its own into what it runs; it also keeps descriptors for itself. */
static inline bool unit_is_on_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload") != NULL;
}

/* ThreadSanitizer keeps copies of what it saw, and much memory, for itself. */
static inline bool unit_has_thread_sanitizer(void)
{
#if defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

#endif

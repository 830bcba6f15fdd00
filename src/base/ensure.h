/*
 * ENSURE(condition): what the programmer knows to be true. It stays in every build: a wrong
 * assumption in a tunnel must end the process, never reach the wire.
 */
#ifndef CULVERT_BASE_ENSURE_H
#define CULVERT_BASE_ENSURE_H

#define ENSURE(condition) ((condition) ? (void)0 : ensure_failed(__FILE__, __LINE__, #condition))

/* Prints the place to stderr and aborts. */
_Noreturn void ensure_failed(const char *file, int line, const char *condition);

#endif

/*
 * The terminal on standard input and output as a screen: a second one beside what the user had
 * before, keys as they are typed, no cursor. fini brings back all of it.
 */
#ifndef CULVERT_OS_RAWTERM_H
#define CULVERT_OS_RAWTERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct rawterm {
	struct termios before;
	bool is_on;
};

/* -ENOTTY: one of the two is no terminal. */
int rawterm_init(struct rawterm *term);
void rawterm_fini(struct rawterm *term);

/* Its size, asked anew each time; 80 by 24 where it does not say. */
void rawterm_size(size_t *columns, size_t *lines);

/*
 * Waits for keys, or for other_fd (-1: none) to be readable, but no longer than timeout_ms; how many
 * bytes were typed, at most len: 0, also when the terminal is gone, which *is_gone tells.
 */
size_t rawterm_read(int other_fd, uint64_t timeout_ms, char *keys, size_t len, bool *is_gone);

#endif

/*
 * Signals as something to read: those that end a daemon or ask it something come by a descriptor,
 * SIGPIPE never.
 */
#ifndef CULVERT_OS_SIGNALS_H
#define CULVERT_OS_SIGNALS_H

/*
 * Blocks SIGINT, SIGTERM and SIGHUP for this thread and those it starts (so call it before the
 * first), ignores SIGPIPE, and returns a non-blocking descriptor that gives the three.
 */
int signals_open(void);

/* The next signal's number; 0: none is waiting. */
int signals_read(int fd);

#endif

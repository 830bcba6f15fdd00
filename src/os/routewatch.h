/*
 * Watching for any change of routes, rules and addresses: after one, a local address chosen
 * before may be the wrong one to send from.
 */
#ifndef CULVERT_OS_ROUTEWATCH_H
#define CULVERT_OS_ROUTEWATCH_H

#include <stdbool.h>

/* Returns a non-blocking descriptor (close it as any other); readable: call routewatch_read(). */
int routewatch_open(void);

/* Takes what is waiting; true when there was anything, also when messages were lost. */
bool routewatch_read(int fd);

#endif

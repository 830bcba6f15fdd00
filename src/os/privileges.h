/*
 * Giving privileges up for good: capabilities, and the way back to them. For the calling thread and
 * those it starts, so it is called before the first.
 */
#ifndef CULVERT_OS_PRIVILEGES_H
#define CULVERT_OS_PRIVILEGES_H

/*
 * Keeps CAP_NET_ADMIN and CAP_NET_BIND_SERVICE, as far as they are there, and drops all others, from
 * the bounding set too. No program that is executed from here on gains any. 0 or -errno.
 */
int privileges_drop(void);

#endif

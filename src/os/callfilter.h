/*
 * The system calls that culvertd makes once it runs. Any other ends the process at once, by SIGSYS,
 * whichever thread makes it. The list is the table in callfilter.c.
 */
#ifndef CULVERT_OS_CALLFILTER_H
#define CULVERT_OS_CALLFILTER_H

/*
 * Takes all other system calls away from every thread of this process, for good; needs
 * privileges_drop() before. 0 or -errno (-EOPNOTSUPP: the kernel has no such filter).
 * A build with a sanitizer (sanitizer.h) does nothing and returns 0.
 */
int callfilter_install(void);

#endif

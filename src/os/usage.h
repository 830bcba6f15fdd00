/*
 * What the kernel says of the calling thread's use of the machine, by getrusage(2).
 */
#ifndef CULVERT_OS_USAGE_H
#define CULVERT_OS_USAGE_H

/* How often others took the processor from the thread, since it began. */
long usage_preemptions(void);

#endif

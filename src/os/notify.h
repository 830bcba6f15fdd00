/*
 * A line to a service manager: datagrams of KEY=VALUE lines, with a descriptor to keep where wanted.
 * What is said over it is not known here.
 */
#ifndef CULVERT_OS_NOTIFY_H
#define CULVERT_OS_NOTIFY_H

/*
 * A connected, non-blocking descriptor (close it as any other). address: an absolute path, or '@' and
 * an abstract name. -EINVAL for anything else; -errno.
 */
int notify_open(const char *address);

/* One message; passed: a descriptor to go with it, -1: none. Never waits. */
int notify_send(int fd, const char *text, int passed);

#endif

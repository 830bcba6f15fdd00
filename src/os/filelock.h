/*
 * Locks between processes, on a file or directory that is there; a lock ends with its descriptor, so
 * also with the process.
 */
#ifndef CULVERT_OS_FILELOCK_H
#define CULVERT_OS_FILELOCK_H

/* Waits for it. Returns a descriptor to be closed, or -errno. */
int filelock_take(const char *path);

#endif

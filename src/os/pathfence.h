/*
 * Taking the file system away, by Landlock: what is open stays open. For the calling thread and
 * those it starts, so it is called before the first.
 */
#ifndef CULVERT_OS_PATHFENCE_H
#define CULVERT_OS_PATHFENCE_H

/*
 * From here on no file is opened, made, executed or changed; only names in directory may be removed
 * (as far as they could before), where there is such a directory. Nor are TCP ports bound or
 * connected to, nor others signalled, where the kernel knows how to forbid it. Needs
 * privileges_drop() before. A build with a sanitizer (sanitizer.h) does nothing and returns 0.
 * -ENOSYS or -EOPNOTSUPP: the kernel has no Landlock; other -errno.
 */
int pathfence_close(const char *directory);

#endif

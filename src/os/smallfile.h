/*
 * Small files read and written whole: sysctls below /proc/sys, state under /run, resolv.conf.
 * What must survive a power cut is not written here.
 */
#ifndef CULVERT_OS_SMALLFILE_H
#define CULVERT_OS_SMALLFILE_H

#include <sys/types.h>

/* The whole file, ended by a zero byte, in *text, to be freed; at most a mebibyte. 0 or -errno. */
int smallfile_read(const char *path, char **text);

/* Puts text in the place of what the file held, in one write; makes the file with that mode. */
int smallfile_write(const char *path, const char *text, mode_t mode);

/* The number in a sysctl such as "net/ipv4/conf/all/src_valid_mark"; -errno when there is none. */
int smallfile_read_sysctl(const char *name);
int smallfile_write_sysctl(const char *name, int value);

#endif

/*
 * Small files written in place: sysctls below /proc/sys, state under /run. What must survive a
 * crash whole is wholefile.h's.
 */
#ifndef CULVERT_OS_SMALLFILE_H
#define CULVERT_OS_SMALLFILE_H

#include <sys/types.h>

/* Puts text in the place of what the file held, in one write; makes the file with that mode. */
int smallfile_write(const char *path, const char *text, mode_t mode);

/* The number in a sysctl such as "net/ipv4/conf/all/src_valid_mark"; -errno when there is none. */
int smallfile_read_sysctl(const char *name);
int smallfile_write_sysctl(const char *name, int value);

#endif

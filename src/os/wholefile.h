/*
 * Small files as a whole: read in one piece, written so that a crash at any instant leaves the
 * old content or the new, never a part. They may hold keys.
 */
#ifndef CULVERT_OS_WHOLEFILE_H
#define CULVERT_OS_WHOLEFILE_H

#include <stddef.h>
#include <sys/types.h>

enum { WHOLEFILE_LEN_MAX = 256 << 20 };

/*
 * The bytes of the file, pipe or device at path, and a zero byte behind them. *bytes is the
 * caller's, to be ended with wholefile_free(); NULL on failure. -EISDIR: a directory; -EFBIG:
 * more than WHOLEFILE_LEN_MAX.
 */
int wholefile_read(const char *path, char **bytes, size_t *len);

/* Wipes and frees. NULL is fine. */
void wholefile_free(char *bytes, size_t len);

/*
 * Puts len bytes in the place of the file at path, which need not exist; through a new file
 * beside it, which is written, synced and renamed, and a sync of the directory. The new file has
 * this mode and the owner of the old one; a symbolic link stays one. On failure the old file
 * stands untouched, and nothing lies beside it.
 */
int wholefile_write(const char *path, const void *bytes, size_t len, mode_t mode);

#endif

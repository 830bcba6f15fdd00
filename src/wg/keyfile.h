/* Keys in files, as `wg set ... private-key FILE' has them. */
#ifndef CULVERT_WG_KEYFILE_H
#define CULVERT_WG_KEYFILE_H

#include <stdbool.h>
#include "keys.h"

/*
 * The key in the file: base64, only white space behind it; an empty file (/dev/null) is the
 * all-zero key, which removes one. False when it has complained. Warns of a file that everybody
 * may read.
 */
bool keyfile_read(const char *path, uint8_t key[KEY_LEN]);

#endif

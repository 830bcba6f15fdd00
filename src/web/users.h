/*
 * Who may log in: a file of lines "name:hash", the hash as libsodium's crypto_pwhash_str() makes it
 * (Argon2id). Written anew and renamed, mode 0600.
 */
#ifndef CULVERT_WEB_USERS_H
#define CULVERT_WEB_USERS_H

#include <stdbool.h>

enum {
	USER_NAME_MAX = 32,
	PASSWORD_MIN = 10,
	PASSWORD_MAX = 256,
};

/* Letters, digits, dot, dash and underscore. */
bool user_name_is_good(const char *name);

/* Sets or changes a password; NULL removes the user (-ENOENT: there is none). 0 or -errno. */
int users_set(const char *path, const char *name, const char *password);

/*
 * 0: that is the password; -EACCES: it is not, or there is no such user, which takes as long; or
 * another -errno of reading the file.
 */
int users_check(const char *path, const char *name, const char *password);

/* How many there are; 0 without a file. */
unsigned users_count(const char *path);

#endif

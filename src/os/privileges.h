/*
 * Giving privileges up for good: capabilities, the user, and the way back to them. For the calling
 * thread and those it starts, so it is called before the first.
 */
#ifndef CULVERT_OS_PRIVILEGES_H
#define CULVERT_OS_PRIVILEGES_H

#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
};

/* The account of a user's name; -ENOENT: there is none; other -errno. */
int account_find(const char *name, struct account *account);

/*
 * Keeps CAP_NET_ADMIN and CAP_NET_BIND_SERVICE, as far as they are there, and drops all others, from
 * the bounding set too; becomes account, with no groups but its own (NULL: stays who it is). No program
 * that is executed from here on gains any. A core dump has to be forbidden after it. 0 or -errno.
 */
int privileges_drop(const struct account *account);

#endif

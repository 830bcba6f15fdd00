/* Capabilities and user, by libcap-ng. */
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

static const unsigned kept[] = {
	CAP_NET_ADMIN,        /* marks, large socket buffers, the interface's settings */
	CAP_NET_BIND_SERVICE, /* listen ports below 1024 */
};

enum { KEPT_COUNT = sizeof(kept) / sizeof(kept[0]) };

static bool is_kept(unsigned capability)
{
	for (size_t i = 0; i < KEPT_COUNT; i++)
		if (kept[i] == capability)
			return true;
	return false;
}

static bool has_others(void)
{
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if (!is_kept(i) && (capng_have_capability(CAPNG_EFFECTIVE, i) ||
					   capng_have_capability(CAPNG_PERMITTED, i)))
			return true;
	return false;
}

int account_find(const char *name, struct account *account)
{
	struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (!entry)
		return errno ? -errno : -ENOENT;
	*account = (struct account){entry->pw_uid, entry->pw_gid};
	return 0;
}

/* What is kept of what there is; the bounding set empty. */
static void choose(void)
{
	bool has[KEPT_COUNT];

	for (size_t i = 0; i < KEPT_COUNT; i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < KEPT_COUNT; i++)
		if (has[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
}

int privileges_drop(const struct account *account)
{
	bool may_bound;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EIO;
	/* A service manager has left no others, and perhaps no right to drop any. */
	if (!account && !has_others())
		return 0;
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	choose();
	if (account)
		return capng_change_id((int)account->uid, (int)account->gid,
			       CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) < 0
			       ? -EPERM
			       : 0;
	/* Who may not lower the bounding set gains nothing by executing something either: see above. */
	return capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

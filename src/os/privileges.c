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

int privileges_drop(const struct account *account)
{
	bool has[KEPT_COUNT], may_bound;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EIO;
	for (size_t i = 0; i < KEPT_COUNT; i++)
		has[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < KEPT_COUNT; i++)
		if (has[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
	/* Who may not lower the bounding set gains nothing by executing something either: see above. */
	if (account)
		return capng_change_id((int)account->uid, (int)account->gid,
			       CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) < 0
			       ? -EPERM
			       : 0;
	return capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

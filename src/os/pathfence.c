/* The file system's end, by Landlock's three system calls, for which there is no library. */
#include "pathfence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "sanitizer.h"

/* What a ruleset may take away, as Linux 6.12 has it; an older kernel wants zeros for the rest. */
struct ruleset {
	uint64_t files, net, scopes;
};

/* Linux 6.12's <linux/landlock.h>. */
#define SCOPED_SIGNAL (UINT64_C(1) << 1)

#define BITS(count) ((UINT64_C(1) << (count)) - 1)

/* From which version of the interface on it can take away what. */
static const struct {
	int version;
	struct ruleset handled;
} versions[] = {
	{6, {BITS(16), BITS(2), SCOPED_SIGNAL}}, /* signals to others */
	{5, {BITS(16), BITS(2), 0}},             /* ioctl() on devices */
	{4, {BITS(15), BITS(2), 0}},             /* TCP */
	{3, {BITS(15), 0, 0}},                   /* truncating */
	{2, {BITS(14), 0, 0}},                   /* linking and renaming elsewhere */
	{1, {BITS(13), 0, 0}},
};

static int allow_removal(int ruleset_fd, const char *directory);

int pathfence_close(const char *directory)
{
	int version =
		(int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd, err;
	size_t i = 0;

	if (HAS_SANITIZER)
		return 0;
	if (version < 1)
		return version < 0 ? -errno : -ENOSYS;
	while (versions[i].version > version)
		i++;
	fd = (int)syscall(
		SYS_landlock_create_ruleset, &versions[i].handled, sizeof(versions[i].handled), 0);
	if (fd < 0)
		return -errno;
	err = allow_removal(fd, directory);
	if (err == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int allow_removal(int ruleset_fd, const char *directory)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = LANDLOCK_ACCESS_FS_REMOVE_FILE};
	int err = 0;

	rule.parent_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		err = -errno;
	close(rule.parent_fd);
	return err;
}

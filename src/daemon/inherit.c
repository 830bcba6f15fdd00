/* Reading the variables that name descriptors. */
#include "inherit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FD_MAX = 1 << 20,
	STORED_FIRST = 3, /* systemd's protocol */
	STORED_MAX = 64,
};

/* The number that the variable holds; -1: it is not set; -EINVAL: it is none, or too large. */
static int number_of(const char *name, long max)
{
	const char *value = getenv(name);
	char *end;
	long number;

	if (!value || !*value)
		return -1;
	errno = 0;
	number = strtol(value, &end, 10);
	return *end || errno || number < 0 || number > max ? -EINVAL : (int)number;
}

int inherit_tun(void)
{
	return number_of("WG_TUN_FD", FD_MAX);
}

int inherit_listener(void)
{
	return number_of("WG_UAPI_FD", FD_MAX);
}

/* Takes the first name off a list with colons between; true when it is `wanted`. */
static bool take_name(const char **names, const char *wanted)
{
	size_t len = strcspn(*names, ":");
	bool is_wanted = len == strlen(wanted) && strncmp(*names, wanted, len) == 0;

	*names += len;
	*names += **names == ':';
	return is_wanted;
}

int inherit_stored_tun(void)
{
	const char *names = getenv("LISTEN_FDNAMES");
	int count = number_of("LISTEN_FDS", STORED_MAX), found = INHERIT_NONE;
	const char *pid = getenv("LISTEN_PID");

	if (count < 0 || !names || !pid || strtol(pid, NULL, 10) != getpid())
		return INHERIT_NONE;
	for (int fd = STORED_FIRST; fd < STORED_FIRST + count; fd++) {
		if (take_name(&names, INHERIT_TUN) && found == INHERIT_NONE)
			found = fd;
		else
			close(fd);
	}
	return found;
}

/* Reading the variables that name descriptors. */
#include "inherit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FD_MAX = 1 << 20,
	MANAGED_FIRST = 3, /* systemd's protocol */
	MANAGED_MAX = 64,
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

/* Takes the first name off a list with colons between, and returns where a descriptor of it goes. */
static int *take_name(const char **names, struct inherited *found)
{
	static const char *const known[] = {INHERIT_TUN, INHERIT_LISTENER, INHERIT_PUBLIC};
	int *places[] = {&found->tun, &found->listener, &found->public_listener}, *place = NULL;
	size_t len = strcspn(*names, ":");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (len == strlen(known[i]) && strncmp(*names, known[i], len) == 0)
			place = places[i];
	*names += len;
	*names += **names == ':';
	return place;
}

struct inherited inherit_managed(void)
{
	struct inherited found = {INHERIT_NONE, INHERIT_NONE, INHERIT_NONE};
	const char *names = getenv("LISTEN_FDNAMES"), *pid = getenv("LISTEN_PID");
	int count = number_of("LISTEN_FDS", MANAGED_MAX);

	if (!names || !pid || strtol(pid, NULL, 10) != getpid())
		return found;
	for (int fd = MANAGED_FIRST; fd < MANAGED_FIRST + count; fd++) {
		int *place = take_name(&names, &found);

		if (place && *place == INHERIT_NONE)
			*place = fd;
		else
			close(fd);
	}
	return found;
}

/* Files in the configuration directory, and interfaces that are up. */
#include "peerchoice.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "confpath.h"
#include "fault.h"
#include "grow.h"

#define SUFFIX ".conf"

/* The interface of a file's name; false when it is not one. */
static bool name_of(const char *file, char name[IFNAME_LEN_MAX + 1])
{
	size_t len = strlen(file), tail = strlen(SUFFIX);

	if (len <= tail || len - tail > IFNAME_LEN_MAX || file[0] == '.' ||
		strcmp(file + len - tail, SUFFIX) != 0)
		return false;
	memcpy(name, file, len - tail);
	name[len - tail] = '\0';
	return true;
}

static int add(struct ctl_names *names, const char *name)
{
	char(*list)[IFNAME_LEN_MAX + 1] =
		grow_array(names->list, names->count, &names->room, sizeof(*list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	memcpy(names->list[names->count++], name, strlen(name) + 1);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool peerchoice_list(struct ctl_names *names)
{
	DIR *directory = opendir(confpath_directory());
	const struct dirent *entry;
	char name[IFNAME_LEN_MAX + 1];
	int error = directory ? 0 : -errno;

	*names = (struct ctl_names){0};
	while (!error && (entry = readdir(directory)))
		if (name_of(entry->d_name, name))
			error = add(names, name);
	if (directory)
		closedir(directory);
	if (error)
		fault_system(confpath_directory(), error);
	else if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), compare);
	return !error;
}

static bool is_up(const struct ctl_names *running, const char *name)
{
	for (size_t i = 0; i < running->count; i++)
		if (strcmp(running->list[i], name) == 0)
			return true;
	return false;
}

/* The only one that is up; NULL: none or several. */
static const char *only_running(const struct ctl_names *files, const struct ctl_names *running)
{
	const char *only = NULL;

	for (size_t i = 0; i < files->count; i++) {
		if (!is_up(running, files->list[i]))
			continue;
		if (only)
			return NULL;
		only = files->list[i];
	}
	return only;
}

static const char *choose(const struct ctl_names *files)
{
	struct ctl_names running = {0};
	const char *chosen = files->count == 1 ? files->list[0] : NULL;

	if (!chosen && files->count && ctl_list(&running) == 0)
		chosen = only_running(files, &running);
	ctl_names_fini(&running);
	if (!files->count) {
		fault_say("there is no file of an interface in %s", confpath_directory());
	} else if (!chosen) {
		fault_say("which interface? There are files of %zu", files->count);
		fault_hint("Name it before the peer, for example %s.", files->list[0]);
	}
	return chosen;
}

bool peerchoice_make(const char *interface, char chosen[IFNAME_LEN_MAX + 1])
{
	struct ctl_names files = {0};

	if (!interface && peerchoice_list(&files))
		interface = choose(&files);
	if (interface && strlen(interface) > IFNAME_LEN_MAX) {
		fault_say("`%s' is too long for the name of an interface", interface);
		interface = NULL;
	}
	if (interface)
		memcpy(chosen, interface, strlen(interface) + 1);
	ctl_names_fini(&files);
	return interface != NULL;
}

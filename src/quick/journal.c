/* Journals: one file an interface, one line a step, one write a line. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "journal.h"
#include "wholefile.h"

#define SUFFIX ".journal"

static void journal_path(char path[PATH_MAX], const char *ifname)
{
	snprintf(path, PATH_MAX, QUICK_DIRECTORY "/%s" SUFFIX, ifname);
}

int journal_make_directory(void)
{
	if ((mkdir("/run/culvert", 0755) < 0 && errno != EEXIST) ||
		(mkdir(QUICK_DIRECTORY, 0700) < 0 && errno != EEXIST))
		return -errno;
	return 0;
}

/* What was taken back is no longer done: both lines go. */
static void add_net(struct step_list *steps, struct step *step)
{
	if (!step_is_undoing(step)) {
		step_list_add(steps, step);
		return;
	}
	for (size_t i = steps->count; i-- > 0;) {
		if (!step_undoes(step, &steps->steps[i]))
			continue;
		step_fini(&steps->steps[i]);
		memmove(&steps->steps[i], &steps->steps[i + 1],
			(steps->count - i - 1) * sizeof(steps->steps[0]));
		steps->count--;
		break;
	}
	step_fini(step);
}

int journal_read(const char *ifname, struct step_list *steps)
{
	char path[PATH_MAX], *text, *line, *end;
	size_t len;
	int error;

	journal_path(path, ifname);
	error = wholefile_read(path, &text, &len);
	if (error)
		return error;
	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct step step;

		if (step_decode((struct span){line, (size_t)(end - line)}, &step))
			add_net(steps, &step);
		else
			step_fini(&step);
	}
	wholefile_free(text, len);
	return steps->is_short ? -ENOMEM : 0;
}

static int append(const char *ifname, const char *line, size_t len)
{
	char path[PATH_MAX];
	int error = journal_make_directory(), fd;

	if (error)
		return error;
	journal_path(path, ifname);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (len && write(fd, line, len) != (ssize_t)len)
		error = errno ? -errno : -ENOSPC;
	close(fd);
	return error;
}

int journal_append(const char *ifname, const struct step *step)
{
	struct textbuf line;
	int error;

	textbuf_init(&line);
	step_encode(&line, step);
	error = textbuf_status(&line);
	if (!error)
		error = append(ifname, line.text, line.len);
	textbuf_fini(&line);
	return error;
}

int journal_begin(const char *ifname)
{
	return append(ifname, "", 0);
}

void journal_remove(const char *ifname)
{
	char path[PATH_MAX];

	journal_path(path, ifname);
	unlink(path);
}

static bool has_kind(const char *ifname, enum step_kind kind)
{
	struct step_list steps = {0};
	bool found = journal_read(ifname, &steps) == 0 && step_list_find(&steps, kind, IP_NONE);

	step_list_fini(&steps);
	return found;
}

bool journal_any_has(enum step_kind kind)
{
	DIR *directory = opendir(QUICK_DIRECTORY);
	struct dirent *entry;
	bool found = false;

	while (directory && !found && (entry = readdir(directory)) != NULL) {
		size_t len = strlen(entry->d_name), tail = sizeof(SUFFIX) - 1;
		char ifname[NAME_MAX + 1];

		if (len <= tail || strcmp(entry->d_name + len - tail, SUFFIX) != 0)
			continue;
		snprintf(ifname, sizeof(ifname), "%.*s", (int)(len - tail), entry->d_name);
		found = has_kind(ifname, kind);
	}
	if (directory)
		closedir(directory);
	return found;
}

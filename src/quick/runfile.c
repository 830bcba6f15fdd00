/* Whole files under /run: written beside, then renamed. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include "runfile.h"
#include "smallfile.h"

#define UNFINISHED ".new"

int runfile_keep(const char *path, const char *text)
{
	char unfinished[PATH_MAX + sizeof(UNFINISHED)];
	int error;

	snprintf(unfinished, sizeof(unfinished), "%s" UNFINISHED, path);
	error = smallfile_write(unfinished, text, 0600);
	return error ? error : rename(unfinished, path) < 0 ? -errno : 0;
}

void runfile_forget(const char *path)
{
	char unfinished[PATH_MAX + sizeof(UNFINISHED)];

	snprintf(unfinished, sizeof(unfinished), "%s" UNFINISHED, path);
	unlink(unfinished);
	unlink(path);
}

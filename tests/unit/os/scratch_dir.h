/* A directory of its own for a test, made and removed with what is in it. */
#ifndef CULVERT_TESTS_UNIT_OS_SCRATCH_DIR_H
#define CULVERT_TESTS_UNIT_OS_SCRATCH_DIR_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRATCH_PATH_MAX = 64 };

static inline void scratch_make(char path[SCRATCH_PATH_MAX])
{
	strcpy(path, "/tmp/culvert-test-XXXXXX");
	assert_non_null(mkdtemp(path));
}

/* Files only; no directories in it. */
static inline void scratch_remove(const char *path)
{
	DIR *stream = opendir(path);
	struct dirent *entry;
	char file[SCRATCH_PATH_MAX + 256];

	while (stream && (entry = readdir(stream))) {
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	if (stream)
		closedir(stream);
	rmdir(path);
}

#endif

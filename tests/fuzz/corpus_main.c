/*
 * A fuzzer without libFuzzer: gives it each file of the folders that are named, and a sanitizer,
 * valgrind or gcov what it sees. So each build runs the corpora. TAP.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

/* In a block of its length, so that who reads behind its end is caught. */
static int run_file(const char *path)
{
	static uint8_t room[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *input;
	size_t size;

	if (!file)
		return -1;
	size = fread(room, 1, sizeof(room), file);
	fclose(file);
	input = malloc(size ? size : 1);
	if (!input)
		return -1;
	for (size_t i = 0; i < size; i++)
		input[i] = room[i];
	LLVMFuzzerTestOneInput(input, size);
	free(input);
	return 0;
}

static int run_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[4096];
	int count = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		fprintf(stderr, "%s\n", path);
		count += run_file(path) == 0;
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		int count = run_folder(argv[i]);

		printf("%s %d - a corpus of %d inputs\n", count > 0 ? "ok" : "not ok", i, count);
	}
	return 0;
}

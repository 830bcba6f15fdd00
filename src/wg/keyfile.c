/* Reading keys from files, pipes and /dev/stdin. */
#include "keyfile.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "keytext.h"
#include "wipe.h"

static void warn_when_readable(FILE *file, const char *path)
{
	struct stat st;

	if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) && st.st_size &&
		st.st_mode & (S_IROTH | S_IWOTH))
		fprintf(stderr, "Warning: `%s' is world accessible; chmod 600 it\n", path);
}

/* True when only white space follows; complains about the first other character. */
static bool is_end_clean(FILE *file)
{
	int c;

	while ((c = getc(file)) != EOF)
		if (!isspace(c)) {
			fprintf(stderr, "Found trailing character in key file: `%c'\n", c);
			return false;
		}
	return true;
}

static bool read_key(FILE *file, const char *path, uint8_t key[KEY_LEN])
{
	char text[KEY_BASE64_LEN];
	size_t len = fread(text, 1, sizeof(text), file);
	bool is_key = false;

	memset(key, 0, KEY_LEN);
	if (ferror(file))
		fprintf(stderr, "Invalid length key in key file\n%s: cannot be read\n", path);
	else if (!len)
		is_key = true;
	else if (len != sizeof(text))
		fprintf(stderr, "Invalid length key in key file\n");
	else if (is_end_clean(file)) {
		is_key = key_parse_base64((struct span){text, len}, key);
		if (!is_key)
			fprintf(stderr, "Key is not the correct length or format: `(hidden)'\n");
	}
	wipe(text, sizeof(text));
	return is_key;
}

bool keyfile_read(const char *path, uint8_t key[KEY_LEN])
{
	FILE *file = fopen(path, "re");
	bool is_key;

	if (!file) {
		perror("fopen");
		fprintf(stderr, "wg: cannot open the key file `%s'\n", path);
		return false;
	}
	/* No second copy of the key in a buffer that nobody wipes. */
	setvbuf(file, NULL, _IONBF, 0);
	warn_when_readable(file, path);
	is_key = read_key(file, path, key);
	fclose(file);
	return is_key;
}

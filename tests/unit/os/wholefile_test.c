/* Whole files: what is read back, what a failure leaves. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "wholefile.h"

static char directory[] = "/tmp/wholefile-XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink("file");
	unlink("link");
	unlink("other");
	return rmdir(directory);
}

static void assert_content(const char *path, const char *content)
{
	char *bytes;
	size_t len;

	assert_int_equal(wholefile_read(path, &bytes, &len), 0);
	assert_int_equal(len, strlen(content));
	assert_string_equal(bytes, content);
	wholefile_free(bytes, len);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static void writes_new_and_replaces_old(void **state)
{
	(void)state;
	umask(0);
	assert_int_equal(wholefile_write("file", "one", 3, 0600), 0);
	assert_content("file", "one");
	assert_int_equal(mode_of("file"), S_IFREG | 0600);
	assert_int_equal(wholefile_write("file", "", 0, 0640), 0);
	assert_content("file", "");
	assert_int_equal(mode_of("file"), S_IFREG | 0640);
}

static void keeps_a_link_a_link(void **state)
{
	(void)state;
	assert_int_equal(symlink("other", "link"), 0);
	assert_int_equal(wholefile_write("other", "old", 3, 0600), 0);
	assert_int_equal(wholefile_write("link", "new", 3, 0600), 0);
	assert_true(S_ISLNK(mode_of("link")));
	assert_content("other", "new");
}

static void leaves_nothing_after_a_failure(void **state)
{
	(void)state;
	assert_int_equal(wholefile_write("no/such/file", "x", 1, 0600), -ENOENT);
	assert_int_equal(mkdir("dir", 0700), 0);
	assert_int_equal(wholefile_write("dir", "x", 1, 0600), -EISDIR);
	/* An own file beside it would keep the test's directory from being removed. */
	assert_int_equal(rmdir("dir"), 0);
}

static void reads_large_files_and_no_directories(void **state)
{
	enum { LEN = 100000 };
	char *written = malloc(LEN), *bytes;
	size_t len;

	(void)state;
	memset(written, 'x', LEN);
	assert_int_equal(wholefile_write("file", written, LEN, 0600), 0);
	assert_int_equal(wholefile_read("file", &bytes, &len), 0);
	assert_int_equal(len, LEN);
	assert_memory_equal(bytes, written, LEN);
	wholefile_free(bytes, len);
	free(written);
	assert_int_equal(wholefile_read(".", &bytes, &len), -EISDIR);
	assert_null(bytes);
	assert_int_equal(wholefile_read("absent", &bytes, &len), -ENOENT);
	wholefile_free(bytes, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_new_and_replaces_old),
		cmocka_unit_test(keeps_a_link_a_link),
		cmocka_unit_test(leaves_nothing_after_a_failure),
		cmocka_unit_test(reads_large_files_and_no_directories),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

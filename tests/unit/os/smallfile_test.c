/* Small files in place, and sysctls. */
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "smallfile.h"
#include "wholefile.h"

static void writes_in_place(void **state)
{
	static const char *const texts[] = {"long text\n", "short\n", ""};
	char path[] = "smallfile-XXXXXX", *text;
	struct stat before, after;
	size_t len;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat(path, &before), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(smallfile_write(path, texts[i], 0600), 0);
		assert_int_equal(wholefile_read(path, &text, &len), 0);
		assert_string_equal(text, texts[i]);
		wholefile_free(text, len);
	}
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	unlink(path);
}

static void makes_with_the_mode(void **state)
{
	char path[] = "smallfile-XXXXXX";
	struct stat st;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	umask(0);
	assert_int_equal(smallfile_write(path, "x", 0600), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	unlink(path);
	assert_int_equal(smallfile_write("/no-such-directory/x", "x", 0600), -ENOENT);
}

static void reads_sysctls(void **state)
{
	(void)state;
	assert_true(smallfile_read_sysctl("kernel/pid_max") > 0);
	assert_int_equal(smallfile_read_sysctl("no/such/sysctl"), -ENOENT);
	assert_true(smallfile_write_sysctl("no/such/sysctl", 1) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_in_place),
		cmocka_unit_test(makes_with_the_mode),
		cmocka_unit_test(reads_sysctls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The users' file: who is in it may log in, with that password and no other. */
#include "unit.h"
#include "users.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "os/scratch_dir.h"

static char directory[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];

static int set_up(void **state)
{
	(void)state;
	scratch_make(directory);
	snprintf(path, sizeof(path), "%s/users", directory);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

static void lets_in_who_is_there(void **state)
{
	struct stat file;

	(void)state;
	assert_int_equal(users_count(path), 0);
	assert_int_equal(users_check(path, "anna", "correct horse"), -EACCES);
	assert_int_equal(users_set(path, "anna", "correct horse"), 0);
	assert_int_equal(users_set(path, "ben", "battery staple"), 0);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(users_count(path), 2);
	assert_int_equal(users_check(path, "anna", "correct horse"), 0);
	assert_int_equal(users_check(path, "anna", "battery staple"), -EACCES);
	assert_int_equal(users_check(path, "ben", "battery staple"), 0);
	assert_int_equal(users_check(path, "an", "correct horse"), -EACCES);
	assert_int_equal(users_check(path, "", "correct horse"), -EACCES);
	/* Another password in place of the first. */
	assert_int_equal(users_set(path, "anna", "something else"), 0);
	assert_int_equal(users_count(path), 2);
	assert_int_equal(users_check(path, "anna", "correct horse"), -EACCES);
	assert_int_equal(users_check(path, "anna", "something else"), 0);
	assert_int_equal(users_set(path, "anna", NULL), 0);
	assert_int_equal(users_set(path, "anna", NULL), -ENOENT);
	assert_int_equal(users_check(path, "anna", "something else"), -EACCES);
	assert_int_equal(users_check(path, "ben", "battery staple"), 0);
}

static void survives_what_is_no_user(void **state)
{
	static const char *const lines[] = {"", "\n", "anna\n", ":\n", "anna:\n", "anna:x\n",
		"anna:$argon2id$v=19$m=65536,t=2,p=1$\n", "anna:$argon2id$"};
	char line[4096];

	(void)state;
	for (size_t i = 0; i <= sizeof(lines) / sizeof(lines[0]); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		memset(line, 'a', sizeof(line));
		line[sizeof(line) - 1] = '\0';
		fputs(i < sizeof(lines) / sizeof(lines[0]) ? lines[i] : line, file);
		fclose(file);
		assert_int_equal(users_check(path, "anna", "correct horse"), -EACCES);
		assert_int_equal(users_check(path, "anna", ""), -EACCES);
	}
}

static void knows_a_good_name(void **state)
{
	(void)state;
	assert_true(user_name_is_good("anna"));
	assert_true(user_name_is_good("Anna.M_2-x"));
	assert_false(user_name_is_good(""));
	assert_false(user_name_is_good("-x"));
	assert_false(user_name_is_good("a:b"));
	assert_false(user_name_is_good("a\nb"));
	assert_false(user_name_is_good("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lets_in_who_is_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(survives_what_is_no_user, set_up, tear_down),
		cmocka_unit_test(knows_a_good_name),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}

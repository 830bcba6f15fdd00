/* Descriptors that the environment names. */
#include "unit.h"
#include "inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void reads_numbers(void **state)
{
	static const struct {
		const char *value; /* NULL: not set */
		int fd;
	} rows[] = {
		{NULL, INHERIT_NONE},
		{"", INHERIT_NONE},
		{"0", 0},
		{"7", 7},
		{"1048576", 1048576},
		{"1048577", -EINVAL},
		{"-1", -EINVAL},
		{"3x", -EINVAL},
		{"x", -EINVAL},
		{"99999999999999999999", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].value) {
			setenv("WG_TUN_FD", rows[i].value, 1);
			setenv("WG_UAPI_FD", rows[i].value, 1);
		} else {
			unsetenv("WG_TUN_FD");
			unsetenv("WG_UAPI_FD");
		}
		assert_int_equal(inherit_tun(), rows[i].fd);
		assert_int_equal(inherit_listener(), rows[i].fd);
	}
}

/* pid: added to ours. */
struct store {
	int pid;
	const char *count, *names;
	int tun, listener, public_listener; /* which descriptor, counted from 0; -1: none */
	const char *closed;                 /* a letter for each of four: c closed, o open */
};

static void try_store(const struct store *store)
{
	struct inherited found;
	char text[16];

	for (int fd = 3; fd < 7; fd++)
		assert_int_equal(dup2(STDERR_FILENO, fd), fd);
	snprintf(text, sizeof(text), "%d", (int)getpid() + store->pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", store->count, 1);
	if (store->names)
		setenv("LISTEN_FDNAMES", store->names, 1);
	else
		unsetenv("LISTEN_FDNAMES");
	found = inherit_managed();
	assert_int_equal(found.tun, store->tun < 0 ? INHERIT_NONE : 3 + store->tun);
	assert_int_equal(found.listener, store->listener < 0 ? INHERIT_NONE : 3 + store->listener);
	assert_int_equal(found.public_listener,
		store->public_listener < 0 ? INHERIT_NONE : 3 + store->public_listener);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fcntl(3 + i, F_GETFD) < 0, store->closed[i] == 'c');
	for (int fd = 3; fd < 7; fd++)
		close(fd);
}

static void finds_what_a_manager_hands_over(void **state)
{
	static const struct store rows[] = {
		{0, "1", "tun", 0, -1, -1, "oooo"},
		{0, "1", "control", -1, 0, -1, "oooo"},
		{0, "2", "control:tun", 1, 0, -1, "oooo"},
		{0, "1", "events", -1, -1, 0, "oooo"},
		{0, "3", "control:events:tun", 2, 0, 1, "oooo"},
		{0, "3", "events:control:events", -1, 1, 0, "ooco"},
		{0, "2", "stored:tun", 1, -1, -1, "cooo"},
		{0, "3", "tun:tun:x", 0, -1, -1, "occo"},
		{0, "4", "tune:tu::tun", 3, -1, -1, "ccco"},
		{0, "3", "a:b:controls", -1, -1, -1, "ccco"},
		{0, "2", "tun", 0, -1, -1, "ocoo"},
		{0, "2", "", -1, -1, -1, "ccoo"},
		{0, "0", "tun", -1, -1, -1, "oooo"},
		{0, "-1", "tun", -1, -1, -1, "oooo"},
		{0, "65", "tun", -1, -1, -1, "oooo"},
		{0, "", "tun", -1, -1, -1, "oooo"},
		{0, "1", NULL, -1, -1, -1, "oooo"},
		{1, "1", "tun", -1, -1, -1, "oooo"},
	};

	(void)state;
	/* Those numbers are the test program's to use; valgrind and sanitizers keep theirs above. */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_store(&rows[i]);
	unsetenv("LISTEN_PID");
	assert_int_equal(inherit_managed().tun, INHERIT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(finds_what_a_manager_hands_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Control sockets: live, dead, none, and not one at all. */
#include "unit.h"
#include "unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "scratch_dir.h"

static char parent[SCRATCH_PATH_MAX];
static char directory[SCRATCH_PATH_MAX + 8];

static int setup(void **state)
{
	(void)state;
	scratch_make(parent);
	snprintf(directory, sizeof(directory), "%s/run", parent);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(directory);
	scratch_remove(parent);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return info.st_mode;
}

static bool exists(const char *name)
{
	char path[UNIXSOCK_PATH_MAX];

	assert_int_equal(unixsock_path(path, directory, name), 0);
	return access(path, F_OK) == 0;
}

/* A socket that a program left behind when it died. */
static void leave_dead(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(unixsock_path(address.sun_path, directory, name), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void paths_have_bounds(void **state)
{
	static const char long_directory[] =
		"/a23456789012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789"; /* 100: with "/a.sock" and its NUL, 108 */
	char path[UNIXSOCK_PATH_MAX];

	(void)state;
	assert_int_equal(unixsock_path(path, "/d", "wg0"), 0);
	assert_string_equal(path, "/d/wg0.sock");
	assert_int_equal(unixsock_path(path, "/d", ""), -EINVAL);
	assert_int_equal(unixsock_path(path, "/d", "../wg0"), -EINVAL);
	assert_int_equal(unixsock_path(path, long_directory, "a"), 0);
	assert_int_equal(strlen(path), UNIXSOCK_PATH_MAX - 1);
	assert_int_equal(unixsock_path(path, long_directory, "ab"), -ENAMETOOLONG);
	assert_int_equal(unixsock_listen(long_directory, "ab"), -ENAMETOOLONG);
}

static void talks(void **state)
{
	char path[UNIXSOCK_PATH_MAX], got[8];
	mode_t before = umask(077);
	int fd, client, server;
	uid_t uid;
	pid_t pid;

	(void)state;
	fd = unixsock_listen(directory, "wg0");
	assert_true(fd >= 0);
	umask(before);
	assert_int_equal(mode_of(directory), S_IFDIR | 0755);
	unixsock_path(path, directory, "wg0");
	assert_int_equal(mode_of(path), S_IFSOCK | 0600);
	assert_int_equal(unixsock_accept(fd), -EAGAIN);
	client = unixsock_connect(directory, "wg0");
	assert_true(client >= 0);
	server = unixsock_accept(fd);
	assert_true(server >= 0);
	assert_int_equal(fcntl(server, F_GETFD), FD_CLOEXEC);
	assert_int_equal(unixsock_peer(server, &uid, &pid), 0);
	assert_int_equal(uid, getuid());
	assert_int_equal(pid, getpid());

	assert_int_equal(unixsock_read(server, got, sizeof(got)), -EAGAIN);
	assert_int_equal(unixsock_write_all(client, "get=1\n\n", 7), 0);
	assert_int_equal(unixsock_read(server, got, sizeof(got)), 7);
	assert_memory_equal(got, "get=1\n\n", 7);
	close(client);
	assert_int_equal(unixsock_read(server, got, sizeof(got)), 0);
	assert_int_equal(unixsock_write(server, "x", 1), -EPIPE);
	close(server);
	close(fd);
}

static void writes_until_it_is_full(void **state)
{
	static const char bytes[4096];
	int fds[2];
	ssize_t done;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	do {
		done = unixsock_write(fds[0], bytes, sizeof(bytes));
	} while (done > 0);
	assert_int_equal(done, -EAGAIN);
	assert_int_equal(unixsock_write_all(fds[0], bytes, 1), -EAGAIN);
	close(fds[0]);
	close(fds[1]);
}

static void does_not_take_a_live_socket_away(void **state)
{
	int fd = unixsock_listen(directory, "wg0");
	int others[4], count = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unixsock_listen(directory, "wg0"), -EADDRINUSE);
	close(unixsock_accept(fd));
	/* It is alive, too, when it has more to do than it can take: here two connections. */
	assert_int_equal(listen(fd, 1), 0);
	do {
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		unixsock_path(address.sun_path, directory, "wg0");
		others[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(others[count], (struct sockaddr *)&address, sizeof(address)) < 0)
			break;
	} while (++count < 3);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(unixsock_listen(directory, "wg0"), -EADDRINUSE);
	while (count >= 0)
		close(others[count--]);
	assert_true(exists("wg0"));
	close(fd);
}

static void takes_a_dead_sockets_place(void **state)
{
	int fd, client;

	(void)state;
	close(unixsock_listen(directory, "wg0"));
	assert_true(exists("wg0"));
	fd = unixsock_listen(directory, "wg0");
	assert_true(fd >= 0);
	client = unixsock_connect(directory, "wg0");
	assert_true(client >= 0);
	close(client);
	close(fd);
	leave_dead("wg1");
	fd = unixsock_listen(directory, "wg1");
	assert_true(fd >= 0);
	close(fd);
}

static void leaves_other_files_alone(void **state)
{
	char path[UNIXSOCK_PATH_MAX];
	int fd;

	(void)state;
	close(unixsock_listen(directory, "wg1"));
	unixsock_path(path, directory, "wg0");
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(unixsock_listen(directory, "wg0"), -ENOTSOCK);
	assert_int_equal(unixsock_connect(directory, "wg0"), -ECONNREFUSED);
	assert_true(exists("wg0"));
}

static void clients_clear_away_the_dead(void **state)
{
	(void)state;
	assert_int_equal(unixsock_connect(directory, "wg0"), -ENOENT);
	close(unixsock_listen(directory, "wg0"));
	assert_int_equal(unixsock_connect(directory, "wg0"), -ECONNREFUSED);
	assert_false(exists("wg0"));
	assert_int_equal(unixsock_connect(directory, "wg0"), -ENOENT);
}

static void adopts_what_listens(void **state)
{
	int fd = unixsock_listen(directory, "wg0");
	int other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int inet = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
	assert_int_equal(unixsock_adopt(fd), 0);
	assert_int_equal(unixsock_accept(fd), -EAGAIN);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(unixsock_adopt(other), -EINVAL);
	assert_int_equal(listen(inet, 1), 0);
	assert_int_equal(unixsock_adopt(inet), -EINVAL);
	assert_int_equal(unixsock_adopt(-1), -EBADF);
	close(fd);
	close(other);
	close(inet);
}

static void lists_the_live(void **state)
{
	static const char *const others[] = {"wg9", "wg.sock", ".sock", "sixteen-letters-.sock"};
	char name[UNIXSOCK_NAME_MAX + 1];
	struct unixsock_list list;
	int a, b, seen_a = 0, seen_b = 0;

	(void)state;
	assert_int_equal(unixsock_list_open(&list, directory), 0);
	assert_int_equal(unixsock_list_next(&list, name), 0);
	unixsock_list_close(&list);
	a = unixsock_listen(directory, "a");
	b = unixsock_listen(directory, "fifteen-letters");
	close(unixsock_listen(directory, "dead"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char path[UNIXSOCK_PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", directory, others[i]);
		close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	assert_int_equal(unixsock_list_open(&list, directory), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(unixsock_list_next(&list, name), 1);
		seen_a += strcmp(name, "a") == 0;
		seen_b += strcmp(name, "fifteen-letters") == 0;
	}
	assert_int_equal(unixsock_list_next(&list, name), 0);
	unixsock_list_close(&list);
	assert_true(seen_a == 1 && seen_b == 1);
	assert_false(exists("dead"));
	close(a);
	close(b);
}

/* Whatever the umask: everybody may use one, nobody else the other. */
static void lets_everybody_in_where_it_should(void **state)
{
	mode_t before = umask(077);
	int control = unixsock_listen(directory, "w"),
	    open = unixsock_listen_public(directory, "w");
	char path[UNIXSOCK_PATH_MAX];
	int fd;

	(void)state;
	umask(before);
	assert_true(control >= 0 && open >= 0);
	assert_int_equal(unixsock_path(path, directory, "w"), 0);
	assert_int_equal(mode_of(path) & 0777, 0600);
	assert_int_equal(unixsock_path_public(path, directory, "w"), 0);
	assert_int_equal(mode_of(path) & 0777, 0666);
	assert_int_equal(unixsock_listen_public(directory, "w"), -EADDRINUSE);
	fd = unixsock_connect_public(directory, "w");
	assert_true(fd >= 0);
	close(fd);
	close(open);
	assert_int_equal(unixsock_connect_public(directory, "w"), -ECONNREFUSED);
	assert_int_equal(unixsock_connect_public(directory, "w"), -ENOENT);
	close(control);
	assert_int_equal(unixsock_connect(directory, "w"), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_have_bounds),
		cmocka_unit_test_setup_teardown(talks, setup, teardown),
		cmocka_unit_test(writes_until_it_is_full),
		cmocka_unit_test_setup_teardown(does_not_take_a_live_socket_away, setup, teardown),
		cmocka_unit_test_setup_teardown(takes_a_dead_sockets_place, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_other_files_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(clients_clear_away_the_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(adopts_what_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(lists_the_live, setup, teardown),
		cmocka_unit_test_setup_teardown(lets_everybody_in_where_it_should, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

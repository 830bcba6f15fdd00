/* The line to a service manager: addresses, text, a descriptor on the way. */
#include "unit.h"
#include "notify.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "scratch_dir.h"

static char directory[SCRATCH_PATH_MAX];

/* A manager's end, at a path or an abstract name. */
static int listen_at(const char *address)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t len = strlen(address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, address, len);
	if (address[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		0);
	return fd;
}

/* The message that is waiting, and the descriptor that came with it; -1: none. */
static int receive(int fd, char *text, size_t room)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec piece = {text, room - 1};
	struct msghdr message = {.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int passed = -1;

	assert_true(len >= 0);
	text[len] = '\0';
	if (CMSG_FIRSTHDR(&message))
		memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(passed));
	return passed;
}

static void arrives_at(const char *address)
{
	int manager = listen_at(address), fd = notify_open(address), passed;
	struct stat sent, got;
	char text[64];

	assert_true(fd >= 0);
	assert_int_equal(notify_send(fd, "READY=1\nSTATUS=here", -1), 0);
	assert_int_equal(receive(manager, text, sizeof(text)), -1);
	assert_string_equal(text, "READY=1\nSTATUS=here");
	assert_int_equal(notify_send(fd, "FDSTORE=1", manager), 0);
	passed = receive(manager, text, sizeof(text));
	assert_string_equal(text, "FDSTORE=1");
	assert_true(passed >= 0);
	assert_int_equal(fstat(manager, &sent), 0);
	assert_int_equal(fstat(passed, &got), 0);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(passed);
	close(manager);
	assert_int_equal(notify_send(fd, "STOPPING=1", -1), -ECONNREFUSED);
	close(fd);
}

static void arrives(void **state)
{
	char path[SCRATCH_PATH_MAX + 8], name[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", directory);
	snprintf(name, sizeof(name), "@culvert-test-%d", getpid());
	arrives_at(path);
	arrives_at(name);
}

static void never_waits(void **state)
{
	char path[SCRATCH_PATH_MAX + 8];
	int manager, fd, err = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s/full", directory);
	manager = listen_at(path);
	fd = notify_open(path);
	for (int i = 0; i < 100000 && err == 0; i++)
		err = notify_send(fd, "WATCHDOG=1", -1);
	assert_int_equal(err, -EAGAIN);
	close(fd);
	close(manager);
}

static void refuses_other_addresses(void **state)
{
	static const struct {
		const char *address;
		int err;
	} rows[] = {
		{"", -EINVAL},
		{"/", -EINVAL},
		{"@", -EINVAL},
		{"run/notify", -EINVAL},
		{"vsock:2:1", -EINVAL},
		{"/nonexistent/notify", -ENOENT},
		{"@culvert-test-nobody", -ECONNREFUSED},
	};
	char long_one[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(notify_open(rows[i].address), rows[i].err);
	memset(long_one, 'x', sizeof(long_one));
	long_one[0] = '/';
	long_one[sizeof(((struct sockaddr_un *)0)->sun_path)] = '\0';
	assert_int_equal(notify_open(long_one), -EINVAL);
	long_one[sizeof(((struct sockaddr_un *)0)->sun_path) - 1] = '\0';
	assert_int_equal(notify_open(long_one), -ENOENT);
}

static int make_scratch(void **state)
{
	(void)state;
	scratch_make(directory);
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives),
		cmocka_unit_test(never_waits),
		cmocka_unit_test(refuses_other_addresses),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}

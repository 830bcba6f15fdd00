/* Requests over a socket whose other end has said its part already, whole or not. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ctlsock.h"

#define KEY "0101010101010101010101010101010101010101010101010101010101010101"

/* A connection to a daemon that has written this reply; *daemon: its end. */
static int connect_to(const char *reply, int *daemon)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], reply, strlen(reply)), strlen(reply));
	*daemon = ends[1];
	return ends[0];
}

static void reads_what_a_daemon_says(void **state)
{
	static const struct {
		const char *reply;
		int get, set;
		size_t peers;
	} cases[] = {
		{"errno=0\n\n", 0, 0, 0},
		{"public_key=" KEY "\nrx_bytes=1\nerrno=0\n\n", 0, 0, 1},
		{"errno=1\n\n", -EPERM, -EPERM, 0},
		{"errno=-98\n\n", -EADDRINUSE, -EADDRINUSE, 0},
		{"errno=0\n", -EPROTO, -EPROTO, 0},
		{"", -EPROTO, -EPROTO, 0},
		{"\n", -EPROTO, -EPROTO, 0},
		{"nonsense\n\n", -EPROTO, -EPROTO, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct device_settings device;
		int daemon, fd = connect_to(cases[i].reply, &daemon);

		assert_int_equal(shutdown(daemon, SHUT_WR), 0);
		assert_int_equal(ctlsock_get(fd, &device), cases[i].get);
		assert_int_equal(device.peers_count, cases[i].peers);
		settings_fini(&device);
		close(fd);
		close(daemon);
		fd = connect_to(cases[i].reply, &daemon);
		assert_int_equal(shutdown(daemon, SHUT_WR), 0);
		settings_init(&device);
		assert_int_equal(ctlsock_set(fd, &device), cases[i].set);
		close(fd);
		close(daemon);
	}
}

static void asks_in_the_protocols_words(void **state)
{
	struct device_settings device;
	char request[256];
	int daemon, fd = connect_to("errno=0\n\n", &daemon);
	ssize_t len;

	(void)state;
	assert_int_equal(ctlsock_get(fd, &device), 0);
	settings_fini(&device);
	len = read(daemon, request, sizeof(request));
	assert_int_equal(len, 7);
	assert_memory_equal(request, "get=1\n\n", 7);
	close(fd);
	close(daemon);
	fd = connect_to("errno=0\n\n", &daemon);
	settings_init(&device);
	device.has = DEVICE_HAS_FWMARK;
	device.fwmark = 5;
	assert_int_equal(ctlsock_set(fd, &device), 0);
	len = read(daemon, request, sizeof(request));
	assert_int_equal(len, 16);
	assert_memory_equal(request, "set=1\nfwmark=5\n\n", 16);
	close(fd);
	close(daemon);
}

/* It refused and went away before all was written: what it said is the error, not the pipe. */
static void hears_a_refusal_before_the_end(void **state)
{
	struct device_settings device;
	int daemon, fd = connect_to("errno=-27\n\n", &daemon);

	(void)state;
	close(daemon);
	settings_init(&device);
	for (int i = 0; i < 5000; i++)
		assert_non_null(settings_add_peer(&device));
	assert_int_equal(ctlsock_set(fd, &device), -EFBIG);
	close(fd);
	fd = connect_to("", &daemon);
	close(daemon);
	assert_int_equal(ctlsock_set(fd, &device), -EPIPE);
	close(fd);
	settings_fini(&device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_daemon_says),
		cmocka_unit_test(asks_in_the_protocols_words),
		cmocka_unit_test(hears_a_refusal_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

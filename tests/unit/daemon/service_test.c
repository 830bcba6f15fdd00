/* What a service manager hears, and when. */
#include "unit.h"
#include "service.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int manager;

/* The next message; empty when there is none. Descriptors that come along are closed. */
static const char *heard(void)
{
	static char text[256];
	ssize_t len = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[len < 0 ? 0 : len] = '\0';
	return text;
}

static void lives_by_the_half(void **state)
{
	struct service service;
	struct instant now = {1000};

	(void)state;
	setenv("WATCHDOG_USEC", "3000", 1);
	unsetenv("WATCHDOG_PID");
	assert_int_equal(service_open(&service), 0);
	assert_int_equal(service_when(&service).ns, UINT64_MAX);
	service_live(&service, now);
	assert_string_equal(heard(), "");
	service_ready(&service, "wg0", STDERR_FILENO, now);
	assert_string_equal(heard(), "FDSTORE=1\nFDNAME=tun");
	assert_string_equal(heard(), "READY=1\nSTATUS=wg0 can be configured");
	assert_int_equal(service_when(&service).ns, 1000);
	service_live(&service, now);
	assert_string_equal(heard(), "WATCHDOG=1");
	assert_int_equal(service_when(&service).ns, 1000 + 1500000);
	service_live(&service, (struct instant){1000 + 1499999});
	assert_string_equal(heard(), "");
	service_live(&service, (struct instant){1000 + 1500000});
	assert_string_equal(heard(), "WATCHDOG=1");
	service_stopping(&service);
	assert_string_equal(heard(), "STOPPING=1\nSTATUS=Ending");
	service_close(&service);
	assert_int_equal(service_when(&service).ns, UINT64_MAX);
}

/* The process that goes on is told of by another, and says nothing that nobody would listen to. */
static void goes_on_for_another(void **state)
{
	struct service service;

	(void)state;
	unsetenv("WATCHDOG_USEC");
	service_succeed(4711, "wg0");
	assert_string_equal(heard(), "MAINPID=4711\nREADY=1\nSTATUS=wg0 can be configured");
	assert_int_equal(service_open(&service), 0);
	service.is_successor = true;
	service.every_ns = 500;
	service_ready(&service, "wg0", STDERR_FILENO, (struct instant){1000});
	assert_string_equal(heard(), "");
	assert_int_equal(service_when(&service).ns, 1500);
	service_live(&service, (struct instant){1500});
	assert_string_equal(heard(), "WATCHDOG=1");
	service_close(&service);
}

static void watchdog_is_another_matter(void **state)
{
	static const struct {
		const char *granted, *pid; /* NULL: not set; "0" as pid: ours */
		uint64_t every_ns;
	} rows[] = {
		{NULL, NULL, 0},
		{"2000000", "0", 1000000000},
		{"2000000", NULL, 1000000000},
		{"2000000", "1", 0},
		{"", NULL, 0},
		{"x", NULL, 0},
		{"99999999999999999999999", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct service service;
		char own[16];

		snprintf(own, sizeof(own), "%d", (int)getpid());
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].granted)
			setenv("WATCHDOG_USEC", rows[i].granted, 1);
		if (rows[i].pid)
			setenv("WATCHDOG_PID", *rows[i].pid == '0' ? own : rows[i].pid, 1);
		assert_int_equal(service_open(&service), 0);
		assert_int_equal(service.every_ns, rows[i].every_ns);
		service_close(&service);
	}
}

static void nobody_listens(void **state)
{
	struct service service;

	(void)state;
	setenv("NOTIFY_SOCKET", "@culvert-test-nobody", 1);
	assert_int_equal(service_open(&service), -ECONNREFUSED);
	assert_int_equal(service.fd, -1);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(service_open(&service), 0);
	assert_int_equal(service.fd, -1);
	service_ready(&service, "wg0", STDERR_FILENO, (struct instant){0});
	service_succeed(4711, "wg0");
	service_live(&service, (struct instant){1});
	service_stopping(&service);
	service_close(&service);
}

static int listen_first(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char name[64];
	int len = snprintf(name, sizeof(name), "@culvert-test-service-%d", (int)getpid());

	(void)state;
	memcpy(at.sun_path, name, (size_t)len);
	at.sun_path[0] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(manager, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lives_by_the_half),
		cmocka_unit_test(goes_on_for_another),
		cmocka_unit_test(watchdog_is_another_matter),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, listen_first, NULL);
}

/*
 * A control socket's server of each kind with clients, all in one thread: what one does is done with
 * before the next begins, and nothing waits.
 */
#ifndef CULVERT_TESTS_UNIT_DAEMON_CLIENTS_H
#define CULVERT_TESTS_UNIT_DAEMON_CLIENTS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "control.h"
#include "fixture.h"
#include "os/scratch_dir.h"
#include "tags.h"
#include "textbuf.h"
#include "unixsock.h"

enum {
	PEERS = 4000,
	PREFIXES = 20000,
	TURNS_MAX = 100000,
	MANY = 500,
};

static struct tunnel tunnel;
static struct control *control, *everybodys;
static int listener, public_listener, descriptors;
static char directory[SCRATCH_PATH_MAX];
static struct moment now;

static inline int count_descriptors(void)
{
	DIR *stream = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(stream);
	while (readdir(stream))
		count++;
	closedir(stream);
	return count;
}

static inline int set_up(void **state)
{
	static const struct device_limits limits = {PEERS, PREFIXES, 16};

	(void)state;
	scratch_make(directory);
	descriptors = count_descriptors();
	now = (struct moment){{1000 * NS_PER_S}, {1700000000, 0}};
	fixture_begin(&tunnel, &limits);
	listener = unixsock_listen(directory, "t");
	assert_true(listener >= 0);
	assert_int_equal(control_create(&control, &tunnel, listener, CONTROL_FULL), 0);
	public_listener = unixsock_listen_public(directory, "t");
	assert_true(public_listener >= 0);
	assert_int_equal(control_create(&everybodys, &tunnel, public_listener, CONTROL_PUBLIC), 0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	control_destroy(control);
	control_destroy(everybodys);
	close(listener);
	close(public_listener);
	tunnel_fini(&tunnel);
	assert_int_equal(count_descriptors(), descriptors);
	scratch_remove(directory);
	return 0;
}

static inline int client(void)
{
	int fd = unixsock_connect(directory, "t");

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline int public_client(void)
{
	int fd = unixsock_connect_public(directory, "t");

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* One look at what is ready, as the loop does it; how much was. */
static inline int turn(void)
{
	struct event events[EVENT_BATCH_MAX];
	int count = event_wait(&tunnel.loop, (struct instant){0}, events, EVENT_BATCH_MAX);

	assert_true(count >= 0);
	for (int i = 0; i < count; i++) {
		if (events[i].tag == TAG_LISTENER)
			control_accept(control);
		else if (events[i].tag == TAG_PUBLIC_LISTENER)
			control_accept(everybodys);
		else if (events[i].tag >= TAG_PUBLIC_CONNECTION && events[i].tag != EVENT_TAG_WAKE)
			control_ready(everybodys, (unsigned)(events[i].tag - TAG_PUBLIC_CONNECTION),
				events[i].ready, now);
		else if (events[i].tag >= TAG_CONNECTION && events[i].tag != EVENT_TAG_WAKE)
			control_ready(control, (unsigned)(events[i].tag - TAG_CONNECTION),
				events[i].ready, now);
	}
	return count;
}

/* Until nothing is ready any more: it comes to rest, whatever the clients are at. */
static inline void rest(void)
{
	for (unsigned turns = 0; turn() > 0; turns++)
		assert_true(turns < TURNS_MAX);
}

static inline void say(int fd, const char *text)
{
	assert_int_equal(unixsock_write(fd, text, strlen(text)), strlen(text));
}

/* What there is for the client, at most max bytes; true at the end of the connection. */
static inline bool hear(int fd, struct textbuf *text, size_t max)
{
	while (max > 0) {
		size_t room = max < 4096 ? max : 4096;
		char *at = textbuf_reserve(text, room);
		ssize_t len = unixsock_read(fd, at, room);

		if (len == -EAGAIN)
			return false;
		if (len <= 0)
			return true;
		at[len] = '\0';
		text->len += (size_t)len;
		max -= (size_t)len;
	}
	return false;
}

/* All that is said to the client until there is rest; true when the connection has ended. */
static inline bool hear_out(int fd, struct textbuf *text)
{
	size_t before;
	bool is_over;

	do {
		before = text->len;
		rest();
		is_over = hear(fd, text, SIZE_MAX);
	} while (!is_over && text->len > before);
	return is_over;
}

static inline unsigned count_of(const struct textbuf *text, const char *what)
{
	size_t len = strlen(what);
	unsigned count = 0;

	for (size_t at = 0; at + len <= text->len; at++)
		if (memcmp(text->text + at, what, len) == 0) {
			count++;
			at += len - 1;
		}
	return count;
}

/* Says it and checks the whole answer. */
static inline void expect(int fd, const char *request, const char *answer, bool is_over)
{
	struct textbuf text = {0};

	say(fd, request);
	assert_int_equal(hear_out(fd, &text), is_over);
	textbuf_add(&text, "");
	assert_string_equal(text.text, answer);
	textbuf_fini(&text);
}

static inline void set_peers(unsigned first, unsigned count, unsigned ips)
{
	struct textbuf text = {0};

	textbuf_add(&text, "replace_peers=true\n");
	for (unsigned i = first; i < first + count; i++) {
		textbuf_addf(&text, "public_key=%064x\n", i + 1);
		for (unsigned j = 0; j < ips; j++)
			textbuf_addf(&text, "allowed_ip=fd00:1:2:3:%x::%x/128\n", i + 1, j + 1);
	}
	assert_int_equal(fixture_set(&tunnel, text.text, now), 0);
	textbuf_fini(&text);
}

#endif

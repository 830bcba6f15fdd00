/* The control socket's server with clients of every kind. */
#include "unit.h"
#include "clients.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void answers(void **state)
{
	static const struct {
		const char *request, *answer;
		bool is_over;
	} cases[] = {
		{"get=1\n\n", "errno=0\n\n", false},
		{"set=1\n\n", "errno=0\n\n", false},
		{"set=1\nlisten_port=7\n\n", "errno=0\n\n", false},
		{"set=1\nlisten_port=x\n\n", "errno=-22\n\n", false},
		{"set=1\nnonsense\n\n", "errno=-71\n\n", false},
		{"get=1\n\nget=1\n\n", "errno=0\n\nerrno=0\n\n", false},
		{"set=1\nlisten_port=7\n\nget=1\n\n", "errno=0\n\nlisten_port=7\nerrno=0\n\n",
			false},
		{"set=1\nlisten_port=x\n\nget=1\n\n", "errno=-22\n\nerrno=0\n\n", false},
		{"nonsense\n\n", "errno=-71\n\n", true},
		{"get=2\n\n", "errno=-71\n\n", true},
		{"\n", "errno=-71\n\n", true},
		/* Behind what is nonsense nothing counts. */
		{"nonsense\n\nset=1\nlisten_port=9\n\n", "errno=-71\n\n", true},
		{"get=1\n", "", false},
		{"set=1\nlisten_port=7\n", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = client();

		assert_int_equal(fixture_set(&tunnel, "listen_port=0\n", now), 0);
		expect(fd, cases[i].request, cases[i].answer, cases[i].is_over);
		close(fd);
		rest();
		assert_int_not_equal(tunnel.listen_port, 9);
	}
}

static void reads_byte_by_byte(void **state)
{
	static const char request[] = "set=1\nlisten_port=77\n\nget=1\n\n";
	struct textbuf text = {0};
	int fd = client();

	(void)state;
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(unixsock_write(fd, request + i, 1), 1);
		assert_false(hear_out(fd, &text));
	}
	assert_string_equal(text.text, "errno=0\n\nlisten_port=77\nerrno=0\n\n");
	textbuf_fini(&text);
	close(fd);
}

/* Many requests in one write, and a client that takes its time: each is answered. */
static void answers_many_requests_to_a_slow_reader(void **state)
{
	struct textbuf requests = {0}, text = {0};
	int fd = client();
	size_t len;

	(void)state;
	set_peers(0, 50, 1);
	for (unsigned i = 0; i < MANY; i++)
		textbuf_add(&requests, "get=1\n\n");
	say(fd, requests.text);
	do {
		len = text.len;
		rest();
		assert_false(hear(fd, &text, 100000));
	} while (text.len > len);
	assert_int_equal(count_of(&text, "errno=0\n\n"), MANY);
	assert_int_equal(count_of(&text, "public_key="), MANY * 50);
	textbuf_fini(&requests);
	textbuf_fini(&text);
	close(fd);
}

/* Others get their turn between the requests of one. */
static void lets_others_in(void **state)
{
	struct textbuf requests = {0}, text = {0};
	int busy = client(), other = client();

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		textbuf_add(&requests, "set=1\nfwmark=1\n\n");
	say(busy, requests.text);
	say(other, "get=1\n\n");
	/* One to take both in, one to answer both. */
	turn();
	turn();
	hear(other, &text, SIZE_MAX);
	assert_int_equal(count_of(&text, "errno=0\n\n"), 1);
	textbuf_clear(&text);
	hear(busy, &text, SIZE_MAX);
	assert_in_range(count_of(&text, "errno=0\n\n"), 1, 100);
	hear_out(busy, &text);
	assert_int_equal(count_of(&text, "errno=0\n\n"), MANY);
	textbuf_fini(&requests);
	textbuf_fini(&text);
	close(busy);
	close(other);
}

/* A reply that was begun shows the state of then, all of it. */
static void shows_one_state(void **state)
{
	struct textbuf slow = {0}, quick = {0};
	int fd = client(), other = client();

	(void)state;
	set_peers(0, PEERS, 1);
	say(fd, "get=1\n\n");
	rest();
	hear(fd, &slow, 1000);
	say(other, "set=1\nreplace_peers=true\nlisten_port=5\npublic_key=");
	for (unsigned i = 0; i < 32; i++)
		say(other, "ff");
	say(other, "\n\nget=1\n\n");
	hear_out(other, &quick);
	assert_int_equal(count_of(&quick, "public_key="), 1);
	assert_int_equal(count_of(&quick, "listen_port=5\n"), 1);
	hear_out(fd, &slow);
	assert_int_equal(count_of(&slow, "public_key="), PEERS);
	assert_int_equal(count_of(&slow, "allowed_ip="), PEERS);
	assert_int_equal(count_of(&slow, "listen_port="), 0);
	assert_int_equal(count_of(&slow, "errno=0\n\n"), 1);
	textbuf_fini(&slow);
	textbuf_fini(&quick);
	close(fd);
	close(other);
}

/* A request for count peers, said as fast as it is taken. */
static void say_peers(int fd, unsigned count)
{
	struct textbuf text = {0};
	size_t sent = 0;

	textbuf_add(&text, "set=1\nreplace_peers=true\n");
	for (unsigned i = 0; i < count; i++)
		textbuf_addf(&text, "public_key=%064x\nallowed_ip=fd00::%x/128\n", i + 1, i + 1);
	textbuf_add(&text, "\n");
	while (sent < text.len) {
		ssize_t len = unixsock_write(fd, text.text + sent, text.len - sent);

		assert_true(len > 0 || len == -EAGAIN);
		sent += len > 0 ? (size_t)len : 0;
		turn();
	}
	textbuf_fini(&text);
}

/* A long set leaves the loop free in between; who asks meanwhile is told what is true then. */
static void sets_in_pieces(void **state)
{
	int fd = client(), other = client(), gone = client();
	struct textbuf set = {0}, get = {0};
	unsigned turns = 0;

	(void)state;
	say_peers(fd, PEERS);
	/* What is still in the socket is read, and the set begins. */
	for (unsigned i = 0; i < 8; i++)
		turn();
	say(other, "get=1\n\n");
	for (; !hear(fd, &set, SIZE_MAX) && set.len == 0; turns++)
		turn();
	assert_in_range(turns, 20, TURNS_MAX);
	hear_out(other, &get);
	assert_int_equal(count_of(&get, "public_key="), PEERS);
	assert_int_equal(count_of(&get, "allowed_ip="), PEERS);
	/* Its client does not wait for the end: it is applied all the same. */
	say_peers(gone, PEERS / 2);
	close(gone);
	rest();
	assert_int_equal(tunnel.device->peers_count, PEERS / 2);
	close(fd);
	close(other);
	textbuf_fini(&set);
	textbuf_fini(&get);
}

/* A peer's allowed IPs come in slices, too. */
static void cuts_a_long_peer(void **state)
{
	struct textbuf text = {0};
	int fd = client();

	(void)state;
	set_peers(7, 3, PREFIXES / 4);
	say(fd, "get=1\n\n");
	rest();
	hear(fd, &text, 5000);
	assert_false(hear_out(fd, &text));
	assert_int_equal(count_of(&text, "public_key="), 3);
	assert_int_equal(count_of(&text, "allowed_ip=fd00:1:2:3:8::"), PREFIXES / 4);
	assert_int_equal(count_of(&text, "allowed_ip=fd00:1:2:3:a::"), PREFIXES / 4);
	assert_int_equal(count_of(&text, "errno=0\n\n"), 1);
	textbuf_fini(&text);
	close(fd);
}

static void ends_with_its_client(void **state)
{
	struct textbuf text = {0};
	int fd = client();

	(void)state;
	set_peers(0, PEERS, 1);
	/* It has said all and still listens. */
	say(fd, "get=1\n\n");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(hear_out(fd, &text));
	assert_int_equal(count_of(&text, "public_key="), PEERS);
	close(fd);
	textbuf_fini(&text);
	/* It goes in the middle: of its request, of our reply. */
	for (unsigned i = 0; i < 3; i++) {
		static const char *const starts[] = {"set=1\nlisten_port=1", "get=1\n\n", ""};

		fd = client();
		say(fd, starts[i]);
		rest();
		close(fd);
		rest();
	}
	assert_int_equal(tunnel.listen_port, 0);
	/* Of them no descriptor is left: tear_down() counts. */
}

/* A request without end is cut off at the limit, not stored for ever. */
static void cuts_off_what_is_too_long(void **state)
{
	static char part[1 << 16];
	struct textbuf text = {0};
	size_t said = 0;
	ssize_t len;
	int fd;

	(void)state;
	/* It would watch each of 128 MiB, beside which nothing runs. */
	if (unit_has_thread_sanitizer())
		skip();
	fd = client();
	memset(part, 'a', sizeof(part));
	do {
		rest();
		len = unixsock_write(fd, part, sizeof(part));
		said += len > 0 ? (size_t)len : 0;
		assert_true(said < CONTROL_REQUEST_MAX + 100 * sizeof(part));
	} while (len > 0 || len == -EAGAIN);
	assert_int_equal(len, -EPIPE);
	assert_true(said > CONTROL_REQUEST_MAX);
	assert_true(hear(fd, &text, 1));
	textbuf_fini(&text);
	close(fd);
}

static void raise_limit(rlim_t wanted)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < wanted)
		skip();
	limit.rlim_cur = wanted;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Six hundred come; those that have been silent for longest go. */
static void lets_the_longest_silent_go(void **state)
{
	static int fds[600];
	unsigned extra = 600 - CONTROL_CONNECTIONS;
	struct textbuf text = {0};

	(void)state;
	raise_limit(2048);
	for (unsigned i = 0; i < 600; i++) {
		fds[i] = client();
		rest();
		/* The first keeps talking. */
		expect(fds[0], "set=1\n\n", "errno=0\n\n", false);
	}
	assert_false(hear(fds[0], &text, 1));
	for (unsigned i = 1; i < 600; i++)
		assert_int_equal(hear(fds[i], &text, 1), i <= extra);
	expect(fds[599], "get=1\n\n", "errno=0\n\n", false);
	for (unsigned i = 0; i < 600; i++)
		close(fds[i]);
	textbuf_fini(&text);
	rest();
}

/* With no descriptor left the longest silent makes room, and the loop comes to rest. */
static void makes_room_without_descriptors(void **state)
{
	struct textbuf text = {0};
	int fds[40], spare;

	(void)state;
	if (unit_is_on_valgrind())
		skip();
	for (unsigned i = 0; i < 20; i++)
		fds[i] = client();
	rest();
	for (unsigned i = 20; i < 40; i++)
		fds[i] = client();
	spare = dup(0);
	close(spare);
	raise_limit((rlim_t)spare);
	rest();
	raise_limit(1024);
	/* Each of the later ones was taken in for an earlier one. */
	for (unsigned i = 0; i < 19; i++)
		assert_true(hear(fds[i], &text, 1));
	expect(fds[39], "get=1\n\n", "errno=0\n\n", false);
	for (unsigned i = 0; i < 40; i++)
		close(fds[i]);
	textbuf_fini(&text);
	rest();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(answers),
		CASE(reads_byte_by_byte),
		CASE(answers_many_requests_to_a_slow_reader),
		CASE(lets_others_in),
		CASE(shows_one_state),
		CASE(sets_in_pieces),
		CASE(cuts_a_long_peer),
		CASE(ends_with_its_client),
		CASE(cuts_off_what_is_too_long),
		CASE(lets_the_longest_silent_go),
		CASE(makes_room_without_descriptors),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}

/*
 * The outer sockets against the kernel's loopback; and against a kernel of our own making, where
 * the real one cannot be brought to refuse.
 */
#include "unit.h"
#include "udp.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "netns.h"
#include "tun.h"

enum { SENDER = 0, RECEIVER = 1 };

static struct udp_scratch scratch;
static struct udp_pair pairs[2];
static uint8_t buffers[UDP_BATCH_MAX][UDP_BUFFER_LEN];
static struct udp_in in[UDP_BATCH_MAX];

/* A family the system does not have; 0: it has all. */
static int missing_family;
/* What becomes of the n-th message given to sendmmsg(), when there is a list; 0: it goes. */
static const int *send_errors;
static unsigned send_at, send_calls;

int socket(int domain, int type, int protocol)
{
	if (domain == missing_family) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags)
{
	unsigned done = 0;

	send_calls++;
	if (!send_errors)
		return (int)syscall(SYS_sendmmsg, fd, headers, count, flags);
	while (done < count && send_errors[send_at] == 0) {
		done++;
		send_at++;
	}
	if (done > 0)
		return (int)done;
	/* A full socket keeps its message. */
	errno = send_errors[send_at];
	send_at += errno != EAGAIN;
	return -1;
}

static void open_pairs(void)
{
	netns_enter();
	for (int i = 0; i < 2; i++)
		assert_int_equal(udp_open(&pairs[i], 0, 0), 0);
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++)
		in[i] = (struct udp_in){.buffer = buffers[i], .buffer_len = UDP_BUFFER_LEN};
}

static void close_pairs(void)
{
	for (int i = 0; i < 2; i++)
		udp_close(&pairs[i]);
}

static int receiver_fd(uint8_t family)
{
	return family == IP_V4 ? pairs[RECEIVER].fd4 : pairs[RECEIVER].fd6;
}

static struct ip_addr address(const char *text)
{
	struct ip_addr a = {.family = strchr(text, ':') ? IP_V6 : IP_V4};

	assert_int_equal(inet_pton(a.family == IP_V4 ? AF_INET : AF_INET6, text, a.b), 1);
	return a;
}

static struct endpoint receiver_at(const char *text)
{
	return (struct endpoint){.addr = address(text), .port = pairs[RECEIVER].port};
}

/* Receives until there are count messages. */
static void receive_all(int fd, unsigned count)
{
	unsigned got = 0;

	while (got < count) {
		int n;

		netns_wait(fd);
		n = udp_receive(fd, in + got, UDP_BATCH_MAX - got, &scratch);
		assert_true(n > 0);
		got += (unsigned)n;
	}
	assert_int_equal(got, count);
	assert_int_equal(udp_receive(fd, in + got, 1, &scratch), -EAGAIN);
}

static const char *const loopbacks[] = {"127.0.0.1", "::1"};

static void opens_both_families_on_one_port(void **state)
{
	struct udp_pair a, b;
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	(void)state;
	netns_enter();
	assert_int_equal(udp_open(&a, 0, 7), 0);
	assert_true(a.fd4 >= 0 && a.fd6 >= 0 && a.port != 0);
	assert_true(a.has_gso && a.has_gro);
	assert_int_equal(getsockopt(a.fd6, SOL_SOCKET, SO_MARK, &mark, &len), 0);
	assert_int_equal(mark, 7);
	assert_int_equal(udp_set_mark(&a, 0xfffffffe), 0);
	assert_int_equal(getsockopt(a.fd4, SOL_SOCKET, SO_MARK, &mark, &len), 0);
	assert_int_equal(mark, 0xfffffffe);
	assert_int_equal(udp_open(&b, a.port, 0), -EADDRINUSE);
	assert_true(b.fd4 < 0 && b.fd6 < 0);
	close(a.fd4);
	a.fd4 = -1;
	assert_int_equal(udp_open(&b, a.port, 0), -EADDRINUSE);
	close(a.fd6);
	assert_int_equal(udp_open(&b, a.port, 0), 0);
	assert_int_equal(b.port, a.port);
	udp_close(&b);
	assert_int_equal(b.fd4, -1);
}

static void does_without_a_family(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct udp_pair udp;

	(void)state;
	netns_enter();
	for (int i = 0; i < 2; i++) {
		struct endpoint to = {.addr = address(loopbacks[i]), .port = 9};
		struct iovec piece = {buffers[0], 1};
		struct udp_out out = {.to = &to, .pieces = &piece, .pieces_count = 1};

		missing_family = families[i];
		assert_int_equal(udp_open(&udp, 0, 0), 0);
		missing_family = 0;
		assert_int_equal(i == 0 ? udp.fd4 : udp.fd6, -1);
		assert_true((i == 0 ? udp.fd6 : udp.fd4) >= 0);
		assert_true(udp.port != 0 && udp.has_gro && udp.has_gso);
		assert_int_equal(udp_send(&udp, &out, 1, &scratch), 0);
		assert_int_equal(out.result, -EAFNOSUPPORT);
		assert_int_equal(udp_fate(&out), UDP_LOST);
		udp_close(&udp);
	}
}

static void finds_a_port_free_in_both(void **state)
{
	/* The ports that the kernel draws from are 32; IPv6 has all but one already. */
	FILE *range;
	int taken[32], count = 0;
	struct udp_pair udp;

	(void)state;
	netns_enter();
	range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");
	if (!range)
		skip();
	fprintf(range, "40000 40031\n");
	if (fclose(range) != 0)
		skip();
	for (uint16_t port = 40000; port < 40032; port++) {
		struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
		int one = 1, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		taken[count++] = fd;
		if (port != 40017)
			assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	}
	/* 100 tries at one in 32 miss once in 24 times; the next call has new ones. */
	for (int i = 0; i < 20; i++) {
		int err = udp_open(&udp, 0, 0);

		if (err == 0)
			break;
		assert_int_equal(err, -EADDRINUSE);
	}
	assert_int_equal(udp.port, 40017);
	udp_close(&udp);
	while (count > 0)
		close(taken[--count]);
}

static void carries_batches(void **state)
{
	static const size_t lens[] = {0, 1, 32, 148, 1452, 9000, UDP_PAYLOAD_MAX};
	enum { COUNT = sizeof(lens) / sizeof(lens[0]) };

	(void)state;
	open_pairs();
	for (int f = 0; f < 2; f++) {
		struct endpoint to = receiver_at(loopbacks[f]);
		static uint8_t payload[UDP_PAYLOAD_MAX];
		struct iovec pieces[COUNT][2];
		struct udp_out out[COUNT];

		for (size_t i = 0; i < sizeof(payload); i++)
			payload[i] = (uint8_t)(i * 7 + i / 251);
		for (size_t i = 0; i < COUNT; i++) {
			pieces[i][0] = (struct iovec){payload, lens[i] / 3};
			pieces[i][1] = (struct iovec){payload + lens[i] / 3, lens[i] - lens[i] / 3};
			out[i] =
				(struct udp_out){.to = &to, .pieces = pieces[i], .pieces_count = 2};
			out[i].ds = (uint8_t)(i % 4);
		}
		assert_int_equal(udp_send(&pairs[SENDER], out, COUNT, &scratch), COUNT);
		receive_all(receiver_fd(to.addr.family), COUNT);
		for (size_t i = 0; i < COUNT; i++) {
			assert_int_equal(out[i].result, 0);
			assert_int_equal(in[i].len, lens[i]);
			assert_memory_equal(in[i].buffer, payload, lens[i]);
			assert_int_equal(in[i].segment_len, 0);
			assert_int_equal(in[i].ecn, i % 4);
			assert_true(ip_addr_equal(&in[i].source.addr, &to.addr));
			assert_int_equal(in[i].source.port, pairs[SENDER].port);
			assert_int_equal(in[i].source.scope_id, 0);
			assert_true(ip_addr_equal(&in[i].source.local, &to.addr));
			assert_int_equal(in[i].source.local_ifindex, 1);
		}
	}
	close_pairs();
}

static void mixes_families_in_a_batch(void **state)
{
	struct endpoint to[2];
	struct udp_out out[UDP_BATCH_MAX];
	struct iovec pieces[UDP_BATCH_MAX];
	uint8_t numbers[UDP_BATCH_MAX];

	(void)state;
	open_pairs();
	for (int f = 0; f < 2; f++)
		to[f] = receiver_at(loopbacks[f]);
	for (uint8_t i = 0; i < UDP_BATCH_MAX; i++) {
		numbers[i] = i;
		pieces[i] = (struct iovec){&numbers[i], 1};
		out[i] =
			(struct udp_out){.to = &to[i % 2], .pieces = &pieces[i], .pieces_count = 1};
	}
	send_calls = 0;
	assert_int_equal(udp_send(&pairs[SENDER], out, UDP_BATCH_MAX, &scratch), UDP_BATCH_MAX);
	assert_int_equal(send_calls, 2);
	for (uint8_t f = 0; f < 2; f++) {
		receive_all(receiver_fd(to[f].addr.family), UDP_BATCH_MAX / 2);
		for (uint8_t i = 0; i < UDP_BATCH_MAX / 2; i++)
			assert_int_equal(buffers[i][0], 2 * i + f);
	}
	close_pairs();
}

static void sends_and_receives_in_segments(void **state)
{
	(void)state;
	open_pairs();
	for (int f = 0; f < 2; f++) {
		struct endpoint to = receiver_at(loopbacks[f]);
		struct iovec piece = {buffers[1], 9 * 1452 + 100};
		struct udp_out out = {.to = &to,
			.pieces = &piece,
			.pieces_count = 1,
			.segment_len = 1452,
			.ds = 1};

		assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
		receive_all(receiver_fd(to.addr.family), 1);
		assert_int_equal(in[0].len, 9 * 1452 + 100);
		assert_int_equal(in[0].segment_len, 1452);
		assert_int_equal(in[0].ecn, 1);

		/* One segment only is one datagram. */
		piece.iov_len = 1452;
		assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
		receive_all(receiver_fd(to.addr.family), 1);
		assert_int_equal(in[0].len, 1452);
		assert_int_equal(in[0].segment_len, 0);
	}
	close_pairs();
}

static void carries_the_most_segments(void **state)
{
	static const struct {
		size_t segment_len, len;
	} cases[] = {
		{1, UDP_SEGMENTS_MAX},
		{1023, UDP_SEGMENTS_MAX * 1023},
		{1452, UDP_SEGMENTED_MAX},
	};

	(void)state;
	open_pairs();
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = receiver_at(loopbacks[i % 2]);
		struct iovec piece = {buffers[1], cases[i / 2].len};
		struct udp_out out = {.to = &to,
			.pieces = &piece,
			.pieces_count = 1,
			.segment_len = (uint16_t)cases[i / 2].segment_len};

		assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
		receive_all(receiver_fd(to.addr.family), 1);
		assert_int_equal(in[0].len, cases[i / 2].len);
		assert_int_equal(in[0].segment_len, cases[i / 2].segment_len);
	}
	close_pairs();
}

static void leaves_from_the_address_it_is_told(void **state)
{
	static const char *const cases[][2] = {
		/* to, from */
		{"127.0.0.1", "127.0.0.2"},
		{"127.0.0.3", "127.0.0.1"},
		{"fd00::1", "fd00::2"},
		{"::1", "fd00::1"},
	};

	(void)state;
	open_pairs();
	netns_add_address(1, "fd00::1", 64);
	netns_add_address(1, "fd00::2", 64);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = receiver_at(cases[i][0]);
		struct iovec piece = {buffers[1], 3};
		struct udp_out out = {.to = &to, .pieces = &piece, .pieces_count = 1};

		to.local = address(cases[i][1]);
		/* An interface that is not there does not matter: routing decides. */
		to.local_ifindex = 4711;
		assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
		receive_all(receiver_fd(to.addr.family), 1);
		assert_true(ip_addr_equal(&in[0].source.addr, &to.local));
		assert_true(ip_addr_equal(&in[0].source.local, &to.addr));
	}
	close_pairs();
}

static void answers_over_link_local_addresses(void **state)
{
	struct iovec piece = {buffers[1], 3};
	struct udp_out out = {.pieces = &piece, .pieces_count = 1};
	struct endpoint to;
	struct tun tun;
	uint32_t ifindex;

	(void)state;
	open_pairs();
	assert_int_equal(tun_open(&tun, "t0", false), 0);
	assert_int_equal(link_find("t0", &ifindex), 0);
	assert_int_equal(link_set_up(&netns_rtnl, ifindex, true), 0);
	netns_add_address(ifindex, "fe80::1", 64);
	netns_add_address(ifindex, "fe80::2", 64);
	to = receiver_at("fe80::1");
	to.scope_id = ifindex;
	to.local = address("fe80::2");
	to.local_ifindex = ifindex;
	out.to = &to;
	assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
	receive_all(pairs[RECEIVER].fd6, 1);
	assert_true(ip_addr_equal(&in[0].source.addr, &to.local));
	assert_int_equal(in[0].source.scope_id, ifindex);
	assert_int_equal(in[0].source.local_ifindex, ifindex);
	/* What was received says how to answer. */
	out.to = &in[0].source;
	assert_int_equal(udp_send(&pairs[RECEIVER], &out, 1, &scratch), 1);
	tun_close(&tun);
	close_pairs();
}

/* The whole DS byte as another program sees it. */
static void sends_the_ds_byte(void **state)
{
	(void)state;
	open_pairs();
	for (int f = 0; f < 2; f++) {
		struct endpoint to = receiver_at(loopbacks[f]);
		struct iovec piece = {buffers[1], 3};
		struct udp_out out = {.to = &to, .pieces = &piece, .pieces_count = 1, .ds = 0x88};
		union udp_control control;
		struct msghdr message = {.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control)};
		int seen = 0;

		assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
		netns_wait(receiver_fd(to.addr.family));
		assert_int_equal(recvmsg(receiver_fd(to.addr.family), &message, 0), 3);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
			if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
				seen = *CMSG_DATA(c);
			if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
				memcpy(&seen, CMSG_DATA(c), sizeof(seen));
		}
		assert_int_equal(seen, 0x88);
	}
	close_pairs();
}

static void says_what_became_of_each(void **state)
{
	static const struct {
		const char *to, *from;
		size_t len, segment_len;
		enum udp_fate fate;
	} cases[] = {
		{"127.0.0.1", NULL, 10, 0, UDP_SENT},
		{"127.0.0.1", "10.99.0.1", 10, 0, UDP_BAD_SOURCE},
		{"::1", "fd99::1", 10, 0, UDP_BAD_SOURCE},
		{"192.0.2.1", NULL, 10, 0, UDP_LOST},
		{"2001:db8::1", NULL, 10, 0, UDP_LOST},
		{"127.0.0.1", NULL, UDP_PAYLOAD_MAX + 1, 0, UDP_LOST},
		{"127.0.0.1", NULL, 2000, 0, UDP_SENT},
		{"127.0.0.1", NULL, 6000, 2000, UDP_BAD_SEGMENTS},
		{"::1", NULL, 6000, 2000, UDP_BAD_SEGMENTS},
		{"127.0.0.1", NULL, 3000, 1000, UDP_SENT},
		{"::1", NULL, 10, 0, UDP_SENT},
	};
	enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
	struct endpoint to[COUNT + 1] = {0};
	struct iovec pieces[COUNT];
	struct udp_out out[COUNT + 1];
	unsigned sent = 0;

	(void)state;
	open_pairs();
	assert_int_equal(link_set_mtu(&netns_rtnl, 1, 1500), 0);
	for (size_t i = 0; i < COUNT; i++) {
		to[i] = receiver_at(cases[i].to);
		if (cases[i].from)
			to[i].local = address(cases[i].from);
		pieces[i] = (struct iovec){buffers[0], cases[i].len};
		out[i] = (struct udp_out){.to = &to[i],
			.pieces = &pieces[i],
			.pieces_count = 1,
			.segment_len = (uint16_t)cases[i].segment_len};
	}
	/* No destination at all. */
	out[COUNT] = (struct udp_out){.to = &to[COUNT], .pieces = pieces, .pieces_count = 1};
	for (size_t i = 0; i <= COUNT; i++)
		sent += udp_send(&pairs[SENDER], &out[i], 1, &scratch);
	assert_int_equal(sent, 4);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(udp_fate(&out[i]), cases[i].fate);
	assert_int_equal(out[COUNT].result, -EDESTADDRREQ);
	receive_all(pairs[RECEIVER].fd6, 1);
	close_pairs();
}

static void means_by_an_error(void **state)
{
	static const struct {
		int error;
		bool has_source, has_segments;
		enum udp_fate fate;
	} cases[] = {
		{0, true, true, UDP_SENT},
		{EAGAIN, true, true, UDP_FULL},
		{EINVAL, true, true, UDP_BAD_SOURCE}, /* then, without it, one line below */
		{EINVAL, false, true, UDP_BAD_SEGMENTS},
		{EINVAL, false, false, UDP_LOST},
		{EADDRNOTAVAIL, true, false, UDP_BAD_SOURCE},
		{EADDRNOTAVAIL, false, true, UDP_LOST},
		{ENODEV, true, true, UDP_BAD_SOURCE},
		{ENETUNREACH, true, false, UDP_BAD_SOURCE},
		{ENETUNREACH, false, true, UDP_LOST},
		{EIO, true, true, UDP_BAD_SEGMENTS},
		{EIO, true, false, UDP_LOST},
		{EMSGSIZE, false, true, UDP_BAD_SEGMENTS},
		{EMSGSIZE, true, false, UDP_LOST},
		{EPERM, true, true, UDP_LOST},
		{ENOBUFS, false, false, UDP_LOST},
		{EACCES, false, false, UDP_LOST},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = {.local.family = cases[i].has_source ? IP_V4 : IP_NONE};
		struct udp_out out = {.to = &to,
			.result = -cases[i].error,
			.segment_len = cases[i].has_segments ? 100 : 0};

		assert_int_equal(udp_fate(&out), cases[i].fate);
	}
}

static void goes_on_after_each_failure(void **state)
{
	static const struct {
		int errors[6], results[6];
		unsigned sent;
		bool has_segments;
	} cases[] = {
		{{0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, 6, false},
		{{EPERM, 0, 0, 0, 0, 0}, {EPERM, 0, 0, 0, 0, 0}, 5, false},
		{{0, 0, 0, 0, 0, EPERM}, {0, 0, 0, 0, 0, EPERM}, 5, false},
		{{0, EIO, EINVAL, 0, EIO, 0}, {0, EIO, EINVAL, 0, EIO, 0}, 3, false},
		{{EIO, EIO, EIO, EIO, EIO, EIO}, {EIO, EIO, EIO, EIO, EIO, EIO}, 0, false},
		{{0, EIO, EAGAIN, 0, 0, 0}, {0, EIO, EAGAIN, EAGAIN, EAGAIN, EAGAIN}, 1, false},
		{{0, 0, 0, 0, 0, EAGAIN}, {0, 0, 0, 0, 0, EAGAIN}, 5, false},
		/* Those behind one that is to be sent again do not overtake it. */
		{{EPERM, 0, 0, 0, 0, 0}, {EPERM, 0, 0, 0, 0, 0}, 5, true},
		{{0, 0, 0, 0, 0, EIO}, {0, 0, 0, 0, 0, EIO}, 5, true},
		{{EPERM, 0, EIO, 0, 0, 0}, {EPERM, 0, EIO, ECANCELED, ECANCELED, ECANCELED}, 1,
			true},
	};
	struct udp_pair udp = {.fd4 = 0, .fd6 = -1};
	struct endpoint to = {.addr.family = IP_V4};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct udp_out out[6];

		for (size_t n = 0; n < 6; n++)
			out[n] = (struct udp_out){.to = &to,
				.segment_len = cases[i].has_segments ? 100 : 0,
				.result = 1};
		send_errors = cases[i].errors;
		send_at = 0;
		assert_int_equal(udp_send(&udp, out, 6, &scratch), cases[i].sent);
		send_errors = NULL;
		for (size_t n = 0; n < 6; n++)
			assert_int_equal(-out[n].result, cases[i].results[n]);
	}
}

static void drops_what_does_not_fit(void **state)
{
	struct endpoint to;
	struct iovec piece = {buffers[2], 100};
	struct udp_out out = {.to = &to, .pieces = &piece, .pieces_count = 1};

	(void)state;
	open_pairs();
	to = receiver_at("127.0.0.1");
	for (size_t room = 99; room <= 100; room++) {
		in[0].buffer_len = room;
		assert_int_equal(udp_send(&pairs[SENDER], &out, 1, &scratch), 1);
		netns_wait(pairs[RECEIVER].fd4);
		assert_int_equal(udp_receive(pairs[RECEIVER].fd4, in, 1, &scratch), 1);
		assert_int_equal(in[0].len, room < 100 ? 0 : 100);
	}
	close_pairs();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_both_families_on_one_port),
		cmocka_unit_test(does_without_a_family),
		cmocka_unit_test(finds_a_port_free_in_both),
		cmocka_unit_test(carries_batches),
		cmocka_unit_test(mixes_families_in_a_batch),
		cmocka_unit_test(sends_and_receives_in_segments),
		cmocka_unit_test(carries_the_most_segments),
		cmocka_unit_test(leaves_from_the_address_it_is_told),
		cmocka_unit_test(answers_over_link_local_addresses),
		cmocka_unit_test(sends_the_ds_byte),
		cmocka_unit_test(says_what_became_of_each),
		cmocka_unit_test(means_by_an_error),
		cmocka_unit_test(goes_on_after_each_failure),
		cmocka_unit_test(drops_what_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

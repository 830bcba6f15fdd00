/* The filter that lets datagrams in by chance, in the kernel: what it spares, and how many else. */
#include "unit.h"
#include "udp.h"

#include <errno.h>
#include "netns.h"

/* So seldom that it is never. */
enum { NEVER = 31 };

enum { MANY = 1000, FEW = 10, SEGMENT_LEN = 1452 };

static const char *const loopbacks[] = {"127.0.0.1", "::1"};
static struct udp_scratch scratch;
static struct udp_pair sender, receiver;
static uint8_t buffers[UDP_BATCH_MAX][UDP_BUFFER_LEN];
static struct udp_in in[UDP_BATCH_MAX];

static int open_both(void **state)
{
	(void)state;
	netns_enter();
	for (unsigned i = 0; i < UDP_BATCH_MAX; i++)
		in[i] = (struct udp_in){.buffer = buffers[i], .buffer_len = UDP_BUFFER_LEN};
	return udp_open(&sender, 0, 0) || udp_open(&receiver, 0, 0);
}

static int close_both(void **state)
{
	(void)state;
	udp_close(&sender);
	udp_close(&receiver);
	return 0;
}

static struct endpoint receiver_at(const char *text)
{
	struct endpoint to = {.port = receiver.port};

	to.addr.family = strchr(text, ':') ? IP_V6 : IP_V4;
	assert_int_equal(
		inet_pton(to.addr.family == IP_V4 ? AF_INET : AF_INET6, text, to.addr.b), 1);
	return to;
}

/* Sends a message count times; returns how many arrive. On loopback what was sent is there. */
static unsigned count_let_in(
	const struct endpoint *to, struct iovec piece, uint16_t segment_len, unsigned count)
{
	int fd = to->addr.family == IP_V4 ? receiver.fd4 : receiver.fd6, got;
	struct udp_out out = {
		.to = to, .pieces = &piece, .pieces_count = 1, .segment_len = segment_len};
	unsigned let_in = 0;

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(udp_send(&sender, &out, 1, &scratch), 1);
	while ((got = udp_receive(fd, in, UDP_BATCH_MAX, &scratch)) > 0)
		let_in += (unsigned)got;
	assert_int_equal(got, -EAGAIN);
	return let_in;
}

static const uint32_t spared[] = {2, 3, 4};

/* The others at this level. */
static void thin(unsigned level)
{
	udp_thin(&receiver, &(struct udp_thinning){.spared = spared,
				    .spared_count = sizeof(spared) / sizeof(spared[0]),
				    .claim = 9,
				    .level = level});
}

static void lets_in_by_chance_what_is_not_spared(void **state)
{
	static struct {
		uint8_t bytes[8];
		size_t len;
		bool is_spared;
	} cases[] = {
		{{1, 0, 0, 0, 5}, 8, false},
		{{2, 0, 0, 0, 5}, 8, true},
		{{3, 0, 0, 0, 5}, 8, true},
		{{4, 0, 0, 0, 5}, 8, true},
		{{4, 0, 0, 0}, 4, true},
		{{5, 0, 0, 0, 5}, 8, false},
		{{4, 1, 0, 0, 5}, 8, false},
		{{4, 0, 0, 1, 5}, 8, false},
		{{0, 0, 0, 4, 5}, 8, false},
		{{4, 0, 0}, 3, false},
		{{0}, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = receiver_at(loopbacks[i % 2]);
		struct iovec piece = {cases[i / 2].bytes, cases[i / 2].len};
		bool is_spared = cases[i / 2].is_spared;
		unsigned half;

		thin(NEVER);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), is_spared ? FEW : 0);
		thin(1);
		half = count_let_in(&to, piece, 0, MANY);
		if (is_spared)
			assert_int_equal(half, MANY);
		else if (piece.iov_len >= 4)
			assert_in_range(half, MANY / 4, MANY * 3 / 4);
		thin(0);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), FEW);
	}
}

/* Those that are not zero at a place have a chance of their own, either way. */
static void has_another_chance_for_a_claim(void **state)
{
	static struct {
		uint8_t bytes[12];
		size_t len;
		bool is_short, has_claim;
	} cases[] = {
		{{1, 0, 0, 0, 5, 5, 5, 5, 0, 0, 0, 0}, 12, false, false},
		{{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 12, false, true},
		{{1, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0}, 12, false, true},
		{{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 12, false, false},
		{{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 11, false, false},
		{{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 11, true, false},
	};
	struct udp_thinning thinning = {.claim = 1, .claim_at = 8};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = receiver_at(loopbacks[i % 2]);
		struct iovec piece = {cases[i / 2].bytes, cases[i / 2].len};
		bool is_short = cases[i / 2].is_short, has_claim = cases[i / 2].has_claim;

		thinning.level = NEVER;
		thinning.claim_level = 0;
		udp_thin(&receiver, &thinning);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), has_claim ? FEW : 0);
		thinning.level = 0;
		thinning.claim_level = NEVER;
		udp_thin(&receiver, &thinning);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), has_claim || is_short ? 0 : FEW);
	}
}

static struct ip_addr address(const char *text)
{
	return receiver_at(text).addr;
}

/* Whoever comes from a known address has a chance apart: also the last of many, and no neighbour of theirs. */
static void spares_known_addresses(void **state)
{
	static uint8_t bytes[8] = {1};
	struct ip_addr known[UDP_KNOWN_MAX];
	struct udp_thinning thinning = {.known = known, .level = NEVER, .claim_level = NEVER};
	struct iovec piece = {bytes, sizeof(bytes)};

	(void)state;
	for (unsigned i = 0; i < UDP_KNOWN_MAX; i++) {
		known[i] = address(i % 2 ? "2001:db8::1" : "127.0.0.2");
		known[i].b[3] = (uint8_t)(i + 2);
	}
	for (unsigned f = 0; f < 2; f++) {
		struct endpoint to = receiver_at(loopbacks[f]);
		struct ip_addr before = known[UDP_KNOWN_MAX - 2 + f];

		thinning.known_count = UDP_KNOWN_MAX;
		udp_thin(&receiver, &thinning);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), 0);
		known[UDP_KNOWN_MAX - 2 + f] = to.addr;
		udp_thin(&receiver, &thinning);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), FEW);
		thinning.known_level = NEVER;
		thinning.level = thinning.claim_level = 0;
		udp_thin(&receiver, &thinning);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), 0);
		thinning.known_level = 0;
		thinning.level = thinning.claim_level = NEVER;
		thinning.known_count = UDP_KNOWN_MAX - 2 + f;
		udp_thin(&receiver, &thinning);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), 0);
		known[UDP_KNOWN_MAX - 2 + f] = before;
	}
	thin(0);
}

/* A message in segments is whole or not there. */
static void spares_messages_in_segments(void **state)
{
	static uint8_t bytes[9 * SEGMENT_LEN + 100];
	struct iovec piece = {bytes, sizeof(bytes)};

	(void)state;
	for (int f = 0; f < 2; f++) {
		struct endpoint to = receiver_at(loopbacks[f]);

		thin(NEVER);
		bytes[0] = 4;
		assert_int_equal(count_let_in(&to, piece, SEGMENT_LEN, 1), 1);
		assert_int_equal(in[0].len, sizeof(bytes));
		assert_int_equal(in[0].segment_len, SEGMENT_LEN);
		bytes[0] = 1;
		assert_int_equal(count_let_in(&to, piece, SEGMENT_LEN, 1), 0);
	}
}

static void does_without_a_socket(void **state)
{
	static const struct udp_pair none = {.fd4 = -1, .fd6 = -1};

	(void)state;
	udp_thin(&none, &(struct udp_thinning){.level = 1});
	udp_thin(&none, &(struct udp_thinning){.level = 0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			lets_in_by_chance_what_is_not_spared, open_both, close_both),
		cmocka_unit_test_setup_teardown(
			has_another_chance_for_a_claim, open_both, close_both),
		cmocka_unit_test_setup_teardown(spares_known_addresses, open_both, close_both),
		cmocka_unit_test_setup_teardown(spares_messages_in_segments, open_both, close_both),
		cmocka_unit_test(does_without_a_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

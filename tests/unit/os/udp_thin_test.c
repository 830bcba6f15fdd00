/* The filter that lets datagrams in by chance, in the kernel: what it lets in always, and how many else. */
#include "unit.h"
#include "udp.h"

#include <errno.h>
#include "bytes.h"
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

static const struct udp_named named[] = {{2, 8}, {3, 4}, {4, 4}};

/* A mark that all numbers have which begin with 0x00. */
static const struct index_mark plain = {0, {1, 1}};

/* All at these levels. */
static void thin(unsigned level, unsigned named_level)
{
	udp_thin(&receiver, &(struct udp_thinning){.named = named,
				    .named_count = sizeof(named) / sizeof(named[0]),
				    .mark = plain,
				    .claim = 9,
				    .level = level,
				    .named_level = named_level});
}

enum what { MARKED, NAMED, OTHER, SHORT };

static void lets_in_by_chance_what_is_not_marked(void **state)
{
	static struct {
		uint8_t bytes[12];
		size_t len;
		enum what what;
	} cases[] = {
		{{1, 0, 0, 0, 0, 5, 5, 5}, 8, OTHER},
		{{2, 0, 0, 0, 5, 5, 5, 5, 0, 5, 5, 5}, 12, MARKED},
		{{2, 0, 0, 0, 0, 5, 5, 5, 1, 5, 5, 5}, 12, NAMED},
		{{2, 0, 0, 0, 0, 5, 5, 5, 0, 5, 5}, 11, SHORT},
		{{3, 0, 0, 0, 0, 5, 5, 5}, 8, MARKED},
		{{3, 0, 0, 0, 1, 5, 5, 5}, 8, NAMED},
		{{4, 0, 0, 0, 0, 5, 5, 5}, 8, MARKED},
		{{4, 0, 0, 0, 0x80, 5, 5, 5, 0, 5, 5, 5}, 12, NAMED},
		{{4, 0, 0, 0, 0, 5, 5}, 7, SHORT},
		{{5, 0, 0, 0, 0, 5, 5, 5}, 8, OTHER},
		{{4, 1, 0, 0, 0, 5, 5, 5}, 8, OTHER},
		{{4, 0, 0, 1, 0, 5, 5, 5}, 8, OTHER},
		{{0, 0, 0, 4, 0, 5, 5, 5}, 8, OTHER},
		{{4, 0, 0}, 3, SHORT},
		{{0}, 0, SHORT},
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint to = receiver_at(loopbacks[i % 2]);
		struct iovec piece = {cases[i / 2].bytes, cases[i / 2].len};
		enum what what = cases[i / 2].what;
		unsigned half;

		thin(NEVER, NEVER);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), what == MARKED ? FEW : 0);
		thin(1, 1);
		half = count_let_in(&to, piece, 0, MANY);
		if (what == MARKED)
			assert_int_equal(half, MANY);
		else if (what != SHORT)
			assert_in_range(half, MANY / 4, MANY * 3 / 4);
		thin(NEVER, 0);
		assert_int_equal(count_let_in(&to, piece, 0, FEW),
			what == MARKED || what == NAMED ? FEW : 0);
		thin(0, NEVER);
		assert_int_equal(count_let_in(&to, piece, 0, FEW),
			what == MARKED || what == OTHER ? FEW : 0);
		thin(0, 0);
		assert_int_equal(count_let_in(&to, piece, 0, FEW), FEW);
	}
}

/* The program in the kernel and index_mark_is_on() say the same of each. */
static void knows_the_mark(void **state)
{
	static const struct index_mark marks[] = {{0, {0, 0}},
		{0x01234567, {0x89abcdef, 0xfedcba98}}, {0xfedcba98, {0x9e3779b9, 0x85ebca6b}},
		{UINT32_MAX, {UINT32_MAX, UINT32_MAX}}};
	struct udp_thinning thinning = {.named = named,
		.named_count = sizeof(named) / sizeof(named[0]),
		.named_level = NEVER};
	uint8_t bytes[12] = {4};
	struct iovec piece = {bytes, sizeof(bytes)};

	(void)state;
	for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
		struct endpoint to = receiver_at(loopbacks[m % 2]);
		unsigned on = 0;

		thinning.mark = marks[m];
		udp_thin(&receiver, &thinning);
		for (uint32_t i = 0; i < 2 * MANY; i++) {
			uint32_t index =
				i % 2 ? index_mark_put(&marks[m], i * 12345) : i * 0x9e3779b9;
			struct le32 stored = le32_store(index);

			memcpy(bytes + 4, &stored, sizeof(stored));
			on += index_mark_is_on(&marks[m], index);
			assert_int_equal(
				count_let_in(&to, piece, 0, 1), index_mark_is_on(&marks[m], index));
		}
		assert_in_range(on, MANY, MANY + MANY / 20);
	}
	thin(0, 0);
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
	thin(0, 0);
}

/* A message in segments is whole or not there. */
static void spares_messages_in_segments(void **state)
{
	static uint8_t bytes[9 * SEGMENT_LEN + 100];
	struct iovec piece = {bytes, sizeof(bytes)};

	(void)state;
	for (int f = 0; f < 2; f++) {
		struct endpoint to = receiver_at(loopbacks[f]);

		thin(NEVER, NEVER);
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
			lets_in_by_chance_what_is_not_marked, open_both, close_both),
		cmocka_unit_test_setup_teardown(
			has_another_chance_for_a_claim, open_both, close_both),
		cmocka_unit_test_setup_teardown(knows_the_mark, open_both, close_both),
		cmocka_unit_test_setup_teardown(spares_known_addresses, open_both, close_both),
		cmocka_unit_test_setup_teardown(spares_messages_in_segments, open_both, close_both),
		cmocka_unit_test(does_without_a_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

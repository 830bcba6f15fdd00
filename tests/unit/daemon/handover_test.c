/*
 * Both ends of a live upgrade, and an old or a new one that says something else, or nothing: what one of
 * them will say is said before the other asks, as a socket holds it.
 */
#include "unit.h"
#include "handover.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "channel.h"
#include "chronicle.h"
#include "clock.h"
#include "fixture.h"
#include "handover_wire.h"
#include "lifecycle.h"

enum { PEERS = 40 };

static const struct device_limits limits = {PEERS, 4000, 16};
static const struct moment now = {{1000 * NS_PER_S}, {1700000000, 0}};
static struct tunnel old, new;
static struct handover handover;
static int ends[2]; /* the old one's and the new one's */

static int set_up(void **state)
{
	(void)state;
	fixture_begin(&old, &limits);
	fixture_begin(&new, &limits);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	/* All that one end says waits here. */
	assert_int_equal(
		setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &(int){4 << 20}, sizeof(int)), 0);
	handover = (struct handover){.fd = ends[1]};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	handover_fini(&handover);
	tunnel_fini(&old);
	tunnel_fini(&new);
	return 0;
}

static void say(int fd, const void *bytes, size_t len)
{
	assert_int_equal(
		channel_send(fd, bytes, len, NULL, 0, instant_after(clock_now(), NS_PER_S)), 0);
}

static void say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

static void fill(struct tunnel *tunnel)
{
	struct textbuf text = {0};
	uint8_t packet[3000];

	textbuf_addf(&text, "private_key=%064x\nlisten_port=4321\nfwmark=9\n", 77);
	for (unsigned i = 0; i < PEERS; i++) {
		textbuf_addf(&text,
			"public_key=%064x\npreshared_key=%064x\nendpoint=192.0.2.%u:9\n", i + 1, i,
			i + 1);
		textbuf_addf(&text, "persistent_keepalive_interval=%u\n", i);
		for (unsigned j = 0; j < 2 * i; j++)
			textbuf_addf(&text, "allowed_ip=fd00::%x:%x/128\n", i + 1, j + 1);
	}
	assert_int_equal(fixture_set(tunnel, text.text, now), 0);
	textbuf_fini(&text);
	for (unsigned i = 0; i < 10; i++) {
		memset(packet, (int)i, sizeof(packet));
		assert_int_equal(staging_push(tunnel->staging, 3, packet, 100 + 290 * i), 0);
	}
}

/* Something happened to the device, and to one peer. */
static void incur(struct tunnel *tunnel)
{
	chronicle_note(tunnel->chronicle, &(struct note){.reason = REASON_BAD_MAC1}, now.at);
	chronicle_note_peer(tunnel->chronicle,
		(struct peer_id){3, device_peer(tunnel->device, 3)->generation},
		&device_peer(tunnel->device, 3)->public_key,
		&(struct note){.reason = REASON_ROAMED}, now.at);
}

static char *remembered(const struct tunnel *tunnel)
{
	struct textbuf text = {0};

	chronicle_print_device(tunnel->chronicle, &text, false, now.at);
	for (uint32_t slot = 0; slot < tunnel->device->peers_used; slot++) {
		const struct peer *peer = device_peer_const(tunnel->device, slot);

		chronicle_print_peer(tunnel->chronicle, (struct peer_id){slot, peer->generation},
			&peer->public_key, &text, false, now.at);
	}
	textbuf_add(&text, "");
	return text.text;
}

/* The old one, in a thread of its own; NULL: it keeps the tunnel. */
static void *give(void *nothing)
{
	static const struct handover_duties duties = {true, 12345};
	char take[8];

	(void)nothing;
	if (channel_receive(ends[0], take, sizeof(take), NULL, 0,
		    instant_after(clock_now(), 30 * NS_PER_S)) < 0 ||
		memcmp(take, "take=1\n\n", sizeof(take)) != 0)
		return NULL;
	return handover_give(&old, ends[0], &duties) ? &old : NULL;
}

static void gives_everything(void **state)
{
	uint8_t packet[STAGING_PACKET_MAX];
	char *before, *after, *log_before, *log_after;
	struct handover_duties duties;
	pthread_t giver;
	void *given;

	(void)state;
	fill(&old);
	incur(&old);
	before = fixture_state(&old);
	log_before = remembered(&old);
	assert_int_equal(pthread_create(&giver, NULL, give, NULL), 0);
	assert_int_equal(handover_take(&handover, &new, &duties), 0);
	handover_fini(&handover);
	assert_int_equal(pthread_join(giver, &given), 0);
	assert_ptr_equal(given, &old);
	after = fixture_state(&new);
	assert_string_equal(before, after);
	log_after = remembered(&new);
	assert_non_null(strstr(log_before, "bad-mac1"));
	assert_non_null(strstr(log_before, "roamed"));
	assert_string_equal(log_before, log_after);
	assert_true(duties.is_persistent);
	assert_int_equal(duties.watchdog_ns, 12345);
	assert_int_equal(new.fwmark, 9);
	assert_int_equal(new.listen_port, 4321);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(staging_pop(new.staging, 3, packet), 100 + 290 * i);
		assert_int_equal(packet[0], i);
		assert_int_equal(packet[99 + 290 * i], i);
	}
	assert_false(staging_has(new.staging, 3));
	free(before);
	free(after);
	free(log_before);
	free(log_after);
}

/* Whatever the new one does instead, the old one has all it had. */
static void keeps_everything(void **state)
{
	static const struct handover_duties duties;
	static const struct {
		const char *said;
		bool dies;
	} cases[] = {{"", true}, {"run", true}, {"runt\n", true}, {"", false}};
	char *before, *after;

	(void)state;
	fill(&old);
	before = fixture_state(&old);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
		assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &(int){4 << 20},
					 sizeof(int)),
			0);
		if (cases[i].said[0])
			say_text(pair[1], cases[i].said);
		if (cases[i].dies)
			assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
		assert_false(handover_give(&old, pair[0], &duties));
		/* Who wakes up now learns that it is too late. */
		assert_int_equal(
			channel_send(pair[1], HANDOVER_RUNS, 5, NULL, 0, clock_now()), -EPIPE);
		close(pair[0]);
		close(pair[1]);
	}
	after = fixture_state(&old);
	assert_string_equal(before, after);
	assert_true(staging_has(old.staging, 3));
	free(before);
	free(after);
}

static void say_record(uint32_t type, const void *bytes, size_t len)
{
	const struct handover_record_head head = {type, (uint32_t)len};

	say(ends[0], &head, sizeof(head));
	if (len > 0 && bytes)
		say(ends[0], bytes, len);
}

/* What no old one says. */
static void refuses_nonsense(void **state)
{
	static const struct handover_header plain;
	static const struct handover_header with_sockets = {.has_fd4 = 1};
	static const struct ip_prefix prefix = {{IP_V4, {10}}, 8};
	static const struct {
		const struct handover_header *header;
		uint32_t type;
		size_t len;
	} cases[] = {
		{&with_sockets, HANDOVER_END, 0},
		{&plain, 0, 8},
		{&plain, 77, 8},
		{&plain, HANDOVER_DEVICE, 8},
		{&plain, HANDOVER_PEER, 8},
		{&plain, HANDOVER_IPS, sizeof(prefix)},
		{&plain, HANDOVER_PACKET, 8},
		{&plain, HANDOVER_LOG, 4},
		{&plain, HANDOVER_PEER_LOG, 8},
		{&plain, HANDOVER_PEER, 0},
		{&plain, HANDOVER_PEER, HANDOVER_RECORD_MAX + 1},
		{&plain, HANDOVER_PEER, UINT32_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct handover_duties duties;

		tear_down(NULL);
		set_up(NULL);
		say(ends[0], cases[i].header, sizeof(*cases[i].header));
		say_record(cases[i].type, cases[i].len <= sizeof(prefix) ? &prefix : NULL,
			cases[i].len);
		assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
		assert_int_equal(handover_take(&handover, &new, &duties), -EPROTO);
	}
}

/* Whose word is not waited for any more. */
static void keeps_off_when_it_is_late(void **state)
{
	static const struct handover_header plain;
	struct handover_duties duties;

	(void)state;
	say(ends[0], &plain, sizeof(plain));
	say_record(HANDOVER_END, NULL, 0);
	channel_hear_no_more(ends[0]);
	assert_int_equal(handover_take(&handover, &new, &duties), -EBUSY);
}

/* Up without sockets, or an old one that ends in the middle of its state. */
static void refuses_half_a_tunnel(void **state)
{
	static const struct handover_header plain;
	uint8_t bytes[CARRY_DEVICE_MAX];
	struct handover_duties duties;

	(void)state;
	device_set_up(old.device, true, now.at);
	say(ends[0], &plain, sizeof(plain));
	say_record(HANDOVER_DEVICE, bytes, carry_store_device(old.device, bytes));
	say_record(HANDOVER_END, NULL, 0);
	assert_int_equal(handover_take(&handover, &new, &duties), -EPROTO);
	tear_down(NULL);
	set_up(NULL);
	say(ends[0], &plain, sizeof(plain));
	assert_int_equal(shutdown(ends[0], SHUT_WR), 0);
	assert_int_equal(handover_take(&handover, &new, &duties), -EBUSY);
	device_set_up(old.device, false, now.at);
}

static void greets_its_like_only(void **state)
{
	const struct handover_ends own = {ends[0], ends[1], -1};
	struct textbuf request = {0}, out = {0};
	int got[3];
	char answer[9];

	(void)state;
	handover_print_request(&request);
	assert_true(handover_greet(ends[0], (struct span){request.text, request.len}, &own, &out));
	assert_int_equal(out.len, 0);
	assert_int_equal(
		channel_receive(ends[1], answer, 9, got, 3, instant_after(clock_now(), NS_PER_S)),
		0);
	assert_memory_equal(answer, "errno=0\n\n", 9);
	assert_true(got[0] >= 0 && got[1] >= 0 && got[2] == -1);
	close(got[0]);
	close(got[1]);
	request.text[request.len - 4] ^= 1;
	assert_false(handover_greet(ends[0], (struct span){request.text, request.len}, &own, &out));
	textbuf_add(&out, "");
	assert_non_null(strstr(out.text, "version=2\nlayout="));
	assert_non_null(strstr(out.text, "\nerrno=-93\n\n"));
	assert_null(strstr(out.text, "\n\nerrno"));
	textbuf_fini(&request);
	textbuf_fini(&out);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(gives_everything),
		CASE(keeps_everything),
		CASE(refuses_nonsense),
		CASE(keeps_off_when_it_is_late),
		CASE(refuses_half_a_tunnel),
		CASE(greets_its_like_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Packets out, with a TUN device and sockets of the test's own: whatever the sockets refuse, each
 * packet arrives once, under a counter of its own, and in its order.
 */
#include "unit.h"
#include "egress.h"

#include "clock.h"
#include "effects.h"

#include "outside.h"
#include "split.h"
#include "tags.h"

enum { ICMP_BURST = 100 };

static int set_up(void **state)
{
	(void)state;
	return begin(1);
}

/* Batches are sealed by other threads, too, and still sent in their order. */
static int set_up_pool(void **state)
{
	(void)state;
	return begin(3);
}

static int tear_down(void **state)
{
	(void)state;
	tunnel_fini(&tunnel);
	bulk_destroy(opener);
	assert_int_equal(calls_astray, 0);
	return 0;
}

/* Offers what fits for random peers; returns how many each got in all, in next[]. */
static void offer_many(struct seeded *s, uint32_t next[PEERS], size_t len)
{
	waiting_first = waiting_count = 0;
	while (waiting_count < 200) {
		unsigned peer = seeded_below(s, PEERS), row = 1 + seeded_below(s, 6);

		while (row-- > 0)
			offer(peer, next[peer]++, len ? len : 24 + seeded_below(s, 1396));
	}
}

static void run_until_empty(void)
{
	unsigned turn = 0;

	while (waiting_first < waiting_count || egress_is_blocked(&tunnel) ||
		!egress_is_idle(&tunnel)) {
		assert_true(turn++ < 10000000);
		egress_run(&tunnel, has_pool, now);
		pool_help(tunnel.pool, tunnel.engine);
	}
	tunnel_forget_keys(&tunnel);
}

/* Each once, under its own counter. */
static void check_all_arrived(const uint32_t next[PEERS])
{
	static bool seen[PACKETS_MAX];

	for (unsigned peer = 0; peer < PEERS; peer++) {
		assert_int_equal(arrived[peer].count, next[peer]);
		memset(seen, 0, sizeof(seen));
		for (uint32_t i = 0; i < next[peer]; i++) {
			uint32_t number = arrived[peer].numbers[i];

			assert_true(number < next[peer] && !seen[number]);
			assert_int_equal(arrived[peer].counters[i], number);
			seen[number] = true;
		}
	}
}

static void check_order(void)
{
	for (unsigned peer = 0; peer < PEERS; peer++)
		for (unsigned i = 0; i < arrived[peer].count; i++)
			assert_int_equal(arrived[peer].numbers[i], i);
}

static void joins_datagrams_and_keeps_their_order(void **state)
{
	struct seeded s = seeded_start("egress");
	uint32_t next[PEERS] = {0};

	(void)state;
	for (unsigned round = 0; round < 10; round++) {
		offer_many(&s, next, round % 2 ? 1200 : 0);
		run_until_empty();
	}
	check_all_arrived(next);
	check_order();
	assert_true(messages < next[0] + next[1] + next[2] + next[3]);
	for (unsigned peer = 0; peer < PEERS; peer++)
		assert_true(segmented[peer] > 0);
}

static int often_full(unsigned peer, size_t len, bool has_segments, bool has_source)
{
	(void)peer;
	(void)len;
	(void)has_segments;
	(void)has_source;
	return seeded_below(&chance, 3) == 0 ? EAGAIN : 0;
}

static void loses_nothing_to_a_full_socket(void **state)
{
	struct seeded s = seeded_start("egress, full sockets");
	uint32_t next[PEERS] = {0};

	(void)state;
	chance = s;
	decide = often_full;
	for (unsigned round = 0; round < 10; round++) {
		offer_many(&s, next, round % 2 ? 1200 : 0);
		run_until_empty();
	}
	check_all_arrived(next);
	check_order();
	assert_true(refused > 0);
}

static int always_full(unsigned peer, size_t len, bool has_segments, bool has_source)
{
	(void)len;
	(void)has_segments;
	(void)has_source;
	return peer % 2 == 0 ? EAGAIN : 0;
}

/* The device is not read meanwhile, and room in a socket wakes the loop. */
static void waits_for_room(void **state)
{
	struct udp_pair sockets = fake_sockets();
	struct event events[4];
	unsigned left;

	(void)state;
	decide = always_full;
	assert_int_equal(event_wait(&tunnel.loop, (struct instant){0}, events, 4), 0);
	offer(0, 0, 100);
	offer(1, 0, 100);
	egress_run(&tunnel, false, now);
	tunnel_watch_room(&tunnel);
	assert_int_equal(arrived[1].count, 1);
	assert_true(egress_is_blocked(&tunnel));
	assert_int_equal(event_wait(&tunnel.loop, (struct instant){0}, events, 4), 2);
	assert_int_equal(events[0].tag + events[1].tag, TAG_UDP4 + TAG_UDP6);
	offer(1, 1, 100);
	left = waiting_count - waiting_first;
	assert_true(egress_run(&tunnel, false, now));
	assert_int_equal(waiting_count - waiting_first, left);
	/* Still full: nothing new to tell. */
	assert_int_equal(event_wait(&tunnel.loop, (struct instant){0}, events, 4), 0);
	/* New sockets, full at once before anybody looked. */
	tunnel_use_sockets(&tunnel, &sockets);
	assert_false(egress_is_blocked(&tunnel));
	offer(0, 1, 100);
	egress_run(&tunnel, false, now);
	tunnel_watch_room(&tunnel);
	assert_int_equal(event_wait(&tunnel.loop, (struct instant){0}, events, 4), 2);
	decide = NULL;
	run_until_empty();
	tunnel_watch_room(&tunnel);
	assert_false(tunnel.watches_room);
	assert_int_equal(arrived[0].numbers[0], 1);
}

/* A thread sends what it has sealed, and the loop counts it. */
static void is_sent_by_the_pool(void **state)
{
	uint32_t count = 0;

	(void)state;
	for (unsigned round = 0; round < 10000 && calls_elsewhere == 0; round++) {
		arrived[0].count = 0;
		waiting_first = waiting_count = 0;
		while (waiting_count < 200)
			offer(0, count++, 1200);
		while (waiting_first < waiting_count || !egress_is_idle(&tunnel)) {
			struct event events[4];

			if (!egress_run(&tunnel, true, now) || !egress_has_room(&tunnel))
				event_wait(&tunnel.loop, instant_after(clock_now(), NS_PER_MS),
					events, 4);
		}
		assert_int_equal(arrived[0].count, 200);
	}
	assert_true(calls_elsewhere > 0);
	assert_int_equal(device_peer(tunnel.device, 0)->sent_bytes, (uint64_t)count * (32 + 1200));
}

/* Nothing is sent twice, nor by what was closed, when new sockets come while threads send. */
static void outlives_its_sockets(void **state)
{
	static bool seen[PACKETS_MAX];
	struct seeded s = seeded_start("egress, new sockets");
	uint32_t next[PEERS] = {0};

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		struct udp_pair sockets = fake_sockets();

		offer_many(&s, next, 1200);
		for (unsigned turns = seeded_below(&s, 6); turns > 0; turns--)
			egress_run(&tunnel, true, now);
		tunnel_use_sockets(&tunnel, &sockets);
	}
	run_until_empty();
	for (unsigned peer = 0; peer < PEERS; peer++) {
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < arrived[peer].count; i++) {
			uint32_t number = arrived[peer].numbers[i];

			assert_true(number < next[peer] && !seen[number]);
			seen[number] = true;
		}
	}
	assert_true(arrived[0].count > 0);
}

/* Segments to peer 0 are refused, by a device without checksums. */
static int no_segments_to_0(unsigned peer, size_t len, bool has_segments, bool has_source)
{
	(void)len;
	(void)has_source;
	return peer == 0 && has_segments ? EIO : 0;
}

static void sends_singly_where_segments_are_refused(void **state)
{
	struct seeded s = seeded_start("egress, no segments");
	uint32_t next[PEERS] = {0};

	(void)state;
	decide = no_segments_to_0;
	for (unsigned round = 0; round < 4; round++) {
		unsigned refused_before = refused, segmented_before = segmented[1];

		offer_many(&s, next, 1200);
		run_until_empty();
		/* The first batch has its messages made already; later ones know. */
		assert_true(round == 0 ? refused > 0 : refused == refused_before);
		assert_true(segmented[1] > segmented_before);
	}
	check_all_arrived(next);
	check_order();
	assert_int_equal(segmented[0], 0);
	/* Another address, or another path, may take them. */
	decide = NULL;
	egress_forget_paths(&tunnel);
	offer_many(&s, next, 1200);
	run_until_empty();
	check_all_arrived(next);
	check_order();
	assert_true(segmented[0] > 0);
}

static int no_segments_and_full(unsigned peer, size_t len, bool has_segments, bool has_source)
{
	int err = often_full(peer, len, has_segments, has_source);

	return err != 0 ? err : has_segments ? EMSGSIZE : 0;
}

static void sends_singly_what_a_full_socket_left(void **state)
{
	struct seeded s = seeded_start("egress, no segments and full");
	uint32_t next[PEERS] = {0};

	(void)state;
	chance = s;
	decide = no_segments_and_full;
	for (unsigned round = 0; round < 4; round++) {
		egress_forget_paths(&tunnel);
		offer_many(&s, next, 1200);
		run_until_empty();
	}
	check_all_arrived(next);
	assert_int_equal(segmented[0] + segmented[1] + segmented[2] + segmented[3], 0);
}

/* The kernel has one word for a source that is not ours and for segments that do not fit. */
static int neither_source_nor_segments(
	unsigned peer, size_t len, bool has_segments, bool has_source)
{
	(void)peer;
	(void)len;
	return has_source || has_segments ? EINVAL : 0;
}

static void lets_a_lost_source_go(void **state)
{
	struct seeded s = seeded_start("egress, lost sources");
	uint32_t next[PEERS] = {0};

	(void)state;
	decide = neither_source_nor_segments;
	for (unsigned peer = 0; peer < PEERS; peer++)
		device_peer(tunnel.device, peer)->endpoint.local = address_of(peer);
	offer_many(&s, next, 1200);
	run_until_empty();
	check_all_arrived(next);
	for (unsigned peer = 0; peer < PEERS; peer++)
		assert_int_equal(device_peer(tunnel.device, peer)->endpoint.local.family, IP_NONE);
}

static int all_lost(unsigned peer, size_t len, bool has_segments, bool has_source)
{
	(void)peer;
	(void)len;
	(void)has_segments;
	(void)has_source;
	return EPERM;
}

static void goes_on_after_losses(void **state)
{
	(void)state;
	decide = all_lost;
	for (uint32_t i = 0; i < 100; i++)
		offer(i % PEERS, i, 1200);
	run_until_empty();
	assert_int_equal(device_peer(tunnel.device, 0)->sent_bytes, 0);
	decide = NULL;
	offer(0, 1000, 1200);
	run_until_empty();
	assert_int_equal(arrived[0].numbers[0], 1000);
	assert_int_equal(device_peer(tunnel.device, 0)->sent_bytes, 32 + 1200);
}

static void cuts_a_super_packet_into_crumbs(void **state)
{
	(void)state;
	offer_super(2);
	run_until_empty();
	assert_int_equal(arrived[2].count, SUPER_PAYLOAD / SUPER_SEGMENT);
	for (uint32_t i = 0; i < arrived[2].count; i++)
		assert_int_equal(arrived[2].numbers[i], i * SUPER_SEGMENT);
}

/* Shorter segments than TCP makes could fill any batch: the packet is dropped. */
static void drops_what_could_overflow(void **state)
{
	(void)state;
	offer_super(2);
	waiting[0].header.gso_size = 1;
	run_until_empty();
	assert_int_equal(arrived[2].count, 0);
	assert_int_equal(tunnel.device->verdicts[VERDICT_BAD_PACKET], 1);
}

/* What there is no room for is lost; what is in the batch arrives. */
static void survives_crumbs_before_a_full_socket(void **state)
{
	uint32_t count;

	(void)state;
	decide = always_full;
	offer_super(0);
	offer_super(2);
	egress_run(&tunnel, false, now);
	egress_run(&tunnel, false, now);
	egress_keepalive(&tunnel, 0, now);
	egress_datagram(&tunnel, NULL, &device_peer(tunnel.device, 0)->endpoint, "x", 1, 0);
	assert_true(egress_is_blocked(&tunnel));
	decide = NULL;
	waiting_count = waiting_first;
	run_until_empty();
	count = arrived[0].count;
	assert_true(count > 0 && count <= SUPER_PAYLOAD / SUPER_SEGMENT);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(arrived[0].numbers[i], i * SUPER_SEGMENT);
}

static void stages_until_there_is_a_key(void **state)
{
	(void)state;
	device_clear_keys(tunnel.device, 1);
	for (uint32_t i = 0; i < 5; i++)
		offer(1, i, 100 + i);
	run_until_empty();
	assert_int_equal(arrived[1].count, 0);
	assert_true(staging_has(tunnel.staging, 1));
	give_key(1);
	/* One that comes before the waiting ones went stands behind them. */
	offer(1, 5, 300);
	run_until_empty();
	effects_obey(&tunnel, 1, EFFECT_FLUSH | EFFECT_KEEPALIVE, now);
	egress_flush(&tunnel);
	assert_int_equal(arrived[1].count, 6);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(arrived[1].numbers[i], i);
}

static void forgets_packets_when_it_goes_down(void **state)
{
	(void)state;
	device_clear_keys(tunnel.device, 0);
	offer(0, 0, 100);
	run_until_empty();
	assert_int_equal(tunnel_set_up(&tunnel, false, now.at), 0);
	assert_false(staging_has(tunnel.staging, 0));
	offer(0, 1, 100);
	offer(3, 1, 100);
	run_until_empty();
	assert_false(staging_has(tunnel.staging, 0));
	assert_int_equal(arrived[3].count, 0);
}

static void answers_a_burst_of_unreachables_in_part(void **state)
{
	(void)state;
	device_peer(tunnel.device, 3)->endpoint.addr.family = IP_NONE;
	for (uint32_t i = 0; i < 2 * ICMP_BURST; i++)
		offer(i % 2 ? 3 : 200, i, 100);
	run_until_empty();
	assert_int_equal(written, ICMP_BURST);
	now.at.ns += NS_PER_S / 10;
	waiting_first = waiting_count = 0;
	for (uint32_t i = 0; i < 2 * ICMP_BURST; i++)
		offer(3, i, 100);
	run_until_empty();
	assert_int_equal(written, ICMP_BURST + ICMP_BURST / 10);
}

/* Our own datagram comes back: from port 9, which is ours, to the peer's endpoint, port 7. */
static void sends_nothing_round_in_circles(void **state)
{
	static const struct {
		uint8_t at, value;
		bool is_sent;
	} changes[] = {
		{21, 9, false}, {21, 8, true}, /* not from our port */
		{23, 6, true},                 /* nor to the peer's */
		{19, 3, true}, {9, 1, true},
		{0, 0x46, true}, /* with options the ports stand elsewhere */
	};
	struct ip_prefix everything = {{IP_V4, {0}}, 0};

	(void)state;
	is_content_free = true;
	assert_true(device_add_allowed_ip(tunnel.device, 2, &everything));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t *packet = waiting[waiting_count].bytes;
		unsigned before = messages;

		offer(0, 0, 100);
		memcpy(packet + 16, address_of(2).b, 4);
		memcpy(packet + 20, (uint8_t[]){0, 9, 0, 7}, 4);
		packet[changes[i].at] = changes[i].value;
		run_until_empty();
		assert_int_equal(messages > before, changes[i].is_sent);
	}
	assert_int_equal(tunnel.device->verdicts[VERDICT_LOOPED], 1);
}

/*
 * Super-packets as a user can make them: little to read and much to send, as many in a batch as
 * there is room for. UDP in 45 segments, TCP with so many options that 8 bytes are left.
 */
static void bears_batches_of_crumbs(void **state)
{
	static const struct {
		unsigned count;
		uint16_t size;
	} crumbs[] = {{45, 1}, {45, 4}, {45, 5}, {45, 21}, {64, 1}, {1, 1}, {2, 8}, {700, 8},
		{1500, 8}, {2500, 8}, {3000, 1}};

	(void)state;
	is_content_free = true;
	for (size_t i = 0; i < sizeof(crumbs) / sizeof(crumbs[0]); i++) {
		unsigned many = crumbs[i].count > 100 ? 8 : 150;

		waiting_first = waiting_count = 0;
		while (waiting_count < many)
			offer_crumbs(2, crumbs[i].count, crumbs[i].size);
		run_until_empty();
		assert_int_equal(arrived[2].count, many * crumbs[i].count);
		arrived[2].count = 0;
	}
}

/* More keepalives at once than a batch has messages: each is sent. */
static void keeps_many_alive(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		egress_keepalive(&tunnel, i % PEERS, now);
	egress_flush(&tunnel);
	assert_int_equal(keepalives, 1000);
}

static void passes_over_what_is_no_packet(void **state)
{
	(void)state;
	offer(0, 0, 24);
	waiting[0].bytes[0] = 0x05;
	offer(0, 0, 24);
	waiting[1].header.gso = TUN_GSO_TCP4;
	offer(0, 7, 24);
	run_until_empty();
	assert_int_equal(arrived[0].count, 1);
	assert_int_equal(arrived[0].numbers[0], 7);
	assert_int_equal(tunnel.device->verdicts[VERDICT_BAD_PACKET], 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define CASE_WITH_POOL(name)                                                                       \
	{                                                                                          \
#name ", with a pool", name, set_up_pool, tear_down, NULL                          \
	}
	const struct CMUnitTest tests[] = {
		CASE(joins_datagrams_and_keeps_their_order),
		CASE(loses_nothing_to_a_full_socket),
		CASE_WITH_POOL(joins_datagrams_and_keeps_their_order),
		CASE_WITH_POOL(loses_nothing_to_a_full_socket),
		CASE_WITH_POOL(sends_singly_what_a_full_socket_left),
		CASE_WITH_POOL(bears_batches_of_crumbs),
		CASE_WITH_POOL(waits_for_room),
		CASE_WITH_POOL(lets_a_lost_source_go),
		CASE_WITH_POOL(goes_on_after_losses),
		CASE_WITH_POOL(is_sent_by_the_pool),
		CASE_WITH_POOL(outlives_its_sockets),
		CASE(waits_for_room),
		CASE(sends_singly_where_segments_are_refused),
		CASE(sends_singly_what_a_full_socket_left),
		CASE(lets_a_lost_source_go),
		CASE(goes_on_after_losses),
		CASE(cuts_a_super_packet_into_crumbs),
		CASE(drops_what_could_overflow),
		CASE(survives_crumbs_before_a_full_socket),
		CASE(stages_until_there_is_a_key),
		CASE(forgets_packets_when_it_goes_down),
		CASE(answers_a_burst_of_unreachables_in_part),
		CASE(sends_nothing_round_in_circles),
		CASE(bears_batches_of_crumbs),
		CASE(keeps_many_alive),
		CASE(passes_over_what_is_no_packet),
	};

	return cmocka_run_group_tests_name("egress", tests, NULL, NULL);
}

/*
 * The library as another program sees it: nothing but its header. Two tunnels in one process hand
 * each other their datagrams.
 */
#include "unit.h"
#include <culvert/culvert.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 2048, PACKET = 60 };

struct end {
	struct culvert *tunnel;
	void *memory;
	struct culvert_address address;
	struct culvert_peer peer; /* the other end */
	uint8_t private_key[CULVERT_KEY_LEN], public_key[CULVERT_KEY_LEN];
};

struct pair {
	struct end ends[2];
	struct culvert_time now;
	uint8_t random[CULVERT_RANDOM_LEN];
};

static const struct culvert_config config = {.peers_max = 2, .prefixes_max = 2, .mtu = 1420};

static void assert_same_address(const struct culvert_address *a, const struct culvert_address *b)
{
	assert_int_equal(a->family, b->family);
	assert_memory_equal(a->bytes, b->bytes, sizeof(a->bytes));
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->scope, b->scope);
}

/* Another value for each call is all that the library wants of it here. */
static const uint8_t *fresh(struct pair *p)
{
	for (size_t i = 0; i < sizeof(p->random) && ++p->random[i] == 0; i++)
		;
	for (size_t i = 8; i < sizeof(p->random); i++)
		p->random[i] = (uint8_t)(p->random[i] * 5 + p->random[i % 8] + 1);
	return p->random;
}

static void end_init(struct pair *p, unsigned i)
{
	struct end *end = &p->ends[i];
	size_t size = culvert_size(&config);

	end->memory = aligned_alloc(CULVERT_MEMORY_ALIGN, size);
	assert_non_null(end->memory);
	memset(end->memory, 0, size);
	assert_int_equal(
		culvert_init(end->memory, &config, &p->now, fresh(p), &end->tunnel), CULVERT_OK);
	memcpy(end->private_key, fresh(p), CULVERT_KEY_LEN);
	culvert_public_key(end->private_key, end->public_key);
	culvert_set_private_key(end->tunnel, end->private_key);
	end->address = (struct culvert_address){
		.family = 4, .bytes = {192, 0, 2, (uint8_t)i}, .port = 51820};
}

static void pair_init(struct pair *p)
{
	*p = (struct pair){.now = {1000000000, 1700000000, 0}};
	for (unsigned i = 0; i < 2; i++)
		end_init(p, i);
	for (unsigned i = 0; i < 2; i++) {
		struct end *end = &p->ends[i], *other = &p->ends[!i];
		const struct culvert_prefix inner = {
			.family = 4, .bytes = {10, 0, 0, (uint8_t)!i}, .bits = 32};

		assert_int_equal(
			culvert_add_peer(end->tunnel, other->public_key, &end->peer), CULVERT_OK);
		assert_int_equal(
			culvert_set_endpoint(end->tunnel, end->peer, &other->address), CULVERT_OK);
		assert_int_equal(
			culvert_add_allowed_ip(end->tunnel, end->peer, &inner), CULVERT_OK);
	}
}

static void pair_fini(struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		culvert_fini(p->ends[i].tunnel);
		free(p->ends[i].memory);
	}
}

/* An IPv4 packet from one end's inner address to the other's. */
static void make_packet(uint8_t packet[PACKET], unsigned from)
{
	memset(packet, 0xcc, PACKET);
	memcpy(packet, (uint8_t[]){0x45, 0, 0, PACKET}, 4);
	memcpy(packet + 12, (uint8_t[]){10, 0, 0, (uint8_t)from, 10, 0, 0, (uint8_t)!from}, 8);
}

static enum culvert_error offer(
	struct pair *p, unsigned from, uint8_t *buffer, struct culvert_output *out)
{
	uint8_t packet[PACKET];

	make_packet(packet, from);
	return culvert_send(
		p->ends[from].tunnel, &p->now, fresh(p), packet, PACKET, buffer, BUFFER, out);
}

/* Carries the first datagram of out, sent by `from`, to the other end. */
static enum culvert_error carry(struct pair *p, unsigned from, const struct culvert_output *sent,
	uint8_t *buffer, struct culvert_output *out)
{
	struct culvert_datagram datagram = {.bytes = buffer, .address = p->ends[from].address};

	assert_int_equal(sent->datagrams_count, 1);
	assert_same_address(&sent->datagrams[0].address, &p->ends[!from].address);
	datagram.len = sent->datagrams[0].len;
	datagram.tos = sent->datagrams[0].tos;
	memmove(buffer, sent->datagrams[0].bytes, datagram.len);
	return culvert_receive(p->ends[!from].tunnel, &p->now, fresh(p), &datagram, out);
}

/* Handshake by end 0; afterwards both may send. */
static void establish(struct pair *p)
{
	uint8_t buffer[BUFFER];
	struct culvert_output a, b;

	assert_int_equal(offer(p, 0, buffer, &a), CULVERT_WAIT);
	assert_int_equal(carry(p, 0, &a, buffer, &b), CULVERT_OK);
	assert_int_equal(carry(p, 1, &b, buffer, &a), CULVERT_OK);
	assert_true(a.may_flush && a.is_peer);
	assert_memory_equal(&a.peer, &p->ends[0].peer, sizeof(a.peer));
	assert_int_equal(carry(p, 0, &a, buffer, &b), CULVERT_OK);
	assert_true(b.may_flush);
	assert_int_equal(b.packet_len, 0);
}

static void carries_packets_both_ways(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER], packet[PACKET];
	struct culvert_output out, in;

	(void)state;
	pair_init(&p);
	establish(&p);
	for (unsigned i = 0; i < 20; i++) {
		make_packet(packet, i % 2);
		assert_int_equal(offer(&p, i % 2, buffer, &out), CULVERT_OK);
		assert_int_equal(out.datagrams[0].len, 32 + 64);
		assert_int_equal(carry(&p, i % 2, &out, buffer, &in), CULVERT_OK);
		assert_int_equal(in.packet_len, PACKET);
		assert_memory_equal(in.packet, packet, PACKET);
	}
	pair_fini(&p);
}

static void seals_where_the_packet_stands(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER], packet[PACKET];
	struct culvert_output out, in;

	(void)state;
	pair_init(&p);
	establish(&p);
	make_packet(packet, 0);
	make_packet(buffer + CULVERT_HEADER_LEN, 0);
	assert_int_equal(
		culvert_send(p.ends[0].tunnel, &p.now, fresh(&p), buffer + CULVERT_HEADER_LEN,
			PACKET, buffer, PACKET + CULVERT_OVERHEAD_MAX, &out),
		CULVERT_OK);
	assert_ptr_equal(out.datagrams[0].bytes, buffer);
	assert_int_equal(carry(&p, 0, &out, buffer, &in), CULVERT_OK);
	assert_memory_equal(in.packet, packet, PACKET);
	pair_fini(&p);
}

static void says_why_a_packet_cannot_go(void **state)
{
	static const uint8_t zero[CULVERT_KEY_LEN];
	struct pair p;
	uint8_t buffer[BUFFER], packet[PACKET];
	struct culvert_output out;
	struct culvert *tunnel;

	(void)state;
	pair_init(&p);
	tunnel = p.ends[0].tunnel;
	make_packet(packet, 0);
	assert_int_equal(culvert_send(tunnel, &p.now, fresh(&p), packet, PACKET, buffer,
				 PACKET + CULVERT_OVERHEAD_MAX - 1, &out),
		CULVERT_NO_ROOM);
	assert_int_equal(culvert_send(tunnel, &p.now, fresh(&p), packet, CULVERT_PACKET_MAX + 1,
				 buffer, SIZE_MAX, &out),
		CULVERT_NO_ROOM);
	assert_int_equal(culvert_send(tunnel, &p.now, fresh(&p), packet, 19, buffer, BUFFER, &out),
		CULVERT_BAD_PACKET);
	packet[19] = 7;
	assert_int_equal(
		culvert_send(tunnel, &p.now, fresh(&p), packet, PACKET, buffer, BUFFER, &out),
		CULVERT_NO_PEER);
	culvert_set_endpoint(tunnel, p.ends[0].peer, &(struct culvert_address){0});
	assert_int_equal(offer(&p, 0, buffer, &out), CULVERT_NO_ENDPOINT);
	assert_int_equal(out.datagrams_count, 0);
	culvert_set_endpoint(tunnel, p.ends[0].peer, &p.ends[1].address);
	culvert_set_private_key(tunnel, zero);
	assert_int_equal(offer(&p, 0, buffer, &out), CULVERT_WAIT);
	assert_int_equal(out.datagrams_count, 0);
	pair_fini(&p);
}

static void refuses_what_does_not_belong(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER], copy[BUFFER];
	struct culvert_output out, in, sent;
	struct culvert_datagram junk = {.bytes = buffer};

	(void)state;
	pair_init(&p);
	for (size_t len = 0; len < 200; len++) {
		memset(buffer, 0, sizeof(buffer));
		buffer[0] = (uint8_t)(len % 6);
		junk.len = len;
		assert_int_not_equal(
			culvert_receive(p.ends[0].tunnel, &p.now, fresh(&p), &junk, &in),
			CULVERT_OK);
		assert_int_equal(in.datagrams_count + in.packet_len, 0);
	}
	junk.len = SIZE_MAX; /* what became of an error of recv() */
	assert_int_equal(culvert_receive(p.ends[0].tunnel, &p.now, fresh(&p), &junk, &in),
		CULVERT_BAD_MESSAGE);

	establish(&p);
	assert_int_equal(offer(&p, 0, copy, &sent), CULVERT_OK);
	copy[40] ^= 1;
	assert_int_equal(carry(&p, 0, &sent, buffer, &in), CULVERT_NOT_GENUINE);
	copy[40] ^= 1;
	assert_int_equal(carry(&p, 0, &sent, buffer, &in), CULVERT_OK);
	assert_int_equal(carry(&p, 0, &sent, buffer, &in), CULVERT_REPLAYED);
	assert_int_equal(in.packet_len, 0);
	p.now.steady_ns += 180000000000;
	assert_int_equal(carry(&p, 0, &sent, buffer, &in), CULVERT_EXPIRED);
	assert_int_equal(offer(&p, 0, copy, &out), CULVERT_WAIT);
	pair_fini(&p);
}

static void refuses_a_source_that_is_not_the_peers(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER];
	struct culvert_output out, in;
	const struct culvert_prefix theirs = {.family = 4, .bytes = {10, 0, 0, 0}, .bits = 32};

	(void)state;
	pair_init(&p);
	establish(&p);
	assert_int_equal(
		culvert_remove_allowed_ip(p.ends[1].tunnel, p.ends[1].peer, &theirs), CULVERT_OK);
	assert_int_equal(offer(&p, 0, buffer, &out), CULVERT_OK);
	assert_int_equal(carry(&p, 0, &out, buffer, &in), CULVERT_WRONG_SOURCE);
	assert_null(in.packet);
	pair_fini(&p);
}

static void asks_a_busy_ends_peers_for_proof(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER];
	struct culvert_output a, b;

	(void)state;
	pair_init(&p);
	culvert_set_busy(p.ends[1].tunnel, true);
	assert_int_equal(offer(&p, 0, buffer, &a), CULVERT_WAIT);
	assert_int_equal(carry(&p, 0, &a, buffer, &b), CULVERT_COOKIE_SENT);
	assert_int_equal(b.datagrams[0].len, 64);
	assert_int_equal(carry(&p, 1, &b, buffer, &a), CULVERT_OK);
	/* The retry carries the cookie. */
	p.now.steady_ns = culvert_next(p.ends[0].tunnel);
	assert_true(culvert_tick(p.ends[0].tunnel, &p.now, fresh(&p), &a));
	assert_int_equal(carry(&p, 0, &a, buffer, &b), CULVERT_OK);
	assert_int_equal(b.datagrams[0].len, 92);
	pair_fini(&p);
}

static void gives_up_in_the_end(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER];
	struct culvert_output out;
	unsigned sent = 1;

	(void)state;
	pair_init(&p);
	assert_int_equal(culvert_next(p.ends[0].tunnel) == UINT64_MAX, true);
	assert_int_equal(offer(&p, 0, buffer, &out), CULVERT_WAIT);
	do {
		assert_false(culvert_tick(p.ends[0].tunnel, &p.now, fresh(&p), &out));
		p.now.steady_ns = culvert_next(p.ends[0].tunnel);
		assert_true(culvert_tick(p.ends[0].tunnel, &p.now, fresh(&p), &out));
		sent += out.datagrams_count;
	} while (!out.gave_up);
	assert_int_equal(sent, 20);
	pair_fini(&p);
}

static void keeps_alive_and_reports(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER];
	struct culvert_output out, in;
	struct culvert_status status;
	struct end *end;

	(void)state;
	pair_init(&p);
	end = &p.ends[0];
	establish(&p);
	culvert_set_keepalive(end->tunnel, end->peer, 25, &p.now);
	assert_true(culvert_tick(end->tunnel, &p.now, fresh(&p), &out));
	assert_int_equal(out.datagrams[0].len, 32);
	assert_int_equal(carry(&p, 0, &out, buffer, &in), CULVERT_OK);
	assert_true(culvert_next(end->tunnel) == p.now.steady_ns + 25000000000);
	assert_int_equal(culvert_get_status(end->tunnel, end->peer, &p.now, &status), CULVERT_OK);
	assert_int_equal(status.keepalive_s, 25);
	assert_int_equal(status.sent_bytes, 148 + 32 + 32);
	assert_int_equal(status.received_bytes, 92);
	assert_int_equal(status.last_handshake_s, 1700000000);
	assert_true(status.has_session);
	assert_same_address(&status.endpoint, &p.ends[1].address);
	p.now.steady_ns += 180000000000;
	culvert_get_status(end->tunnel, end->peer, &p.now, &status);
	assert_false(status.has_session);
	pair_fini(&p);
}

/* Nobody sends a packet: the keepalive brings the handshake about, and renews the key. */
static void a_keepalive_brings_a_handshake_about(void **state)
{
	struct pair p;
	uint8_t buffer[BUFFER];
	struct culvert_output a, b;
	struct end *end;

	(void)state;
	pair_init(&p);
	end = &p.ends[0];
	culvert_set_keepalive(end->tunnel, end->peer, 125, &p.now);
	assert_true(culvert_tick(end->tunnel, &p.now, fresh(&p), &a));
	assert_int_equal(a.datagrams[0].len, 148);
	assert_int_equal(carry(&p, 0, &a, buffer, &b), CULVERT_OK);
	assert_int_equal(carry(&p, 1, &b, buffer, &a), CULVERT_OK);
	assert_int_equal(a.datagrams[0].len, 32);
	/* The response once more answers nothing. */
	assert_int_equal(carry(&p, 1, &b, buffer, &b), CULVERT_UNKNOWN_SESSION);
	p.now.steady_ns += 125000000000;
	assert_true(culvert_tick(end->tunnel, &p.now, fresh(&p), &a));
	assert_int_equal(a.datagrams_count, 2);
	assert_int_equal(a.datagrams[0].len, 32);
	assert_int_equal(a.datagrams[1].len, 148);
	pair_fini(&p);
}

static void keeps_peers_apart_by_name(void **state)
{
	struct pair p;
	struct culvert_peer peer, again;
	struct culvert *tunnel;
	struct culvert_status status;
	const uint8_t key[CULVERT_KEY_LEN] = {9}, more[CULVERT_KEY_LEN] = {10};
	const struct culvert_prefix v4 = {.family = 4, .bits = 33}, v6 = {.family = 6, .bits = 129};
	const struct culvert_prefix none = {.family = 5}, a = {.family = 6, .bits = 128};
	const struct culvert_prefix b = {.family = 6, .bits = 64};
	const struct culvert_address strange = {.family = 5};

	(void)state;
	pair_init(&p);
	tunnel = p.ends[0].tunnel;
	assert_int_equal(
		culvert_add_peer(tunnel, p.ends[0].public_key, &peer), CULVERT_PEER_EXISTS);
	assert_int_equal(
		culvert_add_peer(tunnel, p.ends[1].public_key, &peer), CULVERT_PEER_EXISTS);
	assert_int_equal(culvert_add_peer(tunnel, key, &peer), CULVERT_OK);
	assert_int_equal(culvert_add_peer(tunnel, more, &again), CULVERT_NO_ROOM);
	assert_int_equal(culvert_set_endpoint(tunnel, peer, &strange), CULVERT_BAD_ARGUMENT);
	assert_int_equal(culvert_add_allowed_ip(tunnel, peer, &v4), CULVERT_BAD_ARGUMENT);
	assert_int_equal(culvert_add_allowed_ip(tunnel, peer, &v6), CULVERT_BAD_ARGUMENT);
	assert_int_equal(culvert_add_allowed_ip(tunnel, peer, &none), CULVERT_BAD_ARGUMENT);
	assert_int_equal(culvert_remove_allowed_ip(tunnel, peer, &none), CULVERT_BAD_ARGUMENT);
	assert_int_equal(culvert_add_allowed_ip(tunnel, peer, &a), CULVERT_OK);
	assert_int_equal(culvert_add_allowed_ip(tunnel, peer, &b), CULVERT_NO_ROOM);
	assert_int_equal(culvert_set_preshared_key(tunnel, peer, key), CULVERT_OK);

	assert_int_equal(culvert_find_peer(tunnel, key, &again), CULVERT_OK);
	assert_memory_equal(&again, &peer, sizeof(peer));
	assert_int_equal(culvert_remove_peer(tunnel, peer), CULVERT_OK);
	assert_int_equal(culvert_find_peer(tunnel, key, &again), CULVERT_NO_PEER);
	assert_int_equal(culvert_add_peer(tunnel, more, &again), CULVERT_OK);

	/* The old name, and one that never was. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(culvert_remove_peer(tunnel, peer), CULVERT_NO_PEER);
		assert_int_equal(culvert_set_preshared_key(tunnel, peer, key), CULVERT_NO_PEER);
		assert_int_equal(
			culvert_set_endpoint(tunnel, peer, &p.ends[1].address), CULVERT_NO_PEER);
		assert_int_equal(culvert_set_keepalive(tunnel, peer, 1, &p.now), CULVERT_NO_PEER);
		assert_int_equal(culvert_add_allowed_ip(tunnel, peer, &a), CULVERT_NO_PEER);
		assert_int_equal(culvert_remove_allowed_ip(tunnel, peer, &a), CULVERT_NO_PEER);
		assert_int_equal(
			culvert_get_status(tunnel, peer, &p.now, &status), CULVERT_NO_PEER);
		peer.slot = UINT32_MAX;
	}
	pair_fini(&p);
}

static void refuses_configs_out_of_range(void **state)
{
	static const struct culvert_config bad[] = {
		{.peers_max = 0, .prefixes_max = 1},
		{.peers_max = 1048577, .prefixes_max = 1},
		{.peers_max = 1, .prefixes_max = 0},
		{.peers_max = 1, .prefixes_max = UINT32_MAX},
	};
	_Alignas(CULVERT_MEMORY_ALIGN) uint8_t memory[64] = {0};
	const struct culvert_time now = {1, 1, 0};
	const uint8_t random[CULVERT_RANDOM_LEN] = {0};
	struct culvert *tunnel;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(culvert_size(&bad[i]), 0);
		assert_int_equal(
			culvert_init(memory, &bad[i], &now, random, &tunnel), CULVERT_BAD_ARGUMENT);
	}
	assert_int_equal(
		culvert_init(memory + 1, &config, &now, random, &tunnel), CULVERT_BAD_ARGUMENT);
}

static void names_every_error(void **state)
{
	(void)state;
	for (int e = CULVERT_OK; e <= CULVERT_WRONG_SOURCE; e++)
		assert_string_not_equal(culvert_error_name((enum culvert_error)e), "unknown");
	assert_string_equal(
		culvert_error_name((enum culvert_error)(CULVERT_WRONG_SOURCE + 1)), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_packets_both_ways),
		cmocka_unit_test(seals_where_the_packet_stands),
		cmocka_unit_test(says_why_a_packet_cannot_go),
		cmocka_unit_test(refuses_what_does_not_belong),
		cmocka_unit_test(refuses_a_source_that_is_not_the_peers),
		cmocka_unit_test(asks_a_busy_ends_peers_for_proof),
		cmocka_unit_test(gives_up_in_the_end),
		cmocka_unit_test(keeps_alive_and_reports),
		cmocka_unit_test(a_keepalive_brings_a_handshake_about),
		cmocka_unit_test(keeps_peers_apart_by_name),
		cmocka_unit_test(refuses_configs_out_of_range),
		cmocka_unit_test(names_every_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Data messages in: which are accepted, what they may hold, and what they move. */
#include "duo.h"
#include "engine.h"
#include "inbound.h"
#include "ip.h"
#include "members.h"
#include "outbound.h"
#include "wipe.h"
#include "wireguard_vectors.h"

enum { PACKET_MAX = 128 };

/* A data message from a to b, sealed but not sent. */
struct message {
	size_t len;
	uint8_t bytes[PACKET_MAX + DATA_OVERHEAD];
};

static struct message seal(struct duo *d, const uint8_t *packet, size_t len)
{
	struct message m = {.len = DATA_OVERHEAD + len};
	struct outbound_grant grant;

	assert_int_equal(outbound_reserve(d->a, 0, 1, d->now.at, &grant), VERDICT_OK);
	if (len > 0)
		memcpy(m.bytes + DATA_HEADER_LEN, packet, len);
	outbound_seal(engine, &grant, 0, m.bytes + DATA_HEADER_LEN, len, m.bytes);
	return m;
}

static struct message seal_packet(struct duo *d)
{
	const uint8_t packet[32] = {0x45, 0, 0, 30, [12] = 10, 0, 0, 1, 10, 0, 0, 2};

	return seal(d, packet, sizeof(packet));
}

/* What b makes of it, as a run of its own. */
struct result {
	enum verdict verdict;
	size_t packet_len;
	unsigned effects;
	uint8_t bytes[PACKET_MAX + DATA_OVERHEAD]; /* decrypted in place */
};

static struct result receive_from(
	struct duo *d, const struct message *m, uint8_t ecn, const struct endpoint *source)
{
	struct result r = {0};
	struct inbound_run run;
	bool is_open;

	memcpy(r.bytes, m->bytes, m->len);
	r.verdict = inbound_prepare(d->b, r.bytes, d->now.at, &run);
	if (r.verdict != VERDICT_OK)
		return r;
	is_open = inbound_open(engine, &run, r.bytes, m->len);
	r.verdict = inbound_accept(d->b, &run, is_open, r.bytes, m->len, ecn, &r.packet_len);
	r.effects = inbound_finish(d->b, &run, source, d->now);
	inbound_run_fini(&run);
	assert_true(bytes_zero_ct(&run.key, sizeof(run.key)));
	return r;
}

static struct result receive(struct duo *d, const struct message *m)
{
	const struct endpoint source = duo_endpoint(1);

	return receive_from(d, m, 0, &source);
}

static void the_first_message_confirms_the_key(void **state)
{
	struct duo d;
	struct message m;
	struct result r;
	const struct peer *peer;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	peer = device_peer(d.b, 0);
	assert_int_equal(peer->last_handshake.sec, 0);
	m = seal(&d, NULL, 0);
	duo_pass(&d, NS_PER_S);
	r = receive(&d, &m);
	assert_int_equal(r.verdict, VERDICT_OK);
	assert_int_equal(r.packet_len, 0);
	assert_int_equal(r.effects, EFFECT_FLUSH);
	assert_int_equal(peer->keyring.next, SESSION_NONE);
	assert_false(duo_current(d.b)->is_initiator);
	assert_int_equal(peer->last_handshake.sec, d.now.wall.sec);
	assert_int_equal(peer->received_bytes, INITIATION_LEN + KEEPALIVE_LEN);
	/* A keepalive wants no answer. */
	assert_true(peer->timers.due[TIMER_KEEPALIVE].ns == INSTANT_NEVER.ns);

	m = seal_packet(&d);
	r = receive(&d, &m);
	assert_int_equal(r.verdict, VERDICT_OK);
	assert_int_equal(r.effects, EFFECT_NONE);
	assert_int_equal(r.packet_len, 30); /* without its padding */
	assert_true(peer->timers.due[TIMER_KEEPALIVE].ns == d.now.at.ns + KEEPALIVE_TIMEOUT_NS);
	assert_int_equal(peer->received_bytes, INITIATION_LEN + KEEPALIVE_LEN + m.len);
	duo_fini(&d);
}

/* Renewal: the second key's first message rotates; the old one still receives, then no more. */
static void old_keys_receive_until_two_are_newer(void **state)
{
	struct duo d;
	struct message first, second, third;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	first = seal_packet(&d);
	assert_int_equal(receive(&d, &first).effects, EFFECT_FLUSH);
	first = seal_packet(&d);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	duo_handshake(&d);
	second = seal_packet(&d);
	assert_int_equal(receive(&d, &second).effects, EFFECT_FLUSH);
	second = seal_packet(&d);
	assert_int_equal(receive(&d, &first).verdict, VERDICT_OK);
	duo_pass(&d, REKEY_TIMEOUT_NS);
	duo_handshake(&d);
	third = seal_packet(&d);
	assert_int_equal(receive(&d, &third).effects, EFFECT_FLUSH);
	assert_int_equal(receive(&d, &second).verdict, VERDICT_OK);
	assert_int_equal(receive(&d, &first).verdict, VERDICT_NO_SESSION);
	duo_fini(&d);
}

static void what_does_not_decrypt_moves_nothing(void **state)
{
	struct duo d;
	struct message m;
	struct peer before;
	const struct endpoint elsewhere = duo_endpoint(99);

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	m = seal_packet(&d);
	before = *device_peer(d.b, 0);
	for (size_t at = 8; at < m.len; at++) {
		m.bytes[at] ^= 1;
		assert_int_equal(receive_from(&d, &m, 0, &elsewhere).verdict, VERDICT_BAD_TAG);
		m.bytes[at] ^= 1;
	}
	m.len--;
	assert_int_equal(receive_from(&d, &m, 0, &elsewhere).verdict, VERDICT_BAD_TAG);
	m.len++;
	assert_memory_equal(device_peer(d.b, 0), &before, sizeof(before));
	m.bytes[4] ^= 1;
	assert_int_equal(receive_from(&d, &m, 0, &elsewhere).verdict, VERDICT_NO_SESSION);
	m.bytes[4] ^= 1;
	assert_int_equal(receive(&d, &m).verdict, VERDICT_OK);
	duo_fini(&d);
}

/* A pending handshake's index is no key. */
static void a_handshake_receives_no_data(void **state)
{
	struct duo d;
	struct message m = {.len = KEEPALIVE_LEN, .bytes = {MESSAGE_DATA}};
	struct handshake_message initiation;
	struct inbound_run run;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	memcpy(m.bytes + 4, initiation.bytes + 4, 4);
	assert_int_equal(inbound_prepare(d.a, m.bytes, d.now.at, &run), VERDICT_NO_SESSION);
	duo_fini(&d);
}

static void a_message_is_accepted_once(void **state)
{
	struct duo d;
	struct message m;
	const struct endpoint elsewhere = duo_endpoint(99);
	struct peer before;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	m = seal_packet(&d);
	assert_int_equal(receive(&d, &m).verdict, VERDICT_OK);
	before = *device_peer(d.b, 0);
	assert_int_equal(receive_from(&d, &m, 0, &elsewhere).verdict, VERDICT_REPLAYED);
	assert_memory_equal(device_peer(d.b, 0), &before, sizeof(before));
	duo_fini(&d);
}

static void a_key_receives_for_180_seconds(void **state)
{
	struct duo d;
	struct message m;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	m = seal_packet(&d);
	duo_pass(&d, REJECT_AFTER_TIME_NS);
	assert_int_equal(receive(&d, &m).verdict, VERDICT_EXPIRED);
	d.now.at.ns--;
	assert_int_equal(receive(&d, &m).verdict, VERDICT_OK);
	duo_fini(&d);
}

static void messages_decrypt_as_the_vectors_say(void **state)
{
	struct inbound_run run = {0};
	uint8_t data[sizeof(vector_data_r2i_ctr0_16_zero_bytes)];
	uint8_t late[sizeof(vector_data_i2r_ctr_2pow32)];
	uint8_t keepalive[sizeof(vector_keepalive_i2r_ctr0)];
	const uint8_t zeros[16] = {0};

	(void)state;
	memcpy(run.key.b, vector_key_resp_to_init, KEY_LEN);
	memcpy(data, vector_data_r2i_ctr0_16_zero_bytes, sizeof(data));
	assert_true(inbound_open(engine, &run, data, sizeof(data)));
	assert_memory_equal(data + DATA_HEADER_LEN, zeros, sizeof(zeros));
	memcpy(run.key.b, vector_key_init_to_resp, KEY_LEN);
	memcpy(keepalive, vector_keepalive_i2r_ctr0, sizeof(keepalive));
	assert_true(inbound_open(engine, &run, keepalive, sizeof(keepalive)));
	memcpy(late, vector_data_i2r_ctr_2pow32, sizeof(late));
	assert_true(inbound_open(engine, &run, late, sizeof(late)));
}

/* Genuine, but not a packet that the peer may send: 64 bytes of plain text each. */
static void the_packet_inside_must_be_one(void **state)
{
	static const struct {
		uint8_t packet[64];
		size_t padded_len, packet_len;
		enum verdict verdict;
	} cases[] = {
		{{0x45, 0, 0, 64, [12] = 10, 0, 0, 1}, 64, 64, VERDICT_OK},
		{{0x45, 0, 0, 20, [12] = 10, 0, 0, 1}, 64, 20, VERDICT_OK},
		{{0x45, 0, 0, 20, [12] = 10, 0, 0, 1}, 20, 20, VERDICT_OK}, /* unpadded */
		{{0x45, 0, 0, 65, [12] = 10, 0, 0, 1}, 64, 0, VERDICT_BAD_INNER},
		{{0x45, 0, 0, 19, [12] = 10, 0, 0, 1}, 64, 0, VERDICT_BAD_INNER},
		{{0x45, 0, 0, 20, [12] = 10, 0, 0, 1}, 19, 0, VERDICT_BAD_INNER},
		{{0x45, 0, 0, 20, [12] = 10, 0, 0, 1}, 1, 0, VERDICT_BAD_INNER},
		{{0x60, [8] = 0xfd, [23] = 1}, 64, 40, VERDICT_OK},
		{{0x60, [5] = 24, [8] = 0xfd, [23] = 1}, 64, 64, VERDICT_OK},
		{{0x60, [5] = 25, [8] = 0xfd, [23] = 1}, 64, 0, VERDICT_BAD_INNER},
		{{0x60, [4] = 0xff, 0xff, [8] = 0xfd, [23] = 1}, 64, 0, VERDICT_BAD_INNER},
		{{0x60, [4] = 0xff, 0xd8, [8] = 0xfd, [23] = 1}, 64, 0, VERDICT_BAD_INNER},
		{{0x60, [8] = 0xfd, [23] = 1}, 39, 0, VERDICT_BAD_INNER},
		{{0x05, 0, 0, 20, [12] = 10, 0, 0, 1}, 64, 0, VERDICT_BAD_INNER},
		{{0xf5, 0, 0, 20, [12] = 10, 0, 0, 1}, 64, 0, VERDICT_BAD_INNER},
		{{0x45, 0, 0, 20, [12] = 10, 0, 0, 2}, 64, 0, VERDICT_WRONG_SOURCE},
		{{0x60, [8] = 0xfd, [23] = 2}, 64, 0, VERDICT_WRONG_SOURCE},
	};
	const struct ip_prefix v6 = {.addr = {.family = IP_V6, .b = {0xfd, [15] = 1}}, .bits = 128};
	const struct endpoint elsewhere = duo_endpoint(99);
	struct duo d;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	assert_true(device_add_allowed_ip(d.b, 0, &v6));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message m = seal(&d, cases[i].packet, cases[i].padded_len);
		struct peer *peer = device_peer(d.b, 0);
		uint64_t before = peer->received_bytes;
		struct result r;

		peer->endpoint = duo_endpoint(1);
		timers_stop(&peer->timers);
		r = receive_from(&d, &m, 0, &elsewhere);
		assert_int_equal(r.verdict, cases[i].verdict);
		assert_int_equal(r.packet_len, cases[i].packet_len);
		/* It was genuine, whatever is in it: the peer is there, and wants an answer. */
		assert_true(endpoint_same_remote(&peer->endpoint, &elsewhere));
		assert_true(peer->timers.due[TIMER_KEEPALIVE].ns != INSTANT_NEVER.ns);
		assert_int_equal(
			peer->received_bytes - before, r.verdict == VERDICT_OK ? m.len : 0);
	}
	duo_fini(&d);
}

/* A prefix of the peer's holds the source, but another peer has a longer one. */
static void the_longest_prefix_decides_whose_a_source_is(void **state)
{
	const struct public_key other = {{5}};
	const struct ip_prefix wide = {.addr = {.family = IP_V4, .b = {10}}, .bits = 8};
	const uint8_t theirs[20] = {0x45, 0, 0, 20, [12] = 10, 0, 0, 7};
	const uint8_t ours[20] = {0x45, 0, 0, 20, [12] = 10, 0, 0, 8};
	struct duo d;
	struct message m;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	assert_true(device_add_allowed_ip(d.b, 0, &wide));
	assert_int_equal(duo_add_peer(d.b, &other, 7), 1);
	m = seal(&d, theirs, sizeof(theirs));
	assert_int_equal(receive(&d, &m).verdict, VERDICT_WRONG_SOURCE);
	m = seal(&d, ours, sizeof(ours));
	assert_int_equal(receive(&d, &m).verdict, VERDICT_OK);
	duo_fini(&d);
}

static void congestion_marks_come_through(void **state)
{
	static const struct {
		uint8_t inner, outer, after;
	} cases[] = {
		{0, 3, 0},
		{1, 3, 3},
		{2, 3, 3},
		{2, 1, 1},
		{2, 0, 2},
		{3, 0, 3},
		{1, 2, 1},
	};
	struct duo d;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t packet[20] = {0x45, cases[i].inner, 0, 20, [12] = 10, 0, 0, 1};
		struct message m = seal(&d, packet, sizeof(packet));
		const struct endpoint source = duo_endpoint(1);
		struct result r = receive_from(&d, &m, cases[i].outer, &source);

		assert_int_equal(r.verdict, VERDICT_OK);
		assert_int_equal(ip_ecn(r.bytes + DATA_HEADER_LEN), cases[i].after);
	}
	duo_fini(&d);
}

/* Messages of one key from one source go together; what is not of it does not belong. */
static void a_run_takes_many_messages(void **state)
{
	struct duo d;
	struct message m[3];
	struct inbound_run run;
	const struct endpoint source = duo_endpoint(1);
	size_t len;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	for (unsigned i = 0; i < 3; i++)
		m[i] = i == 1 ? seal(&d, NULL, 0) : seal_packet(&d);
	assert_int_equal(inbound_prepare(d.b, m[0].bytes, d.now.at, &run), VERDICT_OK);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(inbound_belongs(&run, m[i].bytes));
		assert_true(inbound_open(engine, &run, m[i].bytes, m[i].len));
		assert_int_equal(
			inbound_accept(d.b, &run, true, m[i].bytes, m[i].len, 0, &len), VERDICT_OK);
		assert_int_equal(len, i == 1 ? 0 : 30);
	}
	assert_int_equal(run.bytes, m[0].len + m[1].len + m[2].len);
	m[0].bytes[5] ^= 1;
	assert_false(inbound_belongs(&run, m[0].bytes));
	assert_int_equal(inbound_finish(d.b, &run, &source, d.now), EFFECT_FLUSH);
	duo_fini(&d);
}

/* Between its steps the run's session or peer went away. */
static void a_run_whose_key_is_gone_is_void(void **state)
{
	struct duo d;
	struct message m;
	struct inbound_run run;
	const struct endpoint source = duo_endpoint(99);
	size_t len;

	(void)state;
	for (unsigned removed = 0; removed < 2; removed++) {
		duo_init(&d);
		duo_handshake(&d);
		m = seal_packet(&d);
		assert_int_equal(inbound_prepare(d.b, m.bytes, d.now.at, &run), VERDICT_OK);
		assert_true(inbound_open(engine, &run, m.bytes, m.len));
		if (removed)
			device_remove_peer(d.b, 0);
		else
			device_clear_keys(d.b, 0);
		assert_int_equal(
			inbound_accept(d.b, &run, true, m.bytes, m.len, 0, &len), VERDICT_GONE);
		assert_int_equal(inbound_finish(d.b, &run, &source, d.now), EFFECT_NONE);
		run.has_authentic = true;
		assert_int_equal(inbound_finish(d.b, &run, &source, d.now), EFFECT_NONE);
		duo_fini(&d);
	}
}

/* The initiator renews a key that it only hears under, once, from 165 s on. */
static void hearing_under_an_old_key_renews_it_once(void **state)
{
	struct duo d;
	struct message m;
	struct device *swap;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	m = seal(&d, NULL, 0);
	assert_int_equal(receive(&d, &m).effects, EFFECT_FLUSH);
	/* Now b sends and a, the initiator, receives. */
	swap = d.a;
	d.a = d.b;
	d.b = swap;
	duo_pass(&d, REKEY_ON_RECEIVE_NS - 1);
	m = seal(&d, NULL, 0);
	assert_int_equal(receive(&d, &m).effects, EFFECT_NONE);
	duo_pass(&d, 1);
	m = seal(&d, NULL, 0);
	assert_int_equal(receive(&d, &m).effects, EFFECT_INITIATE);
	m = seal(&d, NULL, 0);
	assert_int_equal(receive(&d, &m).effects, EFFECT_NONE);
	duo_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_message_confirms_the_key),
		cmocka_unit_test(old_keys_receive_until_two_are_newer),
		cmocka_unit_test(what_does_not_decrypt_moves_nothing),
		cmocka_unit_test(a_handshake_receives_no_data),
		cmocka_unit_test(a_message_is_accepted_once),
		cmocka_unit_test(a_key_receives_for_180_seconds),
		cmocka_unit_test(messages_decrypt_as_the_vectors_say),
		cmocka_unit_test(the_packet_inside_must_be_one),
		cmocka_unit_test(the_longest_prefix_decides_whose_a_source_is),
		cmocka_unit_test(congestion_marks_come_through),
		cmocka_unit_test(a_run_takes_many_messages),
		cmocka_unit_test(a_run_whose_key_is_gone_is_void),
		cmocka_unit_test(hearing_under_an_old_key_renews_it_once),
	};

	return cmocka_run_group_tests(tests, engine_open, engine_close);
}

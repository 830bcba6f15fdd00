/* A device that goes on in other memory: sessions, handshakes and timers as if nothing had been. */
#include "carry.h"
#include "duo.h"
#include "engine.h"
#include "inbound.h"
#include "ip.h"
#include "outbound.h"
#include "tick.h"

enum { MESSAGE_LEN = 32 + DATA_OVERHEAD, MESSAGES = 40 };

/* Empty and down, with other chance than any before. */
static struct device *new_device(struct duo *d)
{
	struct chance chance = duo_chance(d);
	size_t size = device_size(&duo_limits);
	void *memory = aligned_alloc(64, size);

	assert_non_null(memory);
	memset(memory, 0, size);
	return device_init(memory, &duo_limits, &chance);
}

static void forget(struct device *device)
{
	device_fini(device);
	free(device);
}

/* Replaces the device by a carried one; allowed IPs are the caller's part. */
static void carry(struct duo *d, struct device **device)
{
	struct device *next = new_device(d);
	uint8_t bytes[CARRY_PEER_MAX];
	size_t len = carry_store_device(*device, bytes);

	assert_in_range(len, 1, CARRY_DEVICE_MAX);
	assert_true(carry_load_device(next, bytes, len));
	for (uint32_t slot = (*device)->first_peer; slot != PEER_NONE;
		slot = device_peer(*device, slot)->next) {
		uint32_t at = device_peer(*device, slot)->allowed_ips.first, loaded;

		len = carry_store_peer(*device, slot, bytes);
		assert_in_range(len, 1, CARRY_PEER_MAX);
		assert_true(carry_load_peer(next, bytes, len, &loaded));
		while (at != ALLOWEDIPS_NONE) {
			struct ip_prefix prefix;

			at = allowedips_next(device_allowed_ips(*device), at, &prefix);
			assert_true(device_add_allowed_ip(next, loaded, &prefix));
		}
	}
	assert_memory_equal(&next->mark, &(*device)->mark, sizeof(next->mark));
	forget(*device);
	*device = next;
}

static uint64_t seal(struct duo *d, struct device *from, uint8_t *out)
{
	const uint8_t packet[32] = {
		0x45, 0, 0, 30, [12] = 10, 0, 0, from == d->a ? 1 : 2, 10, 0, 0, 9};
	struct outbound_grant grant;

	assert_int_equal(outbound_reserve(from, 0, 1, d->now.at, &grant), VERDICT_OK);
	memcpy(out + DATA_HEADER_LEN, packet, sizeof(packet));
	outbound_seal(engine, &grant, 0, out + DATA_HEADER_LEN, sizeof(packet), out);
	outbound_grant_fini(&grant);
	return grant.first_counter;
}

static enum verdict receive(struct duo *d, struct device *at, const uint8_t *message)
{
	const struct endpoint source = duo_endpoint(at == d->a ? 2 : 1);
	uint8_t bytes[MESSAGE_LEN];
	struct inbound_run run;
	size_t packet_len;
	enum verdict verdict;
	bool is_open;

	memcpy(bytes, message, MESSAGE_LEN);
	verdict = inbound_prepare(at, bytes, d->now.at, &run);
	if (verdict != VERDICT_OK)
		return verdict;
	is_open = inbound_open(engine, &run, bytes, MESSAGE_LEN);
	verdict = inbound_accept(at, &run, is_open, bytes, MESSAGE_LEN, 0, &packet_len);
	inbound_finish(at, &run, &source, d->now);
	inbound_run_fini(&run);
	return verdict;
}

/* Both ends are carried between any two messages: none is lost, none is taken twice, no counter twice. */
static void goes_on_with_sessions(void **state)
{
	uint8_t messages[MESSAGES][MESSAGE_LEN];
	struct duo d;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	for (unsigned i = 0; i < MESSAGES; i++) {
		assert_int_equal(seal(&d, d.a, messages[i]), i);
		assert_int_equal(receive(&d, d.b, messages[i]), VERDICT_OK);
		carry(&d, i % 2 ? &d.a : &d.b);
		for (unsigned j = 0; j <= i; j++)
			assert_int_equal(receive(&d, d.b, messages[j]), VERDICT_REPLAYED);
	}
	assert_int_equal(seal(&d, d.b, messages[0]), 0);
	carry(&d, &d.a);
	assert_int_equal(receive(&d, d.a, messages[0]), VERDICT_OK);
	assert_int_equal(
		device_peer(d.b, 0)->received_bytes, INITIATION_LEN + MESSAGES * MESSAGE_LEN);
	duo_fini(&d);
}

static void goes_on_with_handshakes(void **state)
{
	struct handshake_message initiation, response;
	struct handshake_job job;
	uint8_t message[MESSAGE_LEN];
	unsigned effects;
	struct duo d;

	(void)state;
	duo_init(&d);
	initiation = duo_initiation(&d);
	carry(&d, &d.a);
	carry(&d, &d.b);
	response = duo_response(&d, &initiation);
	carry(&d, &d.a);
	carry(&d, &d.b);
	/* What b has seen it does not take again. */
	assert_int_equal(duo_receive(&d, d.b, &initiation, &job, &effects), VERDICT_OLD_TIMESTAMP);
	assert_int_equal(duo_receive(&d, d.a, &response, &job, &effects), VERDICT_OK);
	carry(&d, &d.b);
	seal(&d, d.a, message);
	assert_int_equal(receive(&d, d.b, message), VERDICT_OK);
	assert_int_not_equal(device_peer(d.b, 0)->keyring.current, SESSION_NONE);
	duo_fini(&d);
}

static void keeps_deadlines_and_settings(void **state)
{
	struct instant due;
	struct peer *peer;
	struct duo d;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	memset(device_peer(d.a, 0)->psk.b, 5, KEY_LEN);
	device_set_persistent(d.a, 0, 25, d.now.at);
	due = tick_when(d.a);
	duo_pass(&d, NS_PER_S);
	carry(&d, &d.a);
	assert_int_equal(tick_when(d.a).ns, due.ns);
	peer = device_peer(d.a, 0);
	assert_int_equal(peer->timers.persistent_s, 25);
	assert_int_equal(peer->psk.b[31], 5);
	assert_int_equal(peer->endpoint.addr.b[3], 2);
	assert_int_equal(peer->last_handshake.sec, 1700000000);
	assert_int_equal(peer->static_static_state, STATIC_STATIC_KNOWN);
	assert_true(d.a->is_up && d.a->has_identity);
	assert_int_equal(device_find_peer(d.a, &d.b->identity.public_key), 0);
	duo_fini(&d);
}

/* No length but the right one, no bool that is none, no keyring that names what is not there. */
static void refuses_what_it_never_stored(void **state)
{
	uint8_t bytes[CARRY_PEER_MAX], device_bytes[CARRY_DEVICE_MAX];
	size_t len, device_len;
	unsigned refused = 0;
	struct duo d;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	len = carry_store_peer(d.a, 0, bytes);
	device_len = carry_store_device(d.a, device_bytes);
	for (size_t i = 0; i < device_len; i++) {
		struct device *next = new_device(&d);

		assert_false(carry_load_device(next, device_bytes, i));
		forget(next);
	}
	for (size_t i = 0; i < len; i++) {
		struct device *next = new_device(&d);
		uint32_t slot;

		assert_false(carry_load_peer(next, bytes, i, &slot));
		assert_int_equal(next->peers_count, 0);
		bytes[i] ^= 0xa5;
		refused += !carry_load_peer(next, bytes, len, &slot);
		bytes[i] ^= 0xa5;
		/* As the daemon does that could not take over. */
		forget(next);
	}
	/* At the least those that say how many sessions there are, and the bools. */
	assert_in_range(refused, 10, len / 4);
	duo_fini(&d);
}

/* Of a peer whose indices belong to another nothing is left, and the other loses none. */
static void refuses_indices_that_are_taken(void **state)
{
	uint8_t bytes[CARRY_PEER_MAX];
	struct device *next;
	struct index_entry entry;
	uint32_t slot;
	size_t len;
	struct duo d;

	(void)state;
	duo_init(&d);
	duo_handshake(&d);
	next = new_device(&d);
	len = carry_store_peer(d.a, 0, bytes);
	assert_true(carry_load_peer(next, bytes, len, &slot));
	bytes[0] ^= 1;
	assert_false(carry_load_peer(next, bytes, len, &slot));
	assert_int_equal(next->peers_count, 1);
	assert_true(index_lookup(device_indices(next), duo_current(d.a)->local_index, &entry));
	assert_int_equal(entry.peer, 0);
	forget(next);
	duo_fini(&d);
}

static void refuses_a_peer_twice_and_one_too_many(void **state)
{
	uint8_t bytes[CARRY_PEER_MAX];
	struct device *next;
	uint32_t slot;
	size_t len;
	struct duo d;

	(void)state;
	duo_init(&d);
	next = new_device(&d);
	len = carry_store_peer(d.a, 0, bytes);
	for (unsigned i = 0; i < duo_limits.peers_max; i++) {
		bytes[0] = (uint8_t)i;
		assert_true(carry_load_peer(next, bytes, len, &slot));
		assert_int_equal(slot, i);
		assert_false(carry_load_peer(next, bytes, len, &slot));
	}
	bytes[0] = 200;
	assert_false(carry_load_peer(next, bytes, len, &slot));
	forget(next);
	duo_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_with_sessions),
		cmocka_unit_test(goes_on_with_handshakes),
		cmocka_unit_test(keeps_deadlines_and_settings),
		cmocka_unit_test(refuses_what_it_never_stored),
		cmocka_unit_test(refuses_indices_that_are_taken),
		cmocka_unit_test(refuses_a_peer_twice_and_one_too_many),
	};

	return cmocka_run_group_tests(tests, engine_open, engine_close);
}

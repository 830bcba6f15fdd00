/*
 * The queue of handshakes and its worker, with devices that really shake hands: what waits comes
 * out in its order, every job comes back, and the end may come at any time.
 */
#include "unit.h"
#include "handshaker.h"

#include <string.h>
#include "clock.h"
#include "entropy.h"
#include "lifecycle.h"
#include "limits.h"
#include "mapped.h"
#include "members.h"
#include "x25519.h"

enum {
	PEERS = 40,
	JOBS = 16, /* that the handshaker has */
	WAIT_S = 30,
};

static const struct device_limits limits = {PEERS, PEERS, 16};

/* An end: a device, its handshaker, and the loop that is woken. */
struct end {
	void *memory;
	struct device *device;
	struct handshaker *handshaker;
	struct chronicle *chronicle;
	struct event_loop loop;
	struct private_key private_key;
	struct public_key public_key;
};

static struct end a, b;
static struct moment now;

static const struct log silent = {LOG_LEVEL_SILENT, "test"};

static void begin(struct end *end)
{
	struct chance chance;

	end->memory = mapped_create(device_size(&limits));
	entropy_fill(&chance, sizeof(chance));
	end->device = device_init(end->memory, &limits, &chance);
	assert_int_equal(event_open(&end->loop), 0);
	assert_int_equal(handshaker_create(&end->handshaker, PEERS, &end->loop), 0);
	assert_int_equal(chronicle_create(&end->chronicle, PEERS, &silent, now.at), 0);
	entropy_fill(&end->private_key, sizeof(end->private_key));
	x25519_clamp(&end->private_key);
	x25519_public(&end->private_key, &end->public_key);
	device_set_private_key(end->device, &end->private_key);
	device_set_up(end->device, true, now.at);
}

static void finish(struct end *end)
{
	handshaker_destroy(end->handshaker);
	chronicle_destroy(end->chronicle);
	device_fini(end->device);
	event_close(&end->loop);
	mapped_destroy(end->memory, device_size(&limits));
}

static struct endpoint endpoint(uint8_t last)
{
	return (struct endpoint){.addr = {.family = IP_V4, .b = {192, 0, 2, last}}, .port = 9};
}

static uint32_t add_peer(struct end *end, const struct public_key *key)
{
	uint32_t slot = device_add_peer(end->device, key);

	assert_int_not_equal(slot, PEER_NONE);
	device_peer(end->device, slot)->endpoint = endpoint((uint8_t)slot);
	return slot;
}

static int set_up(void **state)
{
	(void)state;
	now = (struct moment){.at = {1000 * NS_PER_S}, .wall = {.sec = 1700000000}};
	begin(&a);
	begin(&b);
	/* In slot 0 each has the other; a's other peers are keys of nobody. */
	add_peer(&a, &b.public_key);
	add_peer(&b, &a.public_key);
	for (unsigned i = 1; i < PEERS; i++) {
		struct public_key key;

		entropy_fill(&key, sizeof(key));
		add_peer(&a, &key);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	finish(&a);
	finish(&b);
	return 0;
}

static struct handshake_job *wait_done(struct end *end)
{
	struct handshake_job *job;
	struct event event;
	uint64_t bound = clock_now().ns + WAIT_S * NS_PER_S;

	while (!(job = handshaker_take_done(end->handshaker))) {
		assert_true(clock_now().ns < bound);
		event_wait(&end->loop, (struct instant){bound}, &event, 1);
	}
	return job;
}

static void feed(struct end *end)
{
	handshaker_feed(end->handshaker, end->device, end->chronicle, now);
}

/* The next job that is done, finished and free again; what it was. */
static struct handshake_job take(struct end *end, unsigned *effects)
{
	struct handshake_job *job = wait_done(end), copy;
	struct chance chance;

	entropy_fill(&chance, sizeof(chance));
	handshake_finish(end->device, job, now, &chance, effects);
	copy = *job;
	if (*effects & EFFECT_RUN_AGAIN)
		handshaker_run_again(end->handshaker, job);
	else
		handshaker_release(end->handshaker, job);
	return copy;
}

static void check_slots(const uint32_t *slots, unsigned count)
{
	unsigned effects;

	for (unsigned i = 0; i < count; i++) {
		feed(&a);
		assert_int_equal(take(&a, &effects).peer.slot, slots[i]);
	}
	feed(&a);
	assert_null(handshaker_take_done(a.handshaker));
}

static void want(uint32_t slot)
{
	handshaker_want(a.handshaker, slot, false);
}

static void serves_wishes_in_their_order(void **state)
{
	static const uint32_t order[] = {7, 3, 5, 39, 0, 1, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34};

	(void)state;
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		want(order[i]);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		want(order[i]);
	check_slots(order, sizeof(order) / sizeof(order[0]));
}

/* Who wants for a packet counts more than who wants for a timer. */
static void merges_wishes(void **state)
{
	static const struct {
		bool first, second; /* is_retry */
		uint8_t retries;    /* of 5, what is left */
	} cases[] = {{true, true, 5}, {true, false, 0}, {false, true, 0}, {false, false, 0}};
	unsigned effects;

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		device_peer(a.device, i)->timers.retries = 5;
		handshaker_want(a.handshaker, i, cases[i].first);
		handshaker_want(a.handshaker, i, cases[i].second);
	}
	feed(&a);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(device_peer(a.device, i)->timers.retries, cases[i].retries);
		assert_int_equal(take(&a, &effects).peer.slot, i);
	}
}

static void forgets_wherever_it_stands(void **state)
{
	static const struct {
		uint32_t forgotten[4]; /* of 1 to 4; up to the first 0 */
		uint32_t left[4];
		unsigned count;
	} cases[] = {
		{{1}, {2, 3, 4}, 3},
		{{2}, {1, 3, 4}, 3},
		{{4}, {1, 2, 3}, 3},
		{{2, 3}, {1, 4}, 2},
		{{4, 3}, {1, 2}, 2},
		{{1, 2, 3}, {4}, 1},
		{{1, 4, 2, 3}, {0}, 0},
		{{9, 0}, {1, 2, 3, 4}, 4},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint32_t slot = 1; slot <= 4; slot++)
			want(slot);
		for (unsigned f = 0; f < 4 && cases[i].forgotten[f] != 0; f++)
			handshaker_forget(a.handshaker, cases[i].forgotten[f]);
		check_slots(cases[i].left, cases[i].count);
		/* Later ones still find the end. */
		now.at.ns += REKEY_TIMEOUT_NS;
		want(9);
		want(8);
		check_slots((const uint32_t[]){9, 8}, 2);
		now.at.ns += REKEY_TIMEOUT_NS;
	}
}

static struct handshake_message message_of(const struct handshake_job *job)
{
	struct handshake_message message = {
		.source = endpoint(77), .len = (uint8_t)job->datagram_len};

	memcpy(message.bytes, job->datagram, job->datagram_len);
	return message;
}

static void shakes_hands(void **state)
{
	struct handshake_message message;
	struct handshake_job job;
	unsigned effects;

	(void)state;
	want(0);
	feed(&a);
	job = take(&a, &effects);
	assert_int_equal(effects, EFFECT_SEND);
	message = message_of(&job);
	assert_true(handshaker_queue(b.handshaker, &message));
	feed(&b);
	take(&b, &effects);
	assert_int_equal(effects, EFFECT_RUN_AGAIN);
	job = take(&b, &effects);
	assert_int_equal(effects, EFFECT_SEND);
	message = message_of(&job);
	assert_true(handshaker_queue(a.handshaker, &message));
	feed(&a);
	take(&a, &effects);
	assert_int_equal(effects, EFFECT_FLUSH | EFFECT_KEEPALIVE);
	assert_int_not_equal(device_peer(a.device, 0)->keyring.current, SESSION_NONE);
	assert_int_not_equal(device_peer(b.device, 0)->keyring.next, SESSION_NONE);
}

static const struct handshake_message nonsense = {.source = {.addr = {.family = IP_V4}},
	.len = INITIATION_LEN,
	.bytes = {MESSAGE_INITIATION}};
static const struct handshake_message answer_to_nothing = {
	.source = {.addr = {.family = IP_V4}}, .len = RESPONSE_LEN, .bytes = {MESSAGE_RESPONSE}};

static void knows_when_it_is_busy_and_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HANDSHAKE_QUEUE_MAX; i++) {
		assert_int_equal(handshaker_is_busy(a.handshaker), i >= UNDER_LOAD_QUEUE);
		assert_true(handshaker_queue(a.handshaker, &answer_to_nothing));
	}
	assert_false(handshaker_queue(a.handshaker, &nonsense));
	/* What needs no computing takes no job. */
	feed(&a);
	assert_false(handshaker_is_busy(a.handshaker));
	assert_int_equal(a.device->verdicts[VERDICT_NO_HANDSHAKE], HANDSHAKE_QUEUE_MAX);
	assert_null(handshaker_take_done(a.handshaker));
	/* The ring goes round. */
	for (unsigned i = 0; i < HANDSHAKE_QUEUE_MAX; i++)
		assert_true(handshaker_queue(a.handshaker, &answer_to_nothing));
	assert_false(handshaker_queue(a.handshaker, &answer_to_nothing));
}

/* Neither many wishes nor many messages shut the other out. */
static void takes_turns(void **state)
{
	unsigned effects, opened = 0, made = 0;

	(void)state;
	for (unsigned i = 0; i < PEERS; i++) {
		want(i);
		assert_true(handshaker_queue(a.handshaker, &nonsense));
	}
	for (unsigned i = 0; i < 2 * PEERS; i++) {
		enum handshake_step step;

		feed(&a);
		step = take(&a, &effects).step;
		opened += step == STEP_OPEN;
		made += step == STEP_INITIATE;
		assert_in_range(opened, made == 0 ? 0 : made - 1, made + 1);
	}
	assert_int_equal(opened, PEERS);
	assert_int_equal(made, PEERS);
}

/* As often as there are jobs, and once more for each: none is lost on any way through. */
static void gets_every_job_back(void **state)
{
	unsigned effects;

	(void)state;
	for (unsigned i = 0; i < 3 * JOBS; i++) {
		switch (i % 3) {
		case 0:
			assert_true(handshaker_queue(a.handshaker, &nonsense));
			break;
		case 1:
			want(i % PEERS);
			break;
		default: /* refused when it is prepared: it was called less than 5 s ago */
			want((i - 1) % PEERS);
			break;
		}
		feed(&a);
		if (i % 3 != 2)
			take(&a, &effects);
		assert_null(handshaker_take_done(a.handshaker));
	}
	now.at.ns += REKEY_TIMEOUT_NS;
	for (uint32_t slot = 0; slot < PEERS; slot++)
		want(slot);
	feed(&a);
	for (unsigned i = 0; i < JOBS; i++)
		take(&a, &effects);
	assert_null(handshaker_take_done(a.handshaker));
}

/* A peer that is gone, or has another tenant, is touched by no job. */
static void outlives_its_peers(void **state)
{
	struct public_key key = {{1}};
	unsigned effects;

	(void)state;
	want(3);
	want(4);
	feed(&a);
	device_remove_peer(a.device, 3);
	device_remove_peer(a.device, 4);
	assert_int_equal(add_peer(&a, &key), 4);
	for (unsigned i = 0; i < 2; i++) {
		take(&a, &effects);
		assert_int_equal(effects, EFFECT_NONE);
	}
	assert_false(device_peer(a.device, 4)->has_handshake);
}

/* The end comes with wishes, messages and jobs of every kind about. */
static void ends_with_work_pending(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < PEERS; slot++)
		want(slot);
	for (unsigned i = 0; i < 100; i++)
		assert_true(handshaker_queue(a.handshaker, &nonsense));
	feed(&a);
	wait_done(&a);
	feed(&b);
}

static void ends_idle(void **state)
{
	(void)state;
	handshaker_destroy(NULL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(serves_wishes_in_their_order),
		CASE(merges_wishes),
		CASE(forgets_wherever_it_stands),
		CASE(shakes_hands),
		CASE(knows_when_it_is_busy_and_full),
		CASE(takes_turns),
		CASE(gets_every_job_back),
		CASE(outlives_its_peers),
		CASE(ends_with_work_pending),
		CASE(ends_idle),
	};

	return cmocka_run_group_tests_name("handshaker", tests, NULL, NULL);
}

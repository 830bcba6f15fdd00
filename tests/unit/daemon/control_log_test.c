/* What happened, in slices; and everybody's socket, which tells no more than that. */
#include "unit.h"
#include "chronicle.h"
#include "clients.h"

static void note_for_all_peers(void)
{
	for (uint32_t slot = 0; slot < tunnel.device->peers_used; slot++) {
		const struct peer *peer = device_peer(tunnel.device, slot);

		if (peer->is_used)
			chronicle_note_peer(tunnel.chronicle,
				(struct peer_id){slot, peer->generation}, &peer->public_key,
				&(struct note){.reason = REASON_REPLAYED}, now.at);
	}
}

/* Everybody's socket answers one question, whatever else it is asked. */
static void tells_everybody_one_thing(void **state)
{
	static const char *const refused[] = {"get=1\n\n", "set=1\nlisten_port=9\n\n", "set=1\n\n",
		"events=2\n\n", "events=1\nget=1\n\n", "\n"};
	struct textbuf text = {0};
	int fd = public_client();

	(void)state;
	expect(fd, "events=1\n\n", "events_version=1\nscope=public\nsince_ms_ago=0\nerrno=0\n\n",
		false);
	close(fd);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		fd = public_client();
		expect(fd, refused[i], "errno=-71\n\n", true);
		close(fd);
	}
	assert_int_equal(tunnel.listen_port, 0);
	fd = public_client();
	for (unsigned i = 0; i < 200; i++)
		say(fd, "endless and without an end");
	assert_true(hear_out(fd, &text));
	assert_int_equal(text.len, 0);
	textbuf_fini(&text);
	close(fd);
	rest();
}

/* Peers that go while the log is told are left out from there on, whichever socket tells it. */
static void tells_the_log_in_slices(void **state)
{
	struct textbuf slow[2] = {{0}, {0}};
	int fds[2] = {client(), public_client()};

	(void)state;
	set_peers(0, PEERS, 1);
	note_for_all_peers();
	for (unsigned i = 0; i < 2; i++) {
		say(fds[i], "events=1\n\n");
		rest();
		hear(fds[i], &slow[i], 1000);
	}
	set_peers(PEERS, 3, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(hear_out(fds[i], &slow[i]));
		assert_int_equal(count_of(&slow[i], "errno=0\n\n"), 1);
		assert_in_range(count_of(&slow[i], "\npeer="), 1, PEERS - 1);
		assert_int_equal(
			count_of(&slow[i], "count=replayed 1\n"), count_of(&slow[i], "\npeer="));
		textbuf_fini(&slow[i]);
		close(fds[i]);
	}
}

/* Who needs no privilege has places of his own, and takes none of root's. */
static void keeps_everybody_from_roots_places(void **state)
{
	int root = client(), fds[40];

	(void)state;
	expect(root, "get=1\n\n", "errno=0\n\n", false);
	for (unsigned i = 0; i < 40; i++) {
		fds[i] = public_client();
		rest();
	}
	expect(root, "get=1\n\n", "errno=0\n\n", false);
	for (unsigned i = 0; i < 40; i++)
		close(fds[i]);
	close(root);
	rest();
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(tells_everybody_one_thing),
		CASE(tells_the_log_in_slices),
		CASE(keeps_everybody_from_roots_places),
	};

	return cmocka_run_group_tests_name("control_log", tests, NULL, NULL);
}
